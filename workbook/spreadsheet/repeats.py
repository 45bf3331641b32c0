"""The same formulas once more further down: the derivatives of all copies at once.

A table of steps repeats its first step row after row. What one step computes is followed cell by cell (see graph.py);
the others are the same formulas over other numbers, so one pass over arrays with an axis for the copies does for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine import FloatArray
from workbook.spreadsheet.areas import Address, Area
from workbook.spreadsheet.arrays import Adjoint, Array, numbers
from workbook.spreadsheet.cells import Cells, Formula
from workbook.spreadsheet.graph import LARGEST_PLANE, Derivatives, Planes, is_stale
from workbook.spreadsheet.readers import Readers
from workbook.spreadsheet.references import moves_with_its_row, references_of
from workbook.spreadsheet.trace import carried_back, filled, traced
from workbook.spreadsheet.trees import Name, Range, Reference, Tree, UnsupportedError

# What all copies read is looked through for each of them.
MOST_COMMON = 64


@dataclass(frozen=True)
class Repeats:
    """The derivative of each copy's loss by the cells of the copy.

    Attributes:
        downs: how many rows further down each copy is: (B,).
        stale: which copies have a cell that does not show what its formula gives: (B,).
    """

    cells: "Copies"
    planes: Planes
    downs: tuple[int, ...]
    stale: NDArray[np.bool_]

    def by(self, area: Area) -> Adjoint:
        """The adjoints of the cells that lie to each copy as an area does to the first: (3, B, rows, columns)."""
        return self.planes.of(area)

    def value(self, area: Area) -> FloatArray:
        """What stands in these cells: (B, rows, columns).

        Raises:
            UnsupportedError: not in all of them there are numbers.
        """
        return self.cells.moved(area)


class Copies:
    """The cells that formulas read, for copies of them so many rows further down, all at once."""

    def __init__(self, cells: Cells, downs: Sequence[int]) -> None:
        self.cells, self.downs = cells, downs
        self._moved: dict[Area, FloatArray] = {}

    def area_of(self, leaf: Reference | Range, home: Address) -> Area:
        """The cells that a reference leads to from the first copy."""
        return self.cells.area_of(leaf, home)

    def meaning(self, name: Name, home: Address) -> Tree:
        """The tree of a name."""
        return self.cells.meaning(name, home)

    def read(self, leaf: Reference | Range, home: Address) -> Array:
        """What stands there: (B, R, C) if it moves with the formula, (R, C) if it does not."""
        area = self.area_of(leaf, home)
        return self.moved(area) if moves_with_its_row(leaf) else self.cells.value(area)

    def moved(self, area: Area) -> FloatArray:
        """What stands so many rows below an area: (B, R, C).

        Raises:
            UnsupportedError: not in all cells there are numbers.
        """
        if area not in self._moved:
            columns = self.cells.sheets[area.sheet].values
            found = np.empty((len(self.downs), *area.shape))
            for at, (_, row, column) in enumerate(area.addresses()):
                values = columns.get(column, {})
                down = [value for down in self.downs if isinstance(value := values.get(row + down), float)]
                if len(down) < len(self.downs):
                    raise UnsupportedError("not all copies have a number there")
                found[:, at // area.shape[1], at % area.shape[1]] = down
            self._moved[area] = found
        return self._moved[area]

    def spilled(self, area: Area) -> tuple[Area, Array]:
        """Not followed: what it fills may differ from copy to copy."""
        raise UnsupportedError(f"{area} may spill differently")


def repeats(
    readers: Readers, first: Derivatives, parameters: Sequence[Area], given: Sequence[Area], downs: Sequence[int]
) -> Repeats | None:
    """The derivatives of those copies of a loss that are computed from theirs as the first is from its parameters.

    Args:
        given: other cells of the first copy whose values are asked for.
        downs: the copies that there may be; of them those are left out that differ in a formula, read a cell that the
            parameters move in another way, or have a cell without a number.

    Returns:
        None if none is left, or the first cannot be computed so.
    """
    try:
        cone = _Cone(readers, first, parameters, given)
        alike = [down for down in downs if cone.is_alike(down)]
        if not alike or len(alike) * sum(formula.area.size for formula in first.order) > LARGEST_PLANE:
            return None
        return _differentiated(Copies(readers.cells, alike), first, parameters)
    except UnsupportedError:
        return None


def _differentiated(copies: Copies, first: Derivatives, parameters: Sequence[Area]) -> Repeats:
    areas = [first.loss, *parameters, *(formula.area for formula in first.order)]
    planes = Planes(areas, 3, len(copies.downs))
    planes.add(first.loss, np.array([1.0, 1.0, 0.0]).reshape(3, 1, 1, 1))
    stale = np.zeros(len(copies.downs), dtype=bool)
    for formula in reversed(first.order):
        part = traced(copies, formula)
        off = is_stale(copies.moved(formula.area), numbers(filled(formula, part.value)))
        stale |= off.any(axis=(1, 2))
        carried_back(part, formula, planes.of(formula.area), planes.add)
    return Repeats(copies, planes, tuple(copies.downs), stale)


class _Cone:
    """The formulas between the parameters of the first copy and its loss, with what they read beside each other."""

    def __init__(self, readers: Readers, first: Derivatives, parameters: Sequence[Area], given: Sequence[Area]) -> None:
        """Raises:
        UnsupportedError: they read cells in ways that cannot be moved down.
        """
        self.readers, self.parameters, self.path = readers, parameters, first.order
        self.live = {address for area in parameters for address in area.addresses()}
        self.live.update(address for formula in first.order for address in formula.area.addresses())
        moving, common = self._reads()
        self.beside = sorted({address for area in moving for address in area.addresses()} - self.live)
        areas = {*moving, *parameters, *given, *(formula.area for formula in first.order)}
        self.numbered = {address for area in areas for address in area.addresses()}
        self.common = common
        self.common_formulas = [address for area in common for address in readers.cells.formulas_in(area)]
        many = len(self.common_formulas) > MOST_COMMON
        if readers.circular or many or any(area.holds(address) for area in common for address in self.live):
            raise UnsupportedError("what all copies read depends on the parameters of one")

    def _reads(self) -> tuple[set[Area], set[Area]]:
        """What the formulas read further down in copies further down, and what stays."""
        found: tuple[set[Area], set[Area]] = set(), set()
        for formula in self.path:
            for leaf in references_of(self.readers.cells.book, formula.tree, formula.home.sheet):
                moves = moves_with_its_row(leaf)
                if moves is None:
                    raise UnsupportedError("a range grows from copy to copy")
                found[not moves].add(self.readers.cells.area_of(leaf, formula.home))
        return found

    def is_alike(self, down: int) -> bool:
        """Whether a copy has the same formulas, reads nothing else that its parameters move, and has numbers."""
        cells = self.readers.cells
        return (
            all(_is_copy(formula, cells.formula(moved_address(formula.home, down)), down) for formula in self.path)
            and not self._is_moved_otherwise(down)
            and all(
                type(cells.sheets[sheet].values.get(column, {}).get(row + down)) is float
                for sheet, row, column in self.numbered
            )
        )

    def _is_moved_otherwise(self, down: int) -> bool:
        """Whether a copy's parameters move something that its formulas read beside each other."""
        parameters = [moved_area(area, down) for area in self.parameters]
        if any(_overlap(area, one) for area in parameters for one in self.common):
            return True
        direct = {at for area in parameters for at in self.readers.direct(area)}
        beside = (moved_address(address, down) for address in self.beside)
        return self.readers.depends([*beside, *self.common_formulas], direct)


def _is_copy(one: Formula, other: Formula | None, down: int) -> bool:
    return (
        other is not None
        and one.shape == other.shape
        and one.array == other.array
        and other.area == moved_area(one.area, down)
    )


def moved_area(area: Area, down: int) -> Area:
    """An area so many rows further down."""
    return Area(area.sheet, area.top + down, area.left, area.bottom + down, area.right)


def moved_address(address: Address, down: int) -> Address:
    """The cell so many rows further down."""
    return address._replace(row=address.row + down)


def _overlap(one: Area, other: Area) -> bool:
    return (
        one.sheet == other.sheet
        and one.top <= other.bottom
        and other.top <= one.bottom
        and one.left <= other.right
        and other.left <= one.right
    )
