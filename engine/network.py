"""What a network and its training are, apart from the numbers: what decides which columns the table has."""

from dataclasses import dataclass
from functools import cached_property
from math import prod

from engine.activations import ACTIVATIONS
from engine.arrays import Shape
from engine.errors import InputError
from engine.layers import Dense, Layer
from engine.losses import LOSSES
from engine.optimizers import DECAYS, OPTIMIZERS

REDUCTIONS = ("mean", "sum")
UPDATES = ("simultaneous", "output-first")


@dataclass(frozen=True)
class Network:
    """A network's layers and its loss.

    Attributes:
        inputs: how many.
        picture: (channels, rows, columns) of the inputs, if they are one.
        deltas: whether the table has columns for ∂E/∂(pre-activation), so that every gradient is one product.
        counted: whether a column tells in which rows the loss counts; in all, where there is none.

    Raises:
        InputError: softmax or a cross-entropy where it does not belong; layers that do not agree on the steps of a
            sequence, or have no columns for the errors that flow back through it.
    """

    inputs: int
    layers: tuple[Layer, ...]
    loss: str = "half-squared-error"
    deltas: bool = False
    picture: Shape = ()
    counted: bool = False

    def __post_init__(self) -> None:
        last = self.layers[-1].activation if self.layers else "sigmoid"
        needed = LOSSES[self.loss].activation or last
        if needed != last:
            raise InputError(
                f"network.loss: got {self.loss} with {last} in the last layer, expected the activation {needed} there"
            )
        for number, layer in enumerate(self.layers):
            if layer.time not in (1, self.time):
                raise InputError(
                    f"network.layers[{number}]: got sequences of {layer.time} steps, expected {self.time} as elsewhere"
                )
            inputs = [self.shapes[source] for source in layer.reads(number)]
            if inputs[0] != inputs[-1]:
                got, expected = ("×".join(map(str, shape)) for shape in (inputs[-1], inputs[0]))
                raise InputError(f"network.layers[{number}].from: got numbers of shape {got}, expected {expected}")
            through = number == len(self.layers) - 1 and LOSSES[self.loss].through_activation
            if ACTIVATIONS[layer.activation].is_share and not through:
                raise InputError(
                    f"network.layers[{number}].activation: got softmax, expected it in the last layer alone, "
                    "with the loss cross-entropy"
                )

        if self.time > 1 and not self.deltas:
            raise InputError(
                "network.deltas: got false with sequences, expected true: errors flow back through these columns"
            )

    @cached_property
    def time(self) -> int:
        """The steps of a sequence, each a row of the table; 1 where a sample is no sequence."""
        return max((layer.time for layer in self.layers), default=1)

    @cached_property
    def truncated(self) -> int:
        """How many layers, from the first on, have gradients that are no slopes, as errors stop in or behind them."""
        return max((number for number, layer in enumerate(self.layers, start=1) if layer.truncates), default=0)

    @classmethod
    def plain(cls, sizes: tuple[int, ...]) -> "Network":
        """A sigmoid network without biases, with half squared errors, for the layer sizes (inputs first)."""
        return cls(sizes[0], tuple(Dense(size) for size in sizes[1:]))

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape of what goes into each layer and, last, of what comes out."""
        shapes: list[Shape] = [self.picture or (self.inputs,)]
        for number, layer in enumerate(self.layers):
            if problem := layer.problem(shapes[-1]):
                raise InputError(f"network.layers[{number}].{problem}")
            shapes.append(layer.shape(shapes[-1]))
        return tuple(shapes)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many numbers these are; of dense layers the neurons, inputs first: (2, 2, 2) for the default network."""
        return tuple(map(prod, self.shapes))

    @property
    def weights(self) -> int:
        """How many weights it has."""
        shapes = [layer.parameters(of) for layer, of in zip(self.layers, self.shapes, strict=False)]
        return sum(prod(of["weight"]) for of in shapes if "weight" in of)


@dataclass(frozen=True)
class Method:
    """How a run changes the weights.

    Attributes:
        batch_size: rows whose gradients are put together for one update; of sequences all of their rows.
        reduction: of a batch's gradients, "mean" or "sum"; over the steps of a sequence always their sum.
        optimizer: one of OPTIMIZERS.
        schedule: of the learning rate, one of SCHEDULES.
        update: "simultaneous", or "output-first", where a layer's errors pass back through the new weights of the
            layer behind it.
        constants: the optimizer's and the schedule's by name, in that order; those of DECAYS are among them only if
            they are used.
    """

    batch_size: int = 1
    reduction: str = "mean"
    optimizer: str = "sgd"
    schedule: str = "constant"
    update: str = "simultaneous"
    constants: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        if self.update == "output-first" and (self.batch_size > 1 or self.optimizer != "sgd" or self.decays):
            raise InputError(
                "training.update: got output-first with a batch, an optimizer or a weight decay, "
                "expected it with batch_size 1 and plain gradient descent"
            )

    @property
    def decays(self) -> tuple[str, ...]:
        """Which of DECAYS the method uses."""
        return tuple(name for name in DECAYS if name in dict(self.constants))

    @property
    def counts_steps(self) -> bool:
        """Whether an update depends on its step's number."""
        return self.schedule != "constant" or OPTIMIZERS[self.optimizer].counts


PLAIN = Method()
