"""What the sheet `derivation` says, line by line: the loss, back through each layer, and the update."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine import Columns
from engine.columns import gradient_name
from workbook.records import Style
from workbook.sheets.shown import (
    NEW,
    OTHER_ROWS,
    after_the_step,
    changing,
    in_the_row,
    is_over_batch,
    over_names_of_rows,
)
from workbook.spreadsheet.algebra import call, less, plus
from workbook.spreadsheet.evaluator import value_of
from workbook.spreadsheet.trees import Operation, Tree, Variable, leaves
from workbook.table.definitions import chain_rule
from workbook.table.functions import LOSSES

# Weights of a layer whose lines are shown; and outputs whose every loss is differentiated.
MOST_WEIGHTS, MOST_OUTPUTS = 60, 6
BINARY = "binary-cross-entropy"


@dataclass(frozen=True)
class DerivationLine:
    """One factor or product of the chain rule.

    Attributes:
        name: its own.
        tree: what it is.
        value: in the first row.
        others: what it is in the other steps of a sequence, from the second on; none if it is the same in all.
    """

    name: str
    tree: Tree
    value: float
    others: tuple[Tree, ...] = ()

    @property
    def trees(self) -> tuple[Tree, ...]:
        """What it is in each step."""
        return (self.tree, *self.others)


@dataclass(frozen=True)
class TextLine:
    """A line of text, or a heading."""

    text: str
    style: Style = "text"


def derivation(columns: Columns, numbers: dict[str, float]) -> list[TextLine | DerivationLine]:
    """The lines, and headings, in the order of backpropagation: the loss, the layers from the last back, the update.

    Args:
        columns: the network's columns.
        numbers: the values of a row, of its batch and after its step by name, as shown.numbers_of_the_first_row has
            them.
    """
    known = dict(numbers)

    def line(name: str, tree: Tree, others: tuple[Tree, ...] = ()) -> DerivationLine:
        if not any(isinstance(leaf, Variable) and OTHER_ROWS.fullmatch(leaf.name) for leaf in leaves(tree)):
            known[name] = value_of(tree, known)  # a sum over rows is a column, and known
        return DerivationLine(name, tree, known[name], others)

    left_out = _left_out(columns)
    lines: list[TextLine | DerivationLine] = [TextLine("1. The loss", "heading")]
    lines += _loss_by_definition(columns)
    short: dict[Tree, str] = {}
    for name, tree in _parts_of_the_loss(columns).items():
        lines.append(line(name, _with_names(tree, short)))
        short[tree] = name
    lines += [line(name, _with_names(in_the_row(columns, name), short)) for name in (*columns.loss_names, "E_tot")]
    for number, layer in enumerate(reversed(range(columns.depth)), start=2):
        which = "the outputs" if layer == columns.depth - 1 else f"hidden layer {layer + 1}"
        lines.append(TextLine(f"{number}. Back through {which}", "heading"))
        lines += _why(columns, layer)
        lines += [
            line(each.name, *_over_names(columns, each.trees))
            for each in chain_rule(columns)[layer]
            if each.name not in left_out
        ]
    number = columns.depth + 2
    changed = [name for name in changing(columns) if gradient_name(columns.by_name[name].of or name) not in left_out]
    after = {name: after_the_step(columns, name) for name in changed if columns.by_name[name].kind != "step"}
    over = {
        leaf.name: leaf
        for tree in after.values()
        for leaf in leaves(tree)
        if isinstance(leaf, Variable) and is_over_batch(leaf.name)
    }
    if over:
        what = f"the {columns.method.reduction} of the gradients of its {columns.method.batch_size} rows"
        if columns.network.time > 1:
            what = f"the gradients of all {columns.method.batch_size} steps, added up" + (
                f"; the update divides by {columns.divisor}, the number of sequences" * (columns.divisor > 1)
            )
        whole = "The batch" if columns.network.time == 1 else "The sequences"
        lines.append(TextLine(f"{number}. {whole}: {what}", "heading"))
        lines += [DerivationLine(name, leaf, known[name]) for name, leaf in over.items()]
        number += 1
    lines.append(TextLine(f"{number}. The update: {_how(columns)}", "heading"))
    lines += [line(NEW + name, tree) for name, tree in after.items()]
    return lines


def _over_names(columns: Columns, trees: Sequence[Tree]) -> tuple[Tree, tuple[Tree, ...]]:
    """A line in the first step of a sequence and, where they differ, in the others."""
    first, *others = (over_names_of_rows(columns, tree) for tree in trees[: columns.network.time])
    return first, tuple(others)


def _loss_by_definition(columns: Columns) -> list[TextLine]:
    """What a cross-entropy is, before it is written so that no logarithm of 0 appears."""
    if not LOSSES[columns.network.loss].through_activation:
        return []
    what = "E1 = -t1*ln a_o1"
    if columns.network.loss.endswith(BINARY):
        what = f"E1 = -(t1*ln a_o1 + (1 - t1)*ln(1 - a_o1)){_share_of_mean(columns)}"
    more = ", the other outputs likewise" if columns.outputs > 1 else ""
    return [TextLine(f"{what}{more}."), TextLine("The same from the pre-activations, without a logarithm of 0:")]


def _share_of_mean(columns: Columns) -> str:
    """What a loss that is a mean over the outputs divides by."""
    is_mean = columns.network.loss == f"mean-{BINARY}" and columns.outputs > 1
    return f"/{columns.outputs}" if is_mean else ""


def _parts_of_the_loss(columns: Columns) -> dict[str, Tree]:
    """What all outputs' cross-entropies share, by a short name: the largest output m, and the sum s of powers."""
    if columns.network.loss != "cross-entropy":
        return {}
    z = [Variable(name, 0) for name in columns.neuron_names(columns.depth - 1)]
    largest = call("MAX", *z)
    return {"m": largest, "s": plus(*(call("EXP", less(each, largest)) for each in z))}


