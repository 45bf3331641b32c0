"""What a column of the table is, and how columns get their names."""

from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import Literal

from engine.arrays import Shape

ColumnKind = Literal[
    "step", "sample", "rate", "target", "input", "weight", "bias", "pre-activation", "activation",
    "loss", "total", "batch", "delta", "gradient", "state",
    "query", "key", "value", "score", "share", "context", "wave",
    "time", "counted", "initial-state", "gate-sum", "gate", "cell", "recalled",
    "mask", "mean", "variance", "running-mean", "running-variance", "normalized",
]  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column of the table: its name, what it holds, and where in the network that belongs.

    Attributes:
        layer: from 0 for the first hidden layer; None for what belongs to no layer.
        neuron: which of its layer, or which target, input or output, from 0, maps flattened; of a bias that a layer
            shares 0; of a kernel's weight the channel that it makes; None for what belongs to no neuron.
        source: which of the layer's inputs a weight multiplies, from 0; of a kernel's weight which input channel; also
            of its gradient; else None.
        of: the weight or bias of a gradient or a state.
        channel, row, column: where it stands in a picture or a map, from 0, else None; of a kernel's weight its row and
            column in the kernel.
    """

    name: str
    kind: ColumnKind
    layer: int | None = None
    neuron: int | None = None
    source: int | None = None
    of: str | None = None
    channel: int | None = None
    row: int | None = None
    column: int | None = None


class Names:
    """Names of a letter and a number that runs on from layer to layer: w1, w2, …, and b1, b2, … beside them."""

    def __init__(self) -> None:
        self._last: Counter[str] = Counter()

    def take(self, letter: str, count: int) -> list[str]:
        """The next so many names of a letter."""
        first = self._last[letter] + 1
        self._last[letter] += count
        return [f"{letter}{number}" for number in range(first, first + count)]

    def columns(self, letter: str, kind: ColumnKind, layer: int | None, shape: Shape) -> list[Column]:
        """A column for each number of a shape: h1, h2, … of (features,); of maps h1_1_1, by channel, row and column.

        Channels are counted as neurons are, rows and columns from 1 in each map.
        """
        first = self.take(letter, shape[0])
        if len(shape) == 1:
            return [Column(name, kind, layer, neuron) for neuron, name in enumerate(first)]
        _, rows, columns = shape
        positions = product(range(shape[0]), range(rows), range(columns))
        return [
            Column(f"{first[c]}_{row + 1}_{k + 1}", kind, layer, neuron, channel=c, row=row, column=k)
            for neuron, (c, row, k) in enumerate(positions)
        ]


def activation_name(neuron: str) -> str:
    """a_h1 for h1."""
    return f"a_{neuron}"


def gradient_name(of: str) -> str:
    """∂E/∂w1 for w1."""
    return f"∂E/∂{of}"
