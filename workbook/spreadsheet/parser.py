"""Formulas read as trees."""

import re
from collections.abc import Iterator
from functools import lru_cache

from workbook.spreadsheet.letters import column_of
from workbook.spreadsheet.trees import (
    BINDING,
    Name,
    Number,
    Operation,
    Range,
    Reference,
    Text,
    Tree,
    UnsupportedError,
    leaves,
)

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
    there, row = match["sheet"], match["row"]
    sheet = None if there is None else unquoted(there)
    return Reference(
        sheet, column_of(match["column"]), int(row.strip("$‹›")), row.startswith("$"), bool(match["dollar"])
    )


@lru_cache(maxsize=65_536)
def cell_in(text: str) -> Reference:
    """A cell as the key of a shape names it: 'my sheet'!$B‹-1›."""
    match = TOKEN.fullmatch(text)
    if match is None or match["cell"] is None:
        raise UnsupportedError(f"'{text}' is no cell")
    return _reference(match)


@lru_cache(maxsize=4096)
def references(text: str) -> tuple[Reference | Name, ...]:
    """The cells, the corners of ranges and the names in a formula; none if it cannot be parsed."""
    try:
        found = list(leaves(parse(text)))
    except UnsupportedError:
        return ()
    ends = [end for leaf in found if isinstance(leaf, Range) for end in (leaf.first, leaf.last)]
    return (*(leaf for leaf in found if isinstance(leaf, Reference | Name)), *ends)
