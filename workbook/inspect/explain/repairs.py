"""What has to change in a user's own formula for it to be right.

The words name rows relative to the formula's own, as a shape's key does: see wording.py.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import count, permutations

from engine import Columns
from engine.columns import activation_name
from workbook.inspect.explain.edits import OTHER_SIGNS, SIGN_WORDS, Edit, Show, nodes
from workbook.inspect.find.headers import kind_of
from workbook.inspect.find.network import variables
from workbook.inspect.find.understand import Understood
from workbook.inspect.find.wording import cell_text, shown, spelled_tree
from workbook.spreadsheet.parser import parse
from workbook.spreadsheet.printer import pieces
from workbook.spreadsheet.trees import (
    Name,
    Number,
    Operation,
    Reference,
    Tree,
    UnsupportedError,
    Variable,
    leaves,
    replaced,
)
from workbook.table.updates import ETA


def repaired(understood: Understood, name: str, raw: Tree, resolved: list[Tree], user: Tree, row: int) -> str | None:
    """The one change that makes a user's formula what a column should be."""
    return (
        _other_sign(understood, name, raw, resolved)
        or _edited(understood, name, user, row)
        or _rounded(understood, name, user)
    )


def of_another_neuron(understood: Understood, name: str, user: Tree, row: int) -> str | None:
    """A part of the user's formula that is of another neuron of the same layer than it should be."""
    show = partial(spelled_tree, understood, row=row)
    for part, rebuild in reversed(list(nodes(user))):
        if not isinstance(part, Operation):
            continue
        for theirs, ours in _neighbours(understood.network.columns):
            other = replaced(part, partial(_put, ours))
            if other != part and understood.scene.holds(name, rebuild(other)):
                return f"{show(part)} is of {theirs}; {show(other)} is expected"
    return None


def of_another_row(understood: Understood, name: str, raw: Tree, resolved: list[Tree], row: int) -> str | None:
    """Numbers of the user's formula, two or more, that are of another row than they should be."""
    expected = understood.network.expected(name)
    rows = {own.row for own in variables(expected) if own != ETA} if expected is not None else set()
    if len(rows) != 1:
        return None
    (at,) = rows
    shifted: dict[Tree, Variable] = {
        leaf: Variable(is_.name, at)
        for leaf, is_ in zip(leaves(raw), resolved, strict=True)
        if isinstance(leaf, Reference) and isinstance(is_, Variable) and is_.name != "eta" and is_.row != at
    }
    followed = dict(zip(leaves(raw), resolved, strict=True))
    if len(shifted) < 2 or not understood.scene.holds(name, replaced(raw, partial(_put, followed | shifted))):
        return None
    wrong = " and ".join(cell_text(leaf) for leaf in shifted if isinstance(leaf, Reference))
    ours = " and ".join(shown(understood, own, row) for own in shifted.values())
    return f"{wrong} are of the wrong row; {ours} are expected"


def _neighbours(columns: Columns) -> Iterator[tuple[str, dict[Tree, Tree]]]:
    """Each neuron, with what stands for its numbers at another one of its layer, by own row and row above."""
    for layer in range(columns.depth):
        for a, b in permutations(columns.neuron_names(layer), 2):
            pairs = [(a, b), (activation_name(a), activation_name(b))]
            if layer == columns.depth - 1:
                targets = dict(zip(columns.neuron_names(layer), columns.target_names, strict=True))
                pairs.append((targets[a], targets[b]))
            yield a, {Variable(x, at): Variable(y, at) for x, y in pairs for at in (0, -1)}


def _other_sign(understood: Understood, name: str, raw: Tree, resolved: list[Tree]) -> str | None:
    """An operator of the user's formula that must be another one; exchanged in the text, since precedence may change
    with it.
    """
    written = pieces(raw, spaced=False)
    operands = [piece for piece in written if not isinstance(piece, str)]
    names = (f"leaf{index}" for index in count())
    texts = [piece if isinstance(piece, str) else next(names) for piece in written]
    by_name: dict[Tree, Tree] = {Name(f"leaf{index}"): tree for index, tree in enumerate(resolved)}
    for at, sign in enumerate(texts):
        before = sum(text.startswith("leaf") for text in texts[:at])
        for other in "+-*/" if sign in SIGN_WORDS and before else "":
            try:
                tree = parse("".join((*texts[:at], other, *texts[at + 1 :])))
            except UnsupportedError:
                continue
            if understood.scene.holds(name, replaced(tree, partial(_put, by_name))):
                left, right = (_operand_text(operands[index]) for index in (before - 1, before))
                return f"'{sign}' between {left} and {right} stands where '{other}' belongs"
    return None


def _operand_text(leaf: Tree) -> str:
    return cell_text(leaf) if isinstance(leaf, Reference) else f"{leaf.value:g}" if isinstance(leaf, Number) else "it"


def _edited(understood: Understood, name: str, user: Tree, row: int) -> str | None:
    """The edit of the user's own formula that makes it right."""
    show = partial(spelled_tree, understood, row=row)
    for tree, words in _edits(user, show):
        if understood.scene.holds(name, tree):
            return words
    return None


def of_another_column(understood: Understood, name: str, user: Tree) -> str | None:
    """The column of the same kind whose formula the user's is."""
    for other in understood.network.definitions:
        if other != name and kind_of(other) == kind_of(name) and understood.scene.holds(other, user):
            return f"it is the formula of {other}"
    return None


def _rounded(understood: Understood, name: str, user: Tree) -> str | None:
    if understood.scene.holds(name, _without_rounding(user)):
        return "the formula rounds its result: an extra ROUND"
    return None


def _edits(tree: Tree, show: Show) -> Iterator[Edit]:
    """Every single edit of a user's formula that may be what is missing, with its words."""
    for node, rebuild in nodes(tree):
        yield rebuild(Operation("neg", (node,))), f"the sign of {show(node)} is turned round"
        yield rebuild(Operation("^", (node, Number(2.0)))), f"the power 2 of {show(node)} is missing"
        for factor in (0.5, 2.0):
            yield rebuild(Operation("*", (Number(factor), node))), f"a missing factor: {factor:g}"
        yield rebuild(Operation("-", (Number(1.0), node))), f"{show(node)} stands where 1-{show(node)} belongs"
        if isinstance(node, Operation) and node.kind in OTHER_SIGNS:
            for sign in OTHER_SIGNS[node.kind] + "-" * (node.kind == "*"):
                expected = Operation(sign, node.operands)
                words = f"{SIGN_WORDS[node.kind]} instead of {SIGN_WORDS[sign]}: {show(expected)} is expected"
                yield rebuild(expected), words
            yield rebuild(node.operands[0]), f"{show(node.operands[1])} is too much in {show(node)}"
            yield rebuild(node.operands[1]), f"{show(node.operands[0])} is too much in {show(node)}"


def _put(trees: Mapping[Tree, Tree], leaf: Tree) -> Tree:
    return trees.get(leaf, leaf)


def _without_rounding(tree: Tree) -> Tree:
    """The tree without its ROUND."""
    if not isinstance(tree, Operation):
        return tree
    if tree.kind == "ROUND" and tree.operands:
        return _without_rounding(tree.operands[0])
    return Operation(tree.kind, tuple(_without_rounding(operand) for operand in tree.operands))
