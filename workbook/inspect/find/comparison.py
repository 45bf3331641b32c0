"""The formulas of a table with our headers against the definitions of its columns, by what both compute."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine import Columns, FloatArray
from workbook.inspect.find.headed import Headed
from workbook.spreadsheet.areas import Address
from workbook.spreadsheet.evaluator import Value, evaluate
from workbook.spreadsheet.parser import parse
from workbook.spreadsheet.references import cell_of, followed
from workbook.spreadsheet.shapes import Shape
from workbook.spreadsheet.trees import (
    Name,
    Number,
    Operation,
    Range,
    Reference,
    Tree,
    UnsupportedError,
    Variable,
    leaves,
    replaced,
)
from workbook.table.definitions import definitions

DRAWS = 16
LARGEST_RANGE = 200
# A number is right within 1e-12 + 1e-9 of itself.
ABSOLUTE, RELATIVE = 1e-12, 1e-9
# What does not follow from the own row's other numbers is drawn, in rows apart each anew.
# So is what reads other rows: a batch's mean, the states of a recurrent layer. Each row would read others again.
DRAWN = {"target", "counted", "input", "weight", "bias", "initial-state", "state", "step", "sample", "time", "mask"}
# Of these the numbers may be negative.
SIGNED = {
    "input",
    "weight",
    "bias",
    "initial-state",
    "pre-activation",
    "delta",
    "gradient",
    "gate-sum",
    "cell",
    "recalled",
}


@dataclass(frozen=True)
class Group:
    """Rows, from 0, of one column with one formula in one place of their batch; no tree where it can't be followed."""

    rows: list[int]
    shape: Shape | None
    tree: Tree | None
    expected: Tree
    why: str = ""


