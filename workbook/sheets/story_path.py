"""Which weight the sheet `story` follows, and the factors of its gradient, as trees over the table's columns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine import Columns, Dense
from engine.columns import gradient_name
from workbook.sheets.shown import errors, in_the_row, is_over_batch, over_names_of_batches
from workbook.spreadsheet.algebra import ONE
from workbook.spreadsheet.trees import Tree, Variable, leaves, replaced
from workbook.table.definitions import chain_rule
from workbook.table.functions import LOSSES

# A gradient of this share of the largest makes as good a story.
MUCH = 0.1


@dataclass(frozen=True)
class Path:
    """The way from a weight to the loss, and back.

    Attributes:
        weight: its name.
        layer: which layer it belongs to, from 0.
        source: the number that it multiplies.
        sum: the number that it is a term of: a pre-activation; of a kernel's weight that of one place.
        output: what the activation makes of that; the same where there is no column for it.
        places: how many numbers it is a term of: 1, or the places of a map.
        blame: ∂E/∂output, or ∂E/∂sum where the loss goes back through the activation, over columns and `errors`.
        slope: ∂output/∂sum, over columns; None where it is in the blame.
        errors: ∂E/∂o of each output, by its name, over columns; none where `sum` is an output itself.
    """

    weight: str
    layer: int
    source: str
    sum: str
    output: str
    places: int
    blame: Tree
    slope: Tree | None
    errors: Mapping[str, Tree] = field(default_factory=dict)

    @property
    def blame_name(self) -> str:
        """∂E/∂a_h1, say."""
        return gradient_name(self.output if self.slope is not None else self.sum)


def story_path(columns: Columns, numbers: Mapping[str, float]) -> Path | None:
    """The weight whose story is the simplest one that has all its parts; None if the network has no weights.

    It is of the last hidden layer whose errors come from the outputs of the same row, else of the last layer, else a
    kernel's; in its layer the first whose gradient is not much smaller than the largest, in the row that has these
    `numbers`. Where all gradients of a layer are 0 there, as behind inputs of 0, another layer has the better story.
    """
    layers = list(reversed(range(columns.depth)))
    dense = [layer for layer in layers if isinstance(columns.network.layers[layer], Dense)]
    hidden = [layer for layer in dense if layer != columns.depth - 1]
    still: list[Path] = []
    for layer in [*hidden, *dense, *layers]:
        sizes = {name: abs(numbers[gradient_name(name)]) for name in _weights(columns, layer)}
        large = (name for name, size in sizes.items() if size >= MUCH * max(sizes.values()))
        path = _path(columns, layer, next(large)) if sizes else None
        if path and numbers[gradient_name(path.weight)]:
            return path
        still += [path] if path else []
    return still[0] if still else None


def _weights(columns: Columns, layer: int) -> list[str]:
    """Its trained weights that multiply an input: not those of a normalization."""
    of = (columns.by_name[name] for name in columns.trained_names(layer))
    return [column.name for column in of if column.kind == "weight" and column.source is not None]


def _path(columns: Columns, layer: int, weight: str) -> Path | None:
    """The path of a weight; None where its error comes from other rows of the batch too, or it leads to a gate."""
    lines = {line.name: line.trees[0] for of in chain_rule(columns) for line in of if len(line.trees) == 1}
    neurons = columns.neuron_names(layer)
    reading = [(name, source) for name in neurons for source in _partners(in_the_row(columns, name), weight)]
    if not reading:
        return None
    total, source = reading[0]
    activations = columns.activation_names(layer)
    output = activations[neurons.index(total)] if len(activations) == len(neurons) else total
    last = layer == columns.depth - 1
    outputs = [] if last else map(gradient_name, columns.neuron_names(columns.depth - 1))
    of_outputs = {name: errors(columns)[name] for name in outputs}
    slope = lines.get(f"∂{output}/∂{total}", ONE)
    through = last and LOSSES[columns.network.loss].through_activation
    blame = lines.get(gradient_name(total if through else output))
    if blame is None:
        return None
    blame = over_names_of_batches(_written_out(blame, lines, set(of_outputs)))
    if any(isinstance(leaf, Variable) and (leaf.row or is_over_batch(leaf.name)) for leaf in leaves(blame)):
        return None
    return Path(weight, layer, source, total, output, len(reading), blame, None if through else slope, of_outputs)


def _partners(tree: Tree, weight: str) -> Iterator[str]:
    """What a weight is multiplied by in a sum of products, each of a weight and an input."""
    names = [leaf.name for leaf in leaves(tree) if isinstance(leaf, Variable)]
    for at, name in enumerate(names):
        if name == weight:
            yield names[at + 1]


def _written_out(tree: Tree, lines: Mapping[str, Tree], kept: set[str]) -> Tree:
    """The tree with what each line stands for in its place, but for those that are kept."""

    def change(leaf: Tree) -> Tree:
        if isinstance(leaf, Variable) and leaf.name in lines and leaf.name not in kept:
            return _written_out(lines[leaf.name], lines, kept)
        return leaf

    return replaced(tree, change)
