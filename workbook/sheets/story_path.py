"""Which weight the sheet `story` follows, and the factors of its gradient, as trees over the table's columns."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from engine import Columns
from engine.columns import gradient_name
from engine.layers.recurrence import gate_activation
from workbook.sheets.shown import OTHER_ROW, errors, in_each_step, over_names_of_rows
from workbook.spreadsheet.algebra import ONE, ZERO, simplified, total
from workbook.spreadsheet.trees import Tree, Variable, leaves, replaced
from workbook.table.definitions import chain_rule, constant_names
from workbook.table.functions import LOSSES

# What comes back from the next step of a sequence, as in `next ∂E/∂h1`.
NEXT = "next "
# A gradient of at least this share of the largest is large enough to tell of.
MUCH = 0.1


@dataclass(frozen=True)
class WeightPath:
    """The way from a weight to the loss, and back.

    Attributes:
        weight: its name.
        layer: which layer it belongs to, from 0.
        source: the number that it multiplies.
        sum: the number that it is a term of: a pre-activation or a gate's sum, of a kernel's weight at one position.
        activation: what that number goes through.
        output: what the activation makes of that; the same where there is no column for it.
        uses: how many numbers it is a term of: 1, or the positions of a map.
        is_gate: whether the output is a gate.
        blame: ∂E/∂output, or ∂E/∂sum where the loss goes back through the activation, over columns and `errors`.
        slope: ∂output/∂sum, over columns; None where it is in the blame.
        errors: ∂E/∂o of each output, by its name, over columns; none where `sum` is an output itself.
        later: what the blame has from the next step of a sequence, `next ∂E/∂h1`: the steps, from 1, into which
            something comes back; in the others it is 0.
    """

    weight: str
    layer: int
    source: str
    sum: str
    activation: str
    output: str
    uses: int
    is_gate: bool
    blame: Tree
    slope: Tree | None
    errors: Mapping[str, Tree] = field(default_factory=dict)
    later: Mapping[str, frozenset[int]] = field(default_factory=dict)

    @property
    def blame_name(self) -> str:
        """∂E/∂a_h1, say."""
        return gradient_name(self.output if self.slope is not None else self.sum)


def story_path(columns: Columns, numbers: Mapping[str, float]) -> WeightPath | None:
    """The weight with the shortest chain rule that has every factor; None if the network has no weights.

    It is of the last hidden layer whose errors come from the outputs of the same row, or of the next step too, else of
    the last layer, else a kernel's; in its layer the first whose gradient is not much smaller than the largest, in the
    row that has these `numbers`. Where all gradients of a layer are 0 there, as behind inputs of 0, it is
    of another layer.
    """
    layers = list(reversed(range(columns.depth)))
    summing = [layer for layer in layers if sums_by_weights(columns, layer)]
    hidden = [layer for layer in summing if layer != columns.depth - 1]
    still: list[WeightPath] = []
    for layer in [*hidden, *summing, *layers]:
        sizes = {name: abs(numbers[gradient_name(name)]) for name in _weights(columns, layer)}
        large = (name for name, size in sizes.items() if size >= MUCH * max(sizes.values()))
        path = next(filter(None, (_path(columns, layer, name) for name in large)), None)
        if path and numbers[gradient_name(path.weight)]:
            return path
        still += [path] if path else []
    return still[0] if still else None


def sums_by_weights(columns: Columns, layer: int) -> bool:
    """Whether each neuron of a layer, or each gate, has weights of its own."""
    return len(columns.weight_names(layer)) == len(_sums(columns, layer))


def _sums(columns: Columns, layer: int) -> list[str]:
    """What a layer adds up: its gates' sums where it has gates, else its pre-activations."""
    return columns.names_in(layer, "gate-sum") or columns.neuron_names(layer)


def _weights(columns: Columns, layer: int) -> list[str]:
    """Its trained weights that multiply an input: not those of a normalization, nor of inputs of two kinds.

    In a sequence's first step the state is given; in the others it is that of the step before.
    """
    of = (columns.by_name[name] for name in columns.trained_names(layer))
    names = [column.name for column in of if column.kind == "weight" and column.source is not None]
    changing = {
        leaf.name
        for name in _sums(columns, layer)
        for tree in in_each_step(columns, name)
        for leaf, factor in pairwise(leaves(tree))
        if isinstance(leaf, Variable) and isinstance(factor, Variable) and OTHER_ROW.fullmatch(factor.name)
    }
    return [name for name in names if name not in changing]