class Comparison:
    """Compares a table with the network and the method that it is taken for."""

    def __init__(self, headed: Headed) -> None:
        self.headed, self.columns = headed, headed.columns
        self.defined = definitions(self.columns)
        self.draws = Draws(self)
        self._offsets: dict[Shape, tuple[int, ...]] = {}
        self.names_at = {column: name for name, column in headed.places.items()}
        self.constants_at = {cell: name for name, cell in headed.constants.items()}
        if self.columns.method.schedule != "constant" and "eta" in headed.constants:
            self.constants_at[headed.constants["eta"]] = "eta_0"

    def asked(self, names: Sequence[str]) -> int:
        """How many cells of some columns are computed."""
        return sum(max(len(self.headed.rows) - self.defined[name].typed_in, 0) for name in names)

    def matches(self, names: Sequence[str]) -> float:
        """How many cells of some columns hold what they should: by their formulas, or else by their numbers."""
        found = 0.0
        for name in names:
            for group in self.groups(name):
                if group.tree is None:
                    found += np.count_nonzero(~self.off(name, group))
                elif self.same(group.tree, group.expected):
                    found += len(group.rows)
        return found

    def same(self, tree: Tree, other: Tree) -> bool:
        """Whether two trees compute the same in every table of this kind."""
        try:
            mine, theirs = (evaluate(one, self.draws) for one in (tree, other))
        except (UnsupportedError, KeyError):
            return False
        with np.errstate(invalid="ignore"):
            scale = np.maximum(np.abs(mine), np.abs(theirs))
            return bool(np.all(np.abs(mine - theirs) <= 1e-9 * scale + 1e-13))

    def ratio(self, tree: Tree, other: Tree) -> FloatArray | None:
        """One tree divided by another, in every draw; None where one can't be computed."""
        try:
            with np.errstate(all="ignore"):
                return np.atleast_1d(np.asarray(evaluate(tree, self.draws) / evaluate(other, self.draws)))
        except (UnsupportedError, KeyError):
            return None

    def groups(self, name: str) -> list[Group]:
        """The computed cells of a column, those with one formula together."""
        definition, found = self.defined[name], defaultdict(list)
        shapes = self.headed.sheet.shapes.get(self.headed.places[name], {})
        for number, row in enumerate(self.headed.rows):
            if number >= definition.typed_in:
                shape = shapes.get(row)
                outside = self._outside(shape, row) if shape is not None else ()
                found[number % len(definition.trees), shape, outside].append(number)
        return [self._group(rows, shape, definition.trees[place]) for (place, shape, _), rows in found.items()]

    def _group(self, rows: list[int], shape: Shape | None, expected: Tree) -> Group:
        if shape is None:
            return Group(rows, None, None, expected)
        try:
            return Group(rows, shape, self.tree(shape, self.headed.rows[rows[0]]), expected)
        except UnsupportedError as error:
            return Group(rows, shape, None, expected, str(error))

    def _outside(self, shape: Shape, row: int) -> tuple[object, ...]:
        """Where a formula's references lead that leave the table's rows from this one."""
        if shape not in self._offsets:
            self._offsets[shape] = _row_offsets(shape)
        offsets, rows = self._offsets[shape], self.headed.rows
        if not offsets or (row + min(offsets) in rows and row + max(offsets) in rows):
            return ()
        return tuple(row + offset for offset in offsets if row + offset not in rows)

    def tree(self, shape: Shape, row: int) -> Tree:
        """What a formula in a row of the sheet computes, over the table's variables.

        Raises:
            UnsupportedError: it uses what is not supported.
        """

        def change(leaf: Tree) -> Tree:
            if isinstance(leaf, Name):
                return self._named(leaf, row)
            if isinstance(leaf, Reference):
                return self._cell(leaf, row)
            if isinstance(leaf, Range):
                return self._block(leaf, row)
            return leaf

        return replaced(parse(shape.key), change)

    def _named(self, leaf: Name, row: int) -> Tree:
        book, sheet = self.headed.book, self.headed.sheet.name
        if isinstance(cells := followed(book, leaf, sheet), Range):
            return self._block(cells, row)
        target = cell_of(book, leaf, Address(sheet, row, 1))
        if target is None:
            raise UnsupportedError(f"the name {leaf.text} stands for no cell")
        return self._cell(Reference(target.sheet, target.column, target.row, frozen=True), row)

    def _cell(self, leaf: Reference, row: int) -> Tree:
        at = leaf.row if leaf.frozen else row + leaf.row
        if leaf.sheet is not None and leaf.sheet != self.headed.sheet.name:
            raise UnsupportedError(f"it refers to the sheet {leaf.sheet}")
        if (constant := self.constants_at.get(Address(self.headed.sheet.name, at, leaf.column))) is not None:
            return Variable(constant, 0)
        if (name := self.names_at.get(leaf.column)) is not None and at in self.headed.rows:
            if leaf.frozen:
                raise UnsupportedError(f"it refers to {self.headed.cell(name, at)} from every row")
            return Variable(name, leaf.row)
        value = self.headed.sheet.value(leaf.column, at)
        return Number(value if isinstance(value, float) else 0.0 if value is None else np.nan)

    def _block(self, cells: Range, row: int) -> Tree:
        first, last = cells.first, cells.last
        if first.frozen or last.frozen or first.column != last.column or last.row - first.row > LARGEST_RANGE:
            raise UnsupportedError("it takes a range that is no column of rows nearby")
        rows = range(first.row, last.row + 1)
        return Operation(
            "block", tuple(self._cell(Reference(first.sheet, first.column, at, frozen=False), row) for at in rows)
        )

    @cached_property
    def numbers(self) -> dict[str, FloatArray]:
        """Every column's numbers; nan where there is none."""
        found = {}
        for name, column in self.headed.places.items():
            cells = self.headed.sheet.values.get(column, {})
            values = [cells.get(row) for row in self.headed.rows]
            found[name] = np.array([v if isinstance(v, float) else np.nan for v in values])
        return found

    def right(self, tree: Tree, rows: Sequence[int]) -> FloatArray:
        """What a tree gives in some rows, from the numbers in them; nan where these are not there."""
        at, count = np.array(rows), len(self.headed.rows)

        class Rows(dict[Variable, Value]):
            def __missing__(rows_, leaf: Variable) -> Value:  # noqa: N805
                if leaf.name not in self.numbers:
                    number = self.headed.number("eta" if leaf.name == "eta_0" else leaf.name)
                    return np.float64(np.nan if number is None else number)
                place = at + leaf.row
                inside = (place >= 0) & (place < count)
                return np.where(inside, self.numbers[leaf.name][np.clip(place, 0, count - 1)], np.nan)

        return np.broadcast_to(evaluate(tree, Rows()), at.shape)

    def off(self, name: str, group: Group) -> NDArray[np.bool_]:
        """Which rows of a group hold another number than they should by the numbers around them."""
        got, right = self.numbers[name][group.rows], self.right(group.expected, group.rows)
        with np.errstate(invalid="ignore"):
            return np.asarray(~(np.abs(got - right) <= ABSOLUTE + RELATIVE * np.abs(right)))


