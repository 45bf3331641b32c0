"""Formulas that differ in their cells alone are parsed once, over cells that are counted from 0."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from workbook.spreadsheet.parser import cell_in, parse_arrays
from workbook.spreadsheet.trees import Operation, Range, Reference, Tree, UnsupportedError, kinds_of, leaves

# A cell in the key of a shape, or a text, in which there is none.
CELL = re.compile(
    r""""(?:[^"]|"")*"
    |(?<![\w.$'!\]])(?:(?P<sheet>'(?:[^']|'')+'|[^\W\d][\w.]*)!)?
    (?P<dollar>\$?)(?P<column>[A-Z]{1,3})(?P<row>\$\d+|‹-?\d+›)""",
    re.VERBOSE,
)


@dataclass(frozen=True, eq=False)
class Form:
    """What such formulas have in common.

    Attributes:
        tree: it, with the row of each cell its number.
    """

    tree: Tree

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Its operations."""
        return frozenset(kinds_of(self.tree))

    @cached_property
    def leaves(self) -> tuple[Tree, ...]:
        """What is no operation, each once."""
        return tuple(dict.fromkeys(leaves(self.tree)))


@dataclass(frozen=True, eq=False)
class Parsed:
    """A formula: its form and its own cells. The tree takes a while and is made only where it is asked for."""

    form: Form
    cells: Sequence[Reference]

    @cached_property
    def tree(self) -> Tree:
        """The formula's tree."""
        return self._over(self.form.tree)

    def leaves(self) -> Iterator[Tree]:
        """What is no operation; cells that a formula reads more than once come once."""
        return map(self._over, self.form.leaves)

    @property
    def kind(self) -> str:
        """The operation that is done last; "" if there is none."""
        return self.form.tree.kind if isinstance(self.form.tree, Operation) else ""

    def _over(self, form: Tree) -> Tree:
        if isinstance(form, Operation):
            return Operation(form.kind, tuple(map(self._over, form.operands)))
        if isinstance(form, Reference):
            return self.cells[form.row]
        if isinstance(form, Range) and not form.first.frozen:  # whole columns and rows are no cells
            return Range(self.cells[form.first.row], self.cells[form.last.row])
        return form


def parsed(key: str) -> Parsed:
    """The key of a shape parsed.

    Raises:
        UnsupportedError: it is no formula, or uses what is not supported.
    """
    numbers: dict[str, int] = {}

    def numbered(match: re.Match[str]) -> str:
        return match[0] if match["row"] is None else f"A‹{numbers.setdefault(match[0], len(numbers))}›"

    try:
        form = _form(CELL.sub(numbered, key))
    except UnsupportedError:
        parse_arrays(key)  # the message names what stands there
        raise
    return Parsed(form, [cell_in(text) for text in numbers])


@lru_cache(maxsize=4096)
def _form(text: str) -> Form:
    return Form(parse_arrays(text))
