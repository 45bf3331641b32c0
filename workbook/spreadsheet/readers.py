"""Which formulas read a cell, for a whole book, and what depends on some cells."""

from collections.abc import Container, Iterable

from engine import InputError
from workbook.spreadsheet.cells import Area, Cells, Formula, Place, area_at
from workbook.spreadsheet.graph import ancestors
from workbook.spreadsheet.trees import UnsupportedError

MOST_FORMULAS = 300_000
MOST_READS = 6_000_000


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
        places = [
            (sheet.name, row, column)
            for sheet in cells.book.sheets
            for row, column in sorted((row, column) for column, rows in sheet.shapes.items() for row in rows)
        ]
        if len(places) > MOST_FORMULAS:
            raise InputError(f"{len(places):,} formulas, more than are looked through without options: name the cells")
        self.formulas = ancestors(cells, [area_at(place) for place in places], [], circles=True)
        self.position = {formula.home: at for at, formula in enumerate(self.formulas)}
        self._readers: dict[Place, list[int]] = {}
        self._after: dict[int, set[int]] = {}
        if sum(area.size for formula in self.formulas for area in self.reads(formula)) > MOST_READS:
            raise InputError("formulas read too many cells to be looked through without options: name the cells")
        filled = {place: at for at, formula in enumerate(self.formulas) for place in formula.area.places()}
        self.circular = False
        for at, formula in enumerate(self.formulas):
            for area in self.reads(formula):
                for place in area.places():
                    self._readers.setdefault(place, []).append(at)
                    self.circular |= filled.get(place, -1) >= at

    def reads(self, formula: Formula) -> list[Area]:
        """The areas that a formula reads; none if that cannot be told."""
        try:
            return self.cells.read_by(formula)
        except UnsupportedError:
            return []

    def dependents(
        self, areas: Iterable[Area], last: int | None = None, barrier: Container[int] = frozenset()
    ) -> set[int]:
        """The formulas, by their number, that depend on some cells: up to a last one, and not through those of a
        barrier.
        """
        found: set[int] = set()
        pending = [at for area in areas for at in self.direct(area)]
        while pending:
            at = pending.pop()
            if at in found or (last is not None and at > last):
                continue
            found.add(at)
            if at not in barrier:
                pending.extend(self._next(at))
        return found

    def _next(self, at: int) -> set[int]:
        """The formulas that read what a formula fills, looked up once."""
        if at not in self._after:
            self._after[at] = self.direct(self.formulas[at].area)
        return self._after[at]

    def direct(self, area: Area) -> set[int]:
        """The formulas, by their number, that read some cells."""
        return {at for place in area.places() for at in self._readers.get(place, ())}

    def is_read(self, place: Place) -> bool:
        """Whether a formula reads a cell."""
        return place in self._readers
