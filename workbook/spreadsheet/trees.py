"""Formulas as trees. No cell is looked up here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


class UnsupportedError(ValueError):
    """A formula that cannot be evaluated here; the message says why, as in `it uses VLOOKUP`."""


@dataclass(frozen=True)
class Number:
    """A number that stands in a formula, or is read from a cell outside the table."""

    value: float


@dataclass(frozen=True)
class Reference:
    """One cell: `row` is absolute if `frozen`, else an offset from the formula's own row.

    Attributes:
        dollar: whether the column is written with a $, which tells nothing about where it leads.
    """

    sheet: str | None
    column: int
    row: int
    frozen: bool
    dollar: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Range:
    """The cells between two corners."""

    first: Reference
    last: Reference


@dataclass(frozen=True)
class Name:
    """A name: a defined name of the workbook, its sheet before it or not, or a column in a formula over names."""

    text: str


@dataclass(frozen=True)
class Variable:
    """A number of the network: the column's name and the row, 0 for the formula's own and -1 for the one above."""

    name: str
    row: int


@dataclass(frozen=True)
class Text:
    """A text that stands in a formula; of the two parsers only `parse_arrays` yields it."""

    text: str


@dataclass(frozen=True)
class Operation:
    """An operator or a function with its operands.

    `neg` is the minus sign, `block` the cells of a range, `{}` an array constant, whose operands are its rows, `row`.
    """

    kind: str
    operands: tuple["Tree", ...]


Leaf = Number | Reference | Range | Name | Variable | Text
Tree = Leaf | Operation

# Operators by how tightly they bind; all of them group from the left.
BINDING = {"=": 1, "<>": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}


def leaves(tree: Tree) -> Iterator[Tree]:
    """Everything in a tree that is not an operation, from left to right, repetitions included."""
    if isinstance(tree, Operation):
        for operand in tree.operands:
            yield from leaves(operand)
    else:
        yield tree


def kinds_of(tree: Tree) -> Iterator[str]:
    """The operations in a tree, repetitions included."""
    if isinstance(tree, Operation):
        yield tree.kind
        for operand in tree.operands:
            yield from kinds_of(operand)


def replaced(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """The tree with every leaf changed."""
    if isinstance(tree, Operation):
        return Operation(tree.kind, tuple(replaced(operand, change) for operand in tree.operands))
    return change(tree)
