"""What a network and its training are, apart from the numbers: what decides which columns the table has."""

from dataclasses import dataclass
from itertools import pairwise

from engine.errors import InputError

ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky-relu", "identity", "softmax")
LOSSES = ("half-squared-error", "mean-squared-error", "binary-cross-entropy", "cross-entropy")
# What the last layer has to be for a loss that is computed from its pre-activations.
NEEDED_ACTIVATION = {"binary-cross-entropy": "sigmoid", "cross-entropy": "softmax"}
REDUCTIONS = ("mean", "sum")
UPDATES = ("simultaneous", "output-first")
# The constants of each optimizer and schedule, by the names of torch.optim where it has them, with their defaults.
OPTIMIZERS: dict[str, dict[str, float]] = {
    "sgd": {},
    "momentum": {"momentum": 0.9},
    "nesterov": {"momentum": 0.9},
    "adagrad": {"eps": 1e-10},
    "rmsprop": {"alpha": 0.99, "eps": 1e-8},
    "adam": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    "adamw": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01},
}
SCHEDULES: dict[str, dict[str, float]] = {
    "constant": {},
    "step": {"step_size": 30, "gamma": 0.1},
    "exponential": {"gamma": 0.99},
    "cosine": {"T_max": 80, "eta_min": 0},
    "inverse-time": {"decay": 0.01},
    "warm-up": {"warm_up": 10},
}
# The letters of an optimizer's state: momentum's velocity v, Adam's mean m, the mean or sum of squares s.
STATES = {"momentum": "v", "nesterov": "v", "adagrad": "s", "rmsprop": "s", "adam": "ms", "adamw": "ms"}


@dataclass(frozen=True)
class Layer:
    """A layer of neurons.

    Attributes:
        neurons: how many.
        activation: one of ACTIVATIONS.
        biases: how many columns of biases: none, one for each neuron, or one that all of them share.
        train_bias: whether gradient descent changes the biases.
    """

    neurons: int
    activation: str = "sigmoid"
    biases: int = 0
    train_bias: bool = True


@dataclass(frozen=True)
class Network:
    """A network's layers and its loss.

    Attributes:
        deltas: whether the table has columns for ∂E/∂(pre-activation), so that every gradient is one product.

    Raises:
        InputError: softmax or a cross-entropy where it does not belong.
    """

    inputs: int
    layers: tuple[Layer, ...]
    loss: str = "half-squared-error"
    deltas: bool = False

    def __post_init__(self) -> None:
        last = self.layers[-1].activation if self.layers else "sigmoid"
        needed = NEEDED_ACTIVATION.get(self.loss, last)
        if needed != last:
            raise InputError(
                f"network.loss: got {self.loss} with {last} in the last layer, expected the activation {needed} there"
            )
        for number, layer in enumerate(self.layers):
            if layer.activation == "softmax" and (number < len(self.layers) - 1 or self.loss != "cross-entropy"):
                raise InputError(
                    f"network.layers[{number}].activation: got softmax, expected it in the last layer alone, "
                    "with the loss cross-entropy"
                )

    @classmethod
    def plain(cls, sizes: tuple[int, ...]) -> "Network":
        """A sigmoid network without biases, with half squared errors, for the layer sizes (inputs first)."""
        return cls(sizes[0], tuple(Layer(size) for size in sizes[1:]))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons in each layer, the inputs first: (2, 2, 2) for the default network."""
        return (self.inputs, *(layer.neurons for layer in self.layers))

    @property
    def weights(self) -> int:
        """How many weights it has."""
        return sum(before * after for before, after in pairwise(self.sizes))


@dataclass(frozen=True)
class Method:
    """How a run changes the weights.

    Attributes:
        batch_size: samples whose gradients are put together for one update.
        reduction: of a batch's gradients, "mean" or "sum".
        optimizer: one of OPTIMIZERS.
        schedule: of the learning rate, one of SCHEDULES.
        update: "simultaneous", or "output-first", where a layer's errors pass back through the new weights of the
            layer behind it.
        constants: the optimizer's and the schedule's by name, in that order; `weight_decay` is among them only if it
            is used.
    """

    batch_size: int = 1
    reduction: str = "mean"
    optimizer: str = "sgd"
    schedule: str = "constant"
    update: str = "simultaneous"
    constants: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        if self.update == "output-first" and (self.batch_size > 1 or self.optimizer != "sgd" or self.has_decay):
            raise InputError(
                "training.update: got output-first with a batch, an optimizer or a weight decay, "
                "expected it with batch_size 1 and plain gradient descent"
            )

    @property
    def has_decay(self) -> bool:
        """Whether the weights decay."""
        return "weight_decay" in dict(self.constants)

    @property
    def counts_steps(self) -> bool:
        """Whether an update depends on its step's number."""
        return self.schedule != "constant" or self.optimizer in ("adam", "adamw")


PLAIN = Method()
