"""What a column of the table is, and how columns get their names."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "step", "sample", "rate", "target", "input", "weight", "bias", "pre-activation", "activation",
    "loss", "total", "batch", "delta", "gradient", "state",
]  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column of the table: its name, what it holds, and where in the network that belongs.

    Attributes:
        layer: from 0 for the first hidden layer; None for what belongs to no layer.
        neuron: which of its layer, or which target, input or output, from 0; of a bias that a layer shares 0; None
            for what belongs to no neuron.
        source: which of the layer's inputs a weight multiplies, from 0; also of its gradient; else None.
        of: the weight or bias of a gradient or a state.
    """

    name: str
    kind: Kind
    layer: int | None = None
    neuron: int | None = None
    source: int | None = None
    of: str | None = None


class Names:
    """Names of a letter and a number that runs on from layer to layer: w1, w2, …, and b1, b2, … beside them."""

    def __init__(self) -> None:
        self._last: Counter[str] = Counter()

    def take(self, letter: str, count: int) -> list[str]:
        """The next so many names of a letter."""
        first = self._last[letter] + 1
        self._last[letter] += count
        return [f"{letter}{number}" for number in range(first, first + count)]


def activation_name(neuron: str) -> str:
    """a_h1 for h1."""
    return f"a_{neuron}"


def gradient_name(of: str) -> str:
    """∂E/∂w1 for w1."""
    return f"∂E/∂{of}"