def _path(columns: Columns, layer: int, weight: str) -> WeightPath | None:
    """The path of a weight; None where its error comes from rows of the batch other than the next."""
    lines = {line.name: line.trees for of in chain_rule(columns) for line in of}
    sums, gates = _sums(columns, layer), columns.names_in(layer, "gate")
    reading = [(name, source) for name in sums for source in _partners(in_each_step(columns, name)[0], weight)]
    if not reading:
        return None
    sum_of, source = reading[0]
    activations = gates or columns.activation_names(layer)
    output = activations[sums.index(sum_of)] if len(activations) == len(sums) else sum_of
    activation = gate_activation(output[0]) if gates else columns.network.layers[layer].activation
    last = layer == columns.depth - 1
    outputs = [] if last else map(gradient_name, columns.neuron_names(columns.depth - 1))
    of_outputs = {name: errors(columns)[name] for name in outputs}
    through = last and LOSSES[columns.network.loss].through_activation
    found = _in_all_steps(columns, lines.get(gradient_name(sum_of if through else output), ()))
    if found is None:
        return None
    blame, later = found
    in_one_way = {name: trees[0] for name, trees in lines.items() if len(trees) == 1}
    slope = in_one_way.get(f"∂{output}/∂{sum_of}", ONE)
    blame = over_names_of_rows(columns, _written_out(blame, in_one_way, set(of_outputs)))
    known = {*columns.by_name, *constant_names(columns), *of_outputs, *later}
    if any(isinstance(leaf, Variable) and (leaf.row or leaf.name not in known) for leaf in leaves(blame)):
        return None
    slope_of = None if through else slope
    return WeightPath(
        weight, layer, source, sum_of, activation, output, len(reading), bool(gates), blame, slope_of, of_outputs, later
    )


def _in_all_steps(columns: Columns, trees: Sequence[Tree]) -> tuple[Tree, dict[str, frozenset[int]]] | None:
    """One tree for a line of the chain rule in every step of a sequence, and the steps of WeightPath.later.

    None where there is none: the steps differ in more than whether something comes back.
    """
    if len(trees) == 1:
        return trees[0], {}
    if len(trees) != columns.network.time:
        return None
    steps = [replaced(tree, _named_next) for tree in trees]
    whole = max(steps, key=lambda tree: len(list(leaves(tree))))
    read = [{leaf.name for leaf in leaves(tree) if isinstance(leaf, Variable)} for tree in steps]
    later = {
        leaf.name: frozenset(step for step, names in enumerate(read, start=1) if leaf.name in names)
        for leaf in leaves(whole)
        if isinstance(leaf, Variable) and leaf.name.startswith(NEXT)
    }
    cut = [_without(whole, later.keys() - names) for names in read]
    if any(total(simplified(tree)) != total(simplified(of)) for tree, of in zip(steps, cut, strict=True)):
        return None
    return whole, later


def _without(tree: Tree, names: Collection[str]) -> Tree:
    """The tree with 0 for some of its variables."""
    return replaced(tree, lambda leaf: ZERO if isinstance(leaf, Variable) and leaf.name in names else leaf)


def _named_next(leaf: Tree) -> Tree:
    return Variable(NEXT + leaf.name, 0) if isinstance(leaf, Variable) and leaf.row == 1 else leaf


def _partners(tree: Tree, weight: str) -> Iterator[str]:
    """What a weight is multiplied by in a sum of products, each of a weight and an input."""
    names = [leaf.name for leaf in leaves(tree) if isinstance(leaf, Variable)]
    for name, factor in pairwise(names):
        if name == weight:
            yield factor


def _written_out(tree: Tree, lines: Mapping[str, Tree], kept: set[str]) -> Tree:
    """The tree with what each line stands for in its place, but for those that are kept."""

    def change(leaf: Tree) -> Tree:
        if isinstance(leaf, Variable) and leaf.name in lines and leaf.name not in kept:
            return _written_out(lines[leaf.name], lines, kept)
        return leaf

    return replaced(tree, change)