def _with_names(tree: Tree, names: dict[Tree, str]) -> Tree:
    """The tree with short names in the place of the parts that have one."""
    if tree in names:
        return Variable(names[tree], 0)
    if not isinstance(tree, Operation):
        return tree
    return Operation(tree.kind, tuple(_with_names(operand, names) for operand in tree.operands))


def _left_out(columns: Columns) -> set[str]:
    """Lines left out of a large network: those of a layer's later weights, and of later outputs' losses."""
    names = set()
    for layer in range(columns.depth):
        weights = set(_weights_left_out(columns, layer))
        names |= {line.name for line in chain_rule(columns)[layer] if line.name.rpartition("/∂")[2] in weights}
    if columns.outputs > MOST_OUTPUTS:
        later = columns.neuron_names(columns.depth - 1)[1:]
        names |= {f"∂{loss}/∂{z}" for loss in columns.loss_names for z in later}
    return names


def _weights_left_out(columns: Columns, layer: int) -> list[str]:
    return columns.names_in(layer, "weight")[MOST_WEIGHTS:]


def _why(columns: Columns, layer: int) -> Iterator[TextLine]:
    """What one has to know before a layer's lines."""
    loss, outputs = columns.network.loss, columns.outputs
    if layer == columns.depth - 1 and LOSSES[loss].through_activation:
        if loss.endswith(BINARY):
            share = _share_of_mean(columns)
            what, left = ("(ln(1+e^o1) - t1*o1)", "(a_o1 - t1)") if share else ("ln(1+e^o1) - t1*o1", "a_o1 - t1")
            terms = f"a_o1{share} and t1{share}"
            yield TextLine(f"E1 = {what}{share}: its two terms have the slopes {terms}, so {left}{share} is left.")
        else:
            yield TextLine("E1 = -t1*ln a_o1, and so on: their slopes by o1 add up to a_o1*(t1 + t2 + ...) - t1.")
            yield TextLine("The targets add up to 1, so a_o1 - t1 is left; the other outputs likewise.")
        if outputs > MOST_OUTPUTS:
            yield TextLine(
                f"The slopes by the {outputs - 1} other outputs, which are left out here, come out likewise."
            )
    if number := len(_weights_left_out(columns, layer)):
        yield TextLine(
            f"Of this layer's weights the first {MOST_WEIGHTS} are shown, here and in the update; "
            f"the {number} left out go the same way, and their gradients are in the table."
        )


def _how(columns: Columns) -> str:
    """What the update's heading says."""
    method = columns.method
    what = "all weights and biases" if columns.of("bias") else "all weights"
    by = "" if method.optimizer == "sgd" else f" by {method.optimizer}"
    if method.update == "output-first":
        return f"{what}; the layers before have passed their errors back through the new weights already"
    whose = "step" if method.batch_size == 1 else "batch"
    return f"{what} at once{by}, after every gradient of the {whose} is known"
