"""Formulas as trees: parsed and printed. No cell is looked up here."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from workbook.spreadsheet.letters import column_of


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
    """A text that stands in a formula; only `parse_arrays` yields it."""

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

TOKEN = re.compile(
    r"""\s*(?:
    (?P<whole>(?P<there>(?:'(?:[^']|'')+'|[^\W\d][\w.]*)!)?(?:\$?[A-Z]{1,3}:\$?[A-Z]{1,3}|\$?\d+:\$?\d+)(?![\w.‹$(!:]))
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<cell>(?:(?P<sheet>'(?:[^']|'')+'|[^\W\d][\w.]*)!)?(?P<dollar>\$?)(?P<column>[A-Z]{1,3})(?P<row>\$\d+|‹-?\d+›))
    |(?P<function>[A-Za-z_][\w.]*)\(
    |(?P<name>∂E/∂w\d+|(?:(?:'(?:[^']|'')+'|[^\W\d][\w.]*)!)?[^\W\d][\w.]*)
    |(?P<text>"(?:[^"]|"")*")
    |(?P<sign><=|>=|<>|[-+*/^%(),:<>=&{};])
    )""",
    re.VERBOSE,
)
KINDS = ("whole", "number", "cell", "function", "name", "text", "sign")
# A sum of n terms is n operations deep.
DEEPEST = 200
DEEPEST_BRACKETS = 40
LONGEST_FORMULA = 8_192

# Operators by how tightly they bind; all of them group from the left.
BINDING = {"=": 1, "<>": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}
WHOLE_COLUMN, WHOLE_ROW = 1_048_576, 16_384


@lru_cache(maxsize=4096)
def parse(text: str) -> Tree:
    """Parse a formula without its `=`: over names, or the key of a shape.

    Raises:
        UnsupportedError: it is no formula, or uses what is not supported (texts, arrays, structured references).
    """
    return _parsed(text, arrays=False)


@lru_cache(maxsize=4096)
def parse_arrays(text: str) -> Tree:
    """Parse a formula that may also hold texts, array constants, and empty operands (0).

    Raises:
        UnsupportedError: as for `parse`.
    """
    return _parsed(text, arrays=True)


def _parsed(text: str, *, arrays: bool) -> Tree:
    if len(text) > LONGEST_FORMULA:
        raise UnsupportedError("it is longer than Excel allows")
    tree = _Parser(text, arrays=arrays).whole()
    _check_height(tree, DEEPEST)
    return tree


def _check_height(tree: Tree, left: int) -> None:
    if left < 0:
        raise UnsupportedError("it is nested too deeply")
    if isinstance(tree, Operation):
        for operand in tree.operands:
            _check_height(operand, left - 1)


class _Parser:
    def __init__(self, text: str, *, arrays: bool) -> None:
        self.tokens = list(_tokens(text))
        self.arrays = arrays
        self.position = 0
        self.depth = 0

    def whole(self) -> Tree:
        tree = self._expression(0)
        if self._peek() is not None:
            raise UnsupportedError("it cannot be read as a formula")
        return tree

    def _peek(self) -> str | None:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else None

    def _take(self) -> tuple[str, str, re.Match[str]]:
        if self.position >= len(self.tokens):
            raise UnsupportedError("it breaks off")
        self.position += 1
        return self.tokens[self.position - 1]

    def _accept(self, sign: str) -> bool:
        if self._peek() != sign:
            return False
        self.position += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._accept(sign):
            raise UnsupportedError(f"a '{sign}' is missing")

    def _expression(self, least: int) -> Tree:
        self.depth += 1
        if self.depth > DEEPEST_BRACKETS:
            raise UnsupportedError("it is nested too deeply")
        left = self._signed()
        while (sign := self._peek()) is not None and BINDING.get(sign, -1) >= least:
            self.position += 1
            left = Operation(sign, (left, self._expression(BINDING[sign] + 1)))
        self.depth -= 1
        return left

    def _signed(self) -> Tree:
        # In a spreadsheet a sign binds more tightly than a power: -2^2 is 4.
        minus = False
        while self._peek() in ("+", "-"):
            minus ^= self._take()[1] == "-"
        tree = self._operand()
        while self._accept("%"):
            tree = Operation("/", (tree, Number(100.0)))
        return Operation("neg", (tree,)) if minus else tree

    def _operand(self) -> Tree:
        kind, text, match = self._take()
        if kind == "number":
            return Number(float(text))
        if kind == "cell":
            return self._cells(_reference(match))
        if kind == "whole":
            return _whole(match)
        if self.arrays and kind == "text":
            return Text(text[1:-1].replace('""', '"'))
        if self.arrays and text == "{":
            return self._constant()
        if kind == "function":
            return self._call(match["function"])
        if kind == "name":
            return Name(text)
        if text == "(":
            tree = self._expression(0)
            self._expect(")")
            return tree
        raise UnsupportedError(
            "it works with texts" if kind == "text" else f"it has '{text}' where a number is expected"
        )

    def _cells(self, first: Reference) -> Tree:
        if not self._accept(":"):
            return first
        kind, _, match = self._take()
        if kind != "cell":
            raise UnsupportedError("a range has no second corner")
        return Range(first, _reference(match))

    def _call(self, name: str) -> Tree:
        kind = name.upper().removeprefix("_XLFN.")
        operands: list[Tree] = []
        while not self._accept(")"):
            if operands:
                self._expect(",")
            empty = self.arrays and self._peek() in (",", ")")
            operands.append(Number(0.0) if empty else self._expression(0))
        return Operation(kind, tuple(operands))

    def _constant(self) -> Tree:
        """The rest of an array constant: {1,2;3,4}."""
        rows: list[list[Tree]] = [[]]
        while not self._accept("}"):
            if self._accept(";"):
                rows.append([])
            elif not self._accept(","):
                rows[-1].append(self._signed())
        if len({len(row) for row in rows}) > 1:
            raise UnsupportedError("an array constant has rows of different lengths")
        return Operation("{}", tuple(Operation("row", tuple(row)) for row in rows))


def _tokens(text: str) -> Iterator[tuple[str, str, re.Match[str]]]:
    position, text = 0, text.rstrip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise UnsupportedError(f"'{text[position : position + 10].strip()}' is not supported")
        kind = next(kind for kind in KINDS if match[kind] is not None)
        yield kind, match[kind], match
        position = match.end()


def unquoted(sheet: str) -> str:
    """A sheet's name without the quotes around it."""
    return sheet.removeprefix("'").removesuffix("'").replace("''", "'")


def _whole(match: re.Match[str]) -> Range:
    """Whole columns or rows: A:C, 'my sheet'!$1:$2."""
    there = match["there"]
    sheet = None if there is None else unquoted(there.removesuffix("!"))
    first, last = match["whole"].removeprefix(there or "").replace("$", "").split(":")
    if first.isdecimal():
        corners = (1, int(first)), (WHOLE_ROW, int(last))
    else:
        corners = (column_of(first), 1), (column_of(last), WHOLE_COLUMN)
    start, end = (Reference(sheet, column, row, frozen=True) for column, row in corners)
    return Range(start, end)


def _reference(match: re.Match[str]) -> Reference:
    sheet = None if match["sheet"] is None else unquoted(match["sheet"])
    row = match["row"]
    frozen = row.startswith("$")
    return Reference(sheet, column_of(match["column"]), int(row.strip("$‹›")), frozen, bool(match["dollar"]))


def leaves(tree: Tree) -> Iterator[Tree]:
    """Everything in a tree that is not an operation, from left to right, repetitions included."""
    if isinstance(tree, Operation):
        for operand in tree.operands:
            yield from leaves(operand)
    else:
        yield tree


@lru_cache(maxsize=4096)
def references(text: str) -> tuple[Reference | Name, ...]:
    """The cells, the corners of ranges and the names in a formula; none if it cannot be parsed."""
    try:
        found = list(leaves(parse(text)))
    except UnsupportedError:
        return ()
    ends = [end for leaf in found if isinstance(leaf, Range) for end in (leaf.first, leaf.last)]
    return (*(leaf for leaf in found if isinstance(leaf, Reference | Name)), *ends)


def replaced(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """The tree with every leaf changed."""
    if isinstance(tree, Operation):
        return Operation(tree.kind, tuple(replaced(operand, change) for operand in tree.operands))
    return change(tree)


def pieces(tree: Tree, *, spaced: bool = True) -> list["str | Leaf"]:
    """A tree as it is written, its leaves apart from the text between them.

    Brackets stand only where they are needed; where it is spaced, spaces around + and - where a term is a product, and
    in sums without constants: `w1*i1 + w2*i2`, `E1 + E2`, `1-a_h1`.
    """
    if not isinstance(tree, Operation):
        return [tree]
    if tree.kind == "neg":
        return ["-", *_bracketed(tree.operands[0], BINDING["^"] + 1, spaced=spaced)]
    if tree.kind in BINDING:
        left, right = tree.operands
        binding = BINDING[tree.kind]
        sign = f" {tree.kind} " if spaced and _is_spaced(tree) else tree.kind
        return [*_bracketed(left, binding, spaced=spaced), sign, *_bracketed(right, binding + 1, spaced=spaced)]
    if tree.kind == "block":
        return [*pieces(tree.operands[0]), ":", *pieces(tree.operands[-1])]
    arguments = [piece for operand in tree.operands for piece in (",", *pieces(operand, spaced=spaced))]
    return [f"{tree.kind}(", *arguments[1:], ")"]


def _bracketed(tree: Tree, least: int, *, spaced: bool) -> list["str | Leaf"]:
    """An operand's pieces, in brackets if it binds less tightly than its operator asks."""
    loose = isinstance(tree, Operation) and BINDING.get(tree.kind, least) < least
    written = pieces(tree, spaced=spaced)
    return ["(", *written, ")"] if loose else written


def _is_spaced(tree: Operation) -> bool:
    if tree.kind not in ("+", "-"):
        return False
    terms = list(_terms(tree))
    if any(isinstance(term, Operation) and term.kind == "*" for term in terms):
        return True
    return tree.kind == "+" and not any(isinstance(term, Number) for term in terms)


def _terms(tree: Tree) -> Iterator[Tree]:
    if isinstance(tree, Operation) and tree.kind in ("+", "-"):
        yield from _terms(tree.operands[0])
        yield tree.operands[1]
    else:
        yield tree


def printed(tree: Tree, text_of: Callable[[Variable], str] = lambda variable: variable.name) -> str:
    """A tree of numbers and variables as a formula without its `=`; `text_of` says what stands for a variable."""

    def text(piece: str | Leaf) -> str:
        if isinstance(piece, Variable):
            return text_of(piece)
        return piece if isinstance(piece, str) else number_text(piece)

    return "".join(map(text, pieces(tree)))


def number_text(leaf: Leaf) -> str:
    """A number as it stands in a formula: never with an exponent."""
    if not isinstance(leaf, Number):
        raise TypeError(f"{leaf} stands for no variable")
    return np.format_float_positional(leaf.value, trim="-")
