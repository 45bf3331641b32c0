"""What the forward columns of all kinds of layers have in common."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import product

from engine import Columns
from engine.arrays import Shape
from engine.columns import activation_name
from workbook.spreadsheet.algebra import own
from workbook.spreadsheet.trees import Tree
from workbook.table.definition import Definition
from workbook.table.functions import ACTIVATIONS

Picture = dict[tuple[int, int, int], str]
Window = Iterator[tuple[tuple[int, int], tuple[int, int]]]


def with_activations(columns: Columns, layer: int, sums: Iterable[Definition]) -> Iterator[Definition]:
    """Each pre-activation, and a = f(z) after it."""
    activation = ACTIVATIONS[columns.network.layers[layer].activation]
    all_z = list(map(own, columns.neuron_names(layer)))
    for definition in sums:
        yield definition
        z, a = definition.name, activation_name(definition.name)
        if a not in columns.by_name:
            continue  # of a layer without an activation
        slopes = {z: activation.slope(own(z), own(a))} if activation.slope else None
        yield Definition(a, activation.value(own(z), all_z), activation.idea, slopes=slopes)


def inputs_of(columns: Columns, layer: int) -> list[list[str]]:
    """The columns of each signal that goes into a layer."""
    return [columns.activation_names(signal - 1) for signal in columns.network.layers[layer].reads(layer)]


def over_time(
    columns: Columns, name: str, tree_of: Callable[[int], Tree], idea: str, cut: Collection[int] = ()
) -> Definition:
    """A column that is what `tree_of` says in each step of a sequence, counted from 0.

    In the steps of `cut` no error flows back to other steps.
    """
    trees = [tree_of(step) for step in range(columns.network.time)]
    first, *others = trees[:1] if len(set(trees)) == 1 else trees
    return Definition(name, first, idea, others=tuple(others), cut=frozenset(cut))


def picture(names: Sequence[str], shape: Shape) -> Picture:
    """Flat names as cells of a picture, by (channel, row, column); a plain feature is a channel of one cell."""
    channels, rows, columns = shape if len(shape) == 3 else (shape[0], 1, 1)
    return dict(zip(product(range(channels), range(rows), range(columns)), names, strict=True))


def window(size: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int], at: tuple[int, int]) -> Window:
    """The positions of a window, (row, column) in it and in the picture, for the output at a row and column.

    Those in the padding around the picture are not left out: no picture has a cell there.
    """
    for row, column in product(*map(range, size)):
        yield (row, column), (at[0] * stride[0] + row - padding[0], at[1] * stride[1] + column - padding[1])
