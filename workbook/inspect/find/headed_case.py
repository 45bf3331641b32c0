"""A table with our headers as it comes before the judge; what is not filled in yet is left out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from engine import Columns
from workbook.inspect.find.case import Case, Group, partly_filled
from workbook.inspect.find.comparison import Comparison
from workbook.inspect.find.headed import Headed
from workbook.inspect.find.headers import GIVEN
from workbook.inspect.find.numbers import Expected
from workbook.inspect.find.rows import FEWEST_EMPTY
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.shapes import Shape
from workbook.spreadsheet.trees import Tree, Variable, leaves


class HeadedCase(Case):
    """Such a table, compared with the definitions of its columns."""

    def __init__(self, own: Headed) -> None:
        self.own, self.comparison = own, Comparison(own)
        self.book, self.table, self.numbers, self.columns = own.book, own.table, own.numbers, own.columns
        self.judged = list(self.columns.names)
        asked = self.asked
        self.names = sorted(self.judged, key=lambda name: name not in asked)  # a wrong row counts for the score
        self.samples = self.columns.of("target", "input") if self.columns.samples == 1 else []
        self.gives_numbers = self.columns.samples > 1
        rate = own.number("eta")
        self.rate = rate, None if rate is None else own.constant("eta")

    @cached_property
    def needs_values(self) -> bool:
        """Whether some cells hold no formula, or one that cannot be followed."""
        return any(group.tree is None for name in self.names for group in self.groups(name))

    @property
    def asked(self) -> list[str]:
        """Of the parameters, only from the second update on."""
        batch = self.columns.method.batch_size
        return [
            one.name
            for one in self.columns.all
            if one.kind not in GIVEN
            and self.table.steps > (batch if one.kind in ("weight", "bias") else self._typed_in(one.name))
        ]

    def _typed_in(self, name: str) -> int:
        return self.comparison.defined[name].typed_in

    def given_rows(self, name: str) -> Sequence[int]:
        """As for a Case."""
        typed = range(min(self._typed_in(name), self.table.steps))
        return [row for row in typed if row not in self.unfinished and row not in self.empty_rows]

    def _grouped(self, name: str) -> Iterator[Group]:
        """As for a Case, without what is computed from cells that are still empty, or below the table."""
        for group in self.comparison.groups(name):
            if rows := self._computable(name, group.rows):
                yield replace(group, rows=rows)

    def _computable(self, name: str, rows: Sequence[int]) -> tuple[int, ...]:
        trees, steps = self.comparison.defined[name].trees, self.table.steps
        reads = [[(name, 0), *((leaf.name, leaf.row) for leaf in _variables(tree))] for tree in trees]
        furthest = [max(below for _, below in read) for read in reads]
        kept = (row for row in rows if row + furthest[row % len(trees)] < steps)
        if not self.empty:
            return tuple(kept)
        read_in = ((row, reads[row % len(trees)]) for row in kept)
        return tuple(row for row, read in read_in if not any((of, row + below) in self.empty for of, below in read))

    def unjudgeable(self, name: str) -> None:
        """As for a Case: each can be judged, since all are there."""

    def holds(self, name: str, group: Group) -> bool:
        """As for a Case."""
        return self.comparison.holds(name, group)

    def expected(self, name: str, rows: Sequence[int]) -> Expected:
        """As for a Case."""
        return self.comparison.expected(name, rows)

    def expected_text(self, name: str, row: int) -> str:
        """As for a Case."""
        tree = self.comparison.defined[name].tree_of(row)
        return "=" + Shape(printed(tree, self.own.operand)).text(self.table.at[row])

    @property
    def lacking(self) -> list[str]:
        """Rows and a batch that are not filled to their ends."""
        size = self.columns.method.batch_size
        left = self.table.steps % size
        batch = f"the last batch has {left} of {size} rows: its sums are not checked"
        partly = [partly_filled(self.table.at[row], names) for row, names in self.unfinished.items()]
        return partly + [batch] * bool(left)

    @property
    def remarks(self) -> list[str]:
        """The network and the method, in words."""
        return [f"taken for: {_in_words(self.columns)}"]

    @cached_property
    def unfinished(self) -> dict[int, list[str]]:
        """The columns that are still empty in rows that are only partly filled.

        One or two empty cells amid a filled row are no unfinished row but slips of their own; at its end they are one.
        """
        last, rows = self.table.steps - 1, self.table.at
        lacking: dict[int, list[str]] = {}
        for name in self.judged:
            values, shapes = (
                cells.get(self.table.columns[name], {}) for cells in (self.table.sheet.values, self.table.sheet.shapes)
            )
            for row in range(self._typed_in(name), len(rows)):
                if rows[row] not in values and rows[row] not in shapes:
                    lacking.setdefault(row, []).append(name)
        for row in self.empty_rows:
            lacking.pop(row, None)
        return {
            row: names
            for row, names in sorted(lacking.items())
            if row == last or len(names) >= FEWEST_EMPTY or names[-1] == self.judged[-1]
        }

    @property
    def begun(self) -> set[str]:
        """As for a Case."""
        return {name for names in self.unfinished.values() for name in names}

    @cached_property
    def empty(self) -> set[tuple[str, int]]:
        """The cells, by column and row, in which nothing stands yet: no fault, but nothing to compute from."""
        unfinished = {(name, row) for row, names in self.unfinished.items() for name in names}
        return unfinished | {(name, row) for name in self.names for row in self.empty_rows}


def _variables(tree: Tree) -> list[Variable]:
    return [leaf for leaf in leaves(tree) if isinstance(leaf, Variable)]


def _in_words(columns: Columns) -> str:
    network, method = columns.network, columns.method
    layers = " - ".join(
        [
            str(network.inputs),
            *(f"{size} {of.activation}" for size, of in zip(network.sizes[1:], network.layers, strict=True)),
        ]
    )
    batch = f", batches of {method.batch_size} ({method.reduction})" if method.batch_size > 1 else ""
    samples = f", {columns.samples} samples{batch}" if columns.samples > 1 else ""
    schedule = "" if method.schedule == "constant" else f", {method.schedule} schedule"
    order = ", output layer first" if method.update == "output-first" else ""
    return f"{layers}, {network.loss}{samples}, {method.optimizer}{schedule}{order}"
