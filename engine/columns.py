"""The columns of the table: their names, their order, and where each layer's numbers stand among them."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise


@dataclass(frozen=True)
class Columns:
    """The columns of a network's table, for the layer sizes (inputs first).

    The order is: targets, inputs; layer by layer the weights, then each neuron's pre-activation and activation;
    the losses and their sum; the gradients. Numbers run on from layer to layer: a 2-2-2 network has w1 to w8,
    and the neurons of a second hidden layer go on counting where the first one's stop.
    """

    sizes: tuple[int, ...]

    @property
    def outputs(self) -> int:
        """Neurons of the last layer."""
        return self.sizes[-1]

    @property
    def depth(self) -> int:
        """Layers of weights."""
        return len(self.sizes) - 1

    @property
    def weight_count(self) -> int:
        """All weights of the network; as many gradients end the table."""
        return sum(before * after for before, after in pairwise(self.sizes))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every column's name, in the order of the table."""
        weights = [name for layer in range(self.depth) for row in self.weight_names(layer) for name in row]
        return (
            *self.target_names,
            *self.input_names,
            *(name for layer in range(self.depth) for name in self._layer_names(layer)),
            *self.loss_names,
            "E_tot",
            *(gradient_name(weight) for weight in weights),
        )

    @property
    def target_names(self) -> list[str]:
        """t1, t2, ..."""
        return [f"t{n}" for n in range(1, self.outputs + 1)]

    @property
    def input_names(self) -> list[str]:
        """i1, i2, ..."""
        return [f"i{n}" for n in range(1, self.sizes[0] + 1)]

    @property
    def loss_names(self) -> list[str]:
        """E1, E2, ...: one for each output."""
        return [f"E{n}" for n in range(1, self.outputs + 1)]

    def weight_names(self, layer: int) -> list[list[str]]:
        """w1, w2, ... as (fan-out, fan-in) rows."""
        fan_in, fan_out = self.sizes[layer], self.sizes[layer + 1]
        first = 1 + sum(before * after for before, after in pairwise(self.sizes[: layer + 1]))
        return [[f"w{first + row * fan_in + column}" for column in range(fan_in)] for row in range(fan_out)]

    def neuron_names(self, layer: int) -> list[str]:
        """h1, h2, ... or, in the last layer, o1, o2, ...: the pre-activations."""
        first = 1 + sum(self.sizes[1 : layer + 1])
        letter, first = ("o", 1) if layer == self.depth - 1 else ("h", first)
        return [f"{letter}{n}" for n in range(first, first + self.sizes[layer + 1])]

    def _layer_names(self, layer: int) -> list[str]:
        weights = [name for row in self.weight_names(layer) for name in row]
        return weights + [name for neuron in self.neuron_names(layer) for name in (neuron, activation_name(neuron))]

    def span(self, names: list[str]) -> slice:
        """The places of neighbouring columns, from the first to the last name."""
        return slice(self.names.index(names[0]), self.names.index(names[-1]) + 1)


def activation_name(neuron: str) -> str:
    """a_h1 for h1."""
    return f"a_{neuron}"


def gradient_name(weight: str) -> str:
    """∂E/∂w1 for w1."""
    return f"∂E/∂{weight}"
