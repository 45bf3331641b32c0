"""The slips that people make in a formula, as edits of the right one."""

import re
from collections.abc import Callable, Iterator

from workbook.inspect.find.network import over_variables
from workbook.spreadsheet.trees import Number, Operation, Tree, UnsupportedError, Variable
from workbook.table.functions import LARGEST_EXPONENT

Edit = tuple[Tree, str]
Show = Callable[[Tree], str]

OTHER_SIGNS = {"-": "*+", "+": "*-", "*": "+-/", "/": "*"}
SIGN_WORDS = {"-": "a difference", "+": "a sum", "*": "a product", "/": "a quotient"}
# A sigmoid that guards EXP against overflow, and what it guards.
GUARD = re.compile(r"MIN\(709,(-\w+)\)")


def edits(tree: Tree, others: list[Variable], numbers: list[float], show: Show) -> Iterator[Edit]:
    """Every single edit of a tree, with its words.

    Args:
        tree: the right formula.
        others: the variables that may have slipped in.
        numbers: the numbers that may have.
        show: spells a tree in the user's cells.
    """
    for node, rebuild in nodes(tree):
        yield from ((rebuild(changed), words) for changed, words in _slips(node, numbers, show))
    for node, rebuild in nodes(tree):
        yield from ((rebuild(changed), words) for changed, words in _extras(node, others, numbers, show))


def _extras(node: Tree, others: list[Variable], numbers: list[float], show: Show) -> Iterator[Edit]:
    """The edits that put a superfluous factor, term or sign at one node."""
    complements: list[Tree] = [Operation("-", (Number(1.0), other)) for other in others]
    for factor in [*others, *complements, *(Number(number) for number in numbers)]:
        yield Operation("*", (node, factor)), f"an extra factor {show(factor)}"
    yield Operation("neg", (node,)), f"the sign of {show(node)} is turned round"
    for other in others:
        yield Operation("/", (node, other)), f"an extra division by {show(other)}"
        yield Operation("+", (node, other)), f"an extra term {show(other)}"
        yield Operation("-", (node, other)), f"an extra term -{show(other)}"


def _slips(node: Tree, numbers: list[float], show: Show) -> Iterator[Edit]:
    """The edits of one node itself: another number or operator, a missing operand or function."""
    if isinstance(node, Number):
        yield from ((Number(n), f"{n:.10g} stands where {node.value:g} belongs") for n in numbers if n != node.value)
    if not isinstance(node, Operation):
        return
    if node.kind in OTHER_SIGNS:
        yield from _slips_of_two(node, show)
    elif node.kind == "neg":
        yield node.operands[0], f"the minus of {show(node)} is missing"
    elif node.kind == "^":
        yield node.operands[0], f"the power in {show(node)} is missing"
    elif node.kind == "EXP":
        yield node.operands[0], f"the EXP in {show(node)} is missing"


def _slips_of_two(node: Operation, show: Show) -> Iterator[Edit]:
    left, right = node.operands
    what = "factor" if node.kind == "*" else "term"
    if node.kind != "/":
        yield left, f"a missing {what}: {show(right)}"
        yield (right if node.kind != "-" else Operation("neg", (right,))), f"a missing {what}: {show(left)}"
    else:
        yield right, f"a missing '{show(left)}/'"
    if node.kind == "-":
        yield Operation("-", (right, left)), f"{show(node)} is turned round: its sign is wrong"
    for sign in OTHER_SIGNS[node.kind]:
        yield (
            Operation(sign, (left, right)),
            f"{SIGN_WORDS[sign]} instead of {SIGN_WORDS[node.kind]}: {show(node)} is expected",
        )


def nodes(tree: Tree) -> Iterator[tuple[Tree, Callable[[Tree], Tree]]]:
    """Every node of a tree but the ranges, with a function that puts another one in its place."""
    if not (isinstance(tree, Operation) and tree.kind == "block"):
        yield tree, lambda changed: changed
    if isinstance(tree, Operation):
        for index, operand in enumerate(tree.operands):
            for node, rebuild in nodes(operand):

                def outer(changed: Tree, index: int = index, rebuild: Callable[[Tree], Tree] = rebuild) -> Tree:
                    operands = (*tree.operands[:index], rebuild(changed), *tree.operands[index + 1 :])
                    return Operation(tree.kind, operands)

                yield node, outer


def without_parentheses(text: str, row: int) -> Iterator[tuple[Tree, Tree]]:
    """A formula over the names of a row with each pair of parentheses left out in turn, and what stood between them."""
    turned = re.sub(r"\((a_o\d+)-(t\d+)\)", r"-(\2-\1)", text)
    for spelling in dict.fromkeys((GUARD.sub(r"\1", text), turned)):
        for start, end in _pairs(spelling):
            if start and (spelling[start - 1].isalnum()):
                continue  # the parentheses of a function
            inner = spelling[start + 1 : end]
            try:
                yield (
                    over_variables(spelling[:start] + inner + spelling[end + 1 :], row),
                    over_variables(inner, row),
                )
            except UnsupportedError:
                continue


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    open_: list[int] = []
    for index, sign in enumerate(text):
        if sign == "(":
            open_.append(index)
        elif sign == ")":
            yield open_.pop(), index


def unguarded(tree: Tree) -> Tree:
    """The tree without our guards against overflow, as people write it."""
    if not isinstance(tree, Operation):
        return tree
    if tree.kind == "MIN" and tree.operands[0] == Number(LARGEST_EXPONENT):
        return unguarded(tree.operands[1])
    return Operation(tree.kind, tuple(unguarded(operand) for operand in tree.operands))