class Draws(dict[Variable, Value]):
    """Numbers for every variable: drawn where the table does not compute it, else computed from the same row."""

    def __init__(self, comparison: Comparison) -> None:
        super().__init__()
        self.columns, self.defined = comparison.columns, comparison.defined
        self.generator = np.random.default_rng(7)

    def __missing__(self, leaf: Variable) -> Value:
        column = self.columns.by_name.get(leaf.name)
        if column is not None and column.kind == "batch":
            raise KeyError(leaf)  # it depends on the place in the batch; nothing is computed from it
        if column is None or column.kind in DRAWN or self._reads_other_rows(leaf.name):
            self[leaf] = self._drawn(leaf, column.kind if column else "constant")
        else:
            tree = replaced(self.defined[leaf.name].tree, lambda own: _moved(own, leaf.row, self.columns))
            self[leaf] = evaluate(tree, self)
        return self[leaf]

    def _reads_other_rows(self, name: str) -> bool:
        trees = self.defined[name].trees
        return len(trees) > 1 or any(of.row for of in leaves(trees[0]) if isinstance(of, Variable))

    def _drawn(self, leaf: Variable, kind: str) -> FloatArray:
        if kind in ("step", "sample", "time"):
            return self.generator.integers(1, 9, DRAWS).astype(float)
        if kind == "target" and self.columns.network.loss == "cross-entropy":
            return self._share(leaf)
        low, high = (0.1, 0.9) if kind in ("target", "constant") or leaf.name.startswith("s_") else (0.2, 1.6)
        signs = self.generator.choice([-1.0, 1.0], DRAWS) if kind in SIGNED else 1.0
        return np.asarray(signs * self.generator.uniform(low, high, DRAWS))

    def _share(self, leaf: Variable) -> FloatArray:
        """Targets that add up to 1 in each row."""
        names = self.columns.target_names
        shares = self.generator.uniform(0.1, 1.0, (len(names), DRAWS))
        shares /= shares.sum(axis=0)
        for name, share in zip(names, shares, strict=True):
            self.setdefault(Variable(name, leaf.row), share)
        return np.asarray(dict.__getitem__(self, leaf))


def _moved(leaf: Tree, rows: int, columns: Columns) -> Tree:
    if isinstance(leaf, Variable) and leaf.name in columns.by_name:
        return Variable(leaf.name, leaf.row + rows)
    return leaf


def _row_offsets(shape: Shape) -> tuple[int, ...]:
    """How far below its own row a formula's references lead; none where it cannot be read."""
    try:
        return tuple(leaf.row for leaf in _references(parse(shape.key)) if not leaf.frozen)
    except UnsupportedError:
        return ()


def _references(tree: Tree) -> Iterator[Reference]:
    if isinstance(tree, Operation):
        for operand in tree.operands:
            yield from _references(operand)
    elif isinstance(tree, Reference):
        yield tree
    elif isinstance(tree, Range):
        yield from (tree.first, tree.last)
