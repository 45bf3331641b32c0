"""Which formulas read a cell, for a whole book, and what depends on some cells."""

from bisect import bisect_right
from collections.abc import Container, Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine import InputError
from workbook.spreadsheet.areas import Address, Area, area_at
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.graph import ancestors

MOST_FORMULAS = 300_000
MOST_READS = 6_000_000
MOST_SHARED = 1_000


class Ranges:
    """The parts of ranges in one column, with the number of the formula that reads each."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, int, int]] = []  # top, bottom, number
        self._over: dict[tuple[int, int], list[int]] = {}

    def add(self, area: Area, at: int) -> None:
        """Note a range that a formula reads; all are noted before the first question."""
        self._parts.append((area.top, area.bottom, at))

    @cached_property
    def _columns(self) -> NDArray[np.int64]:
        return np.ascontiguousarray(np.array(self._parts, dtype=np.int64).T)

    @cached_property
    def _ends(self) -> list[int]:
        """The rows with which a range begins, or with which it no longer goes on."""
        return sorted({end for top, bottom, _ in self._parts for end in (top, bottom + 1)})

    def over(self, top: int, bottom: int) -> list[int]:
        """The formulas, by their number, that read some of these rows; looked up once between the same ends."""
        between = bisect_right(self._ends, top), bisect_right(self._ends, bottom)
        if between not in self._over:
            tops, bottoms, numbers = self._columns
            self._over[between] = numbers[(tops <= bottom) & (bottoms >= top)].tolist()
        return self._over[between]


class Readers:
    """The formulas of a book, each after those that it reads, and who reads what.

    A circle somewhere in the book is no fault here: it stops only the check of what depends on it.

    Attributes:
        formulas: all of them, each after those that it reads, as far as there is no circle.
        position: where in these a formula stands, by the first cell that it fills.
        circular: whether formulas go in a circle somewhere.
    """

    def __init__(self, cells: Cells) -> None:
        """Raises:
        InputError: there are too many.
        """
        self.cells = cells
        addresses = [
            Address(sheet.name, row, column)
            for sheet in cells.book.sheets
            for row, column in sorted((row, column) for column, rows in sheet.shapes.items() for row in rows)
        ]
        if len(addresses) > MOST_FORMULAS:
            raise InputError(
                f"{len(addresses):,} formulas, more than are looked through without options: name the cells"
            )
        self._check_reads(addresses)
        self.formulas = ancestors(cells, [area_at(address) for address in addresses], [], circles=True)
        self.position = {formula.home: at for at, formula in enumerate(self.formulas)}
        self._cells: dict[Address, list[int]] = {}
        self._ranges: dict[tuple[str, int], Ranges] = {}
        self._after: dict[int, set[int]] = {}
        self.circular = False
        self._index()

    def _check_reads(self, addresses: Iterable[Address]) -> None:
        """Before anything else, since to put in order what reads hundreds of millions of cells takes minutes."""
        size = 0
        for address in addresses:
            formula = self.cells.formula(address)
            size += 0 if formula is None else sum(area.size for area in self.cells.readable(formula))
            if size > MOST_READS:
                raise InputError("formulas read too many cells to be looked through without options: name the cells")

    def _index(self) -> None:
        """Note who reads each cell, and each column's part of a range: (top, bottom, number of the formula)."""
        filled = {address: at for at, formula in enumerate(self.formulas) for address in formula.area.addresses()}
        last: dict[Area, int] = {}
        for at, formula in enumerate(self.formulas):
            for area in self.cells.readable(formula):
                if area.size == 1:
                    address = area.first
                    self._cells.setdefault(address, []).append(at)
                    self.circular |= filled.get(address, -1) >= at
                    continue
                for column in range(area.left, area.right + 1):
                    self._ranges.setdefault((area.sheet, column), Ranges()).add(area, at)
                if area not in last:
                    last[area] = max((self.position[address] for address in self.cells.formulas_in(area)), default=-1)
                self.circular |= last[area] >= at

    def dependents(
        self, areas: Iterable[Area], *, within: Container[int] | None = None, barrier: Container[int] = frozenset()
    ) -> set[int]:
        """The formulas, by their number, that depend on some cells: of those within a set, if one is given, and not
        through those of a barrier.
        """
        found: set[int] = set()
        pending = {at for area in areas for at in self.direct(area)}
        while pending:
            at = pending.pop()
            if within is not None and at not in within:
                continue
            found.add(at)
            if at not in barrier:
                pending |= self.next(at) - found
        return found

    def ancestors(self, areas: Iterable[Area]) -> set[int]:
        """The formulas, by their number, that some cells are computed by, and those that these read."""
        pending = [address for area in areas for address in self.cells.formulas_in(area)]
        found: set[int] = set()
        while pending:
            at = self.position[pending.pop()]
            if at not in found:
                found.add(at)
                pending += self.cells.formulas_read_by(self.formulas[at])
        return found

    def shared(self, areas: Sequence[Area], *, barrier: Container[int] = frozenset()) -> set[int]:
        """The formulas, by their number, that depend on each of some areas, and not through those of a barrier.

        Of more than a thousand areas a thousand are asked for.
        """
        some = areas[:: -(-len(areas) // MOST_SHARED)]
        bits = dict.fromkeys(sorted(self.dependents(some, barrier=barrier)), 0)  # which areas, a bit for each
        for bit, area in enumerate(some):
            for at in self.direct(area):
                bits[at] |= 1 << bit
        self._push(bits, barrier)
        every = (1 << len(some)) - 1
        return {at for at, held in bits.items() if held == every}

    def _push(self, bits: dict[int, int], barrier: Container[int]) -> None:
        """Give what each formula holds to those that read it, once from the first to the last; again in a circle."""
        changed = True
        while changed:
            changed = False
            for at, held in bits.items():
                for after in self.next(at) if at not in barrier else ():
                    changed |= after <= at and held | bits[after] != bits[after]
                    bits[after] |= held

    def depends(self, addresses: Iterable[Address], direct: set[int]) -> bool:
        """Whether one of some cells is computed by one of some formulas, or from what these compute."""
        # Formulas come after those that they read, so none before the first of these does; but for circles.
        first = 0 if self.circular else min(direct, default=0)
        pending, seen = list(addresses), set[int]()
        while pending:
            formula = self.cells.formula(pending.pop())
            at = None if formula is None else self.position.get(formula.home)
            if formula is None or at is None or at < first or at in seen:
                continue
            if at in direct:
                return True
            seen.add(at)
            pending.extend(self.cells.formulas_read_by(formula))
        return False

    def next(self, at: int) -> set[int]:
        """The formulas, by their number, that read what a formula fills; looked up once."""
        if at not in self._after:
            self._after[at] = self.direct(self.formulas[at].area)
        return self._after[at]

    def direct(self, area: Area) -> set[int]:
        """The formulas, by their number, that read some cells."""
        found = {at for address in area.addresses() for at in self._cells.get(address, ())}
        for column in range(area.left, area.right + 1):
            ranges = self._ranges.get((area.sheet, column))
            if ranges is not None:
                found.update(ranges.over(area.top, area.bottom))
        return found

    def is_read(self, address: Address) -> bool:
        """Whether a formula reads a cell."""
        return bool(self.direct(area_at(address)))
