"""The formulas between parameters and a loss, and the derivative of the loss by every cell between them.

Reverse accumulation (Griewank and Walther, Evaluating Derivatives, 2nd edition, chapter 3) over cells instead of
instructions: each formula is visited once, after all formulas that read it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine import FloatArray, InputError
from workbook.spreadsheet.areas import Address, Area, area_at
from workbook.spreadsheet.arrays import Adjoint, Array, numbers
from workbook.spreadsheet.cells import TYPED, Cells, Formula
from workbook.spreadsheet.differences import TOLERANCE, carried_back_by_differences
from workbook.spreadsheet.trace import carried_back, filled, traced
from workbook.spreadsheet.trees import UnsupportedError

MOST_FORMULAS = 1_000_000
MOST_PARAMETERS = 1_000_000
# Of formulas in ranges that are read, before the formulas are in order: a hundred bytes each.
MOST_LISTED = 10_000_000
# Of the cells that the formulas between parameters and loss read, a range as often as it is read: minutes.
MOST_READS = 200_000_000
LARGEST_PLANE = 60_000_000
# How far a stored value may be from what its formula gives: workbooks may be saved with 10 significant digits.
STALE = 1e-6


class Plane:
    """A number for each cell between parameters and loss on one sheet, in the smallest rectangle that holds them."""

    def __init__(self, box: Area, channels: tuple[int, ...]) -> None:
        self.box = box
        self.cells = np.zeros((*channels, *box.shape))

    def part(self, area: Area) -> tuple[FloatArray, tuple[slice, slice]]:
        """The numbers of those cells of an area that the rectangle holds, to change them, and which they are of it."""
        rows = _overlap((area.top, area.bottom), (self.box.top, self.box.bottom))
        columns = _overlap((area.left, area.right), (self.box.left, self.box.right))
        return self.cells[..., rows[1], columns[1]], (rows[0], columns[0])


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> tuple[slice, slice]:
    """The rows or columns that two spans have in common, counted from the start of each."""
    start, end = max(one[0], other[0]), min(one[1], other[1]) + 1
    end = max(start, end)
    return slice(start - one[0], end - one[0]), slice(start - other[0], end - other[0])


class Planes:
    """A plane for each sheet, of so many channels; with a second axis of those for each of several copies."""

    def __init__(self, areas: Iterable[Area], *channels: int) -> None:
        boxes: dict[str, Area] = {}
        for area in areas:
            box = boxes.get(area.sheet, area)
            boxes[area.sheet] = Area(area.sheet, min(box.top, area.top), min(box.left, area.left),
                                     max(box.bottom, area.bottom), max(box.right, area.right))  # fmt: skip
        if sum(box.size for box in boxes.values()) * math.prod(channels[1:]) > LARGEST_PLANE:
            raise InputError("the cells between parameters and loss lie too far apart: more than 60 million cells")
        self.planes = {sheet: Plane(box, channels) for sheet, box in boxes.items()}
        self.channels = channels

    def of(self, area: Area) -> FloatArray:
        """The numbers of an area's cells, 0 where there are none: (channels, [copies,] rows, columns)."""
        found = np.zeros((*self.channels, *area.shape))
        plane = self.planes.get(area.sheet)
        if plane is not None:
            inside, (rows, columns) = plane.part(area)
            found[..., rows, columns] = inside
        return found

    def add(self, area: Area, what: FloatArray | float) -> None:
        """Add to the numbers of those cells of an area that have one."""
        plane = self.planes.get(area.sheet)
        if plane is not None:
            inside, (rows, columns) = plane.part(area)
            inside += what if isinstance(what, float) else what[..., rows, columns]


@dataclass(frozen=True)
class Derivatives:
    """The derivative of one loss by all cells between it and the parameters.

    Attributes:
        loss: the loss's cell.
        planes: the channels of an adjoint (see arrays.py) for each cell.
        order: the formulas that lead from the parameters to the loss, each after those that it reads.
        by_differences: those of them whose derivatives are central differences, with the reason.
        stale: cells that do not show what their formula gives, with what it gives.
    """

    loss: Area
    planes: Planes
    order: tuple[Formula, ...]
    by_differences: dict[Address, str]
    stale: dict[Address, float]

    def by(self, area: Area) -> Adjoint:
        """The adjoint of an area's cells: (3, rows, columns)."""
        return self.planes.of(area)

    @property
    def tolerance(self) -> float:
        """How exact the derivatives are, relatively."""
        return TOLERANCE if self.by_differences else 0.0


def differentiated(cells: Cells, loss: Area, parameters: Sequence[Area], *, differences: bool = True) -> Derivatives:
    """The derivative of a loss by parameters and by all that is computed from them on the way to it.

    Parameters count as given, though they be formulas themselves.

    Args:
        differences: whether IronCalc takes over where a function has no derivative here, which takes seconds.

    Raises:
        UnsupportedError: a formula on the way can neither be differentiated nor recalculated.
        InputError: the formulas go in a circle, or they, what they read or the parameters are too many.
    """
    if (count := sum(area.size for area in parameters)) > MOST_PARAMETERS:
        raise InputError(f"got {count:,} parameters, expected at most {MOST_PARAMETERS:,}")
    order = ancestors(cells, [loss], parameters)
    live = Planes([*parameters, *(formula.area for formula in order)], 1)
    for area in parameters:
        live.add(area, 1.0)
    path = [formula for formula in order if _is_live(cells, formula, live)]
    _check_reads(cells, path)
    planes = Planes([loss, *parameters, *(formula.area for formula in path)], 3)
    planes.add(loss, np.array([1.0, 1.0, 0.0]).reshape(3, 1, 1))
    by_differences: dict[Address, str] = {}
    stale: dict[Address, float] = {}
    for formula in reversed(path):
        adjoint = planes.of(formula.area)
        if not adjoint[1:].any():
            continue
        try:
            part = traced(cells, formula)
        except UnsupportedError as error:
            by_differences[formula.home] = str(error)
            try:
                if not differences:
                    raise
                carried_back_by_differences(cells, formula, adjoint, live.of, planes.add)
            except UnsupportedError as second:
                raise UnsupportedError(f"{formula.home}: {second}") from None
            continue
        stale |= _stale(cells, formula, filled(formula, part.value))
        carried_back(part, formula, adjoint, planes.add)
    return Derivatives(loss, planes, tuple(path), by_differences, stale)


def _check_reads(cells: Cells, path: Iterable[Formula]) -> None:
    """Before the first of them is evaluated."""
    size = sum(area.size for formula in path for area in cells.readable(formula))
    if size > MOST_READS:
        raise InputError(
            f"the formulas between the parameters and the loss read {size:,} cells, expected at most {MOST_READS:,}: "
            "name parameters that are nearer to the loss"
        )


def _is_live(cells: Cells, formula: Formula, live: Planes) -> bool:
    """Whether a formula depends on a parameter; marks it if so."""
    try:
        found = any(live.of(area).any() for area in cells.read_by(formula))
    except UnsupportedError as error:
        if "another workbook" in str(error):
            return False  # nothing here can move what stands there
        raise UnsupportedError(f"{formula.home}: {error}") from None
    if found:
        live.add(formula.area, 1.0)
    return found


def ancestors(cells: Cells, results: Sequence[Area], stops: Sequence[Area], *, circles: bool = False) -> list[Formula]:
    """The formulas that results are computed from, each after those that it reads, but none that fills a stop.

    Args:
        circles: whether formulas may go in a circle: of two of them either may come first.

    Raises:
        InputError: the formulas go in a circle, or are too many.
    """
    given = {address for area in stops for address in area.addresses()}
    order: list[Formula] = []
    open_, done = set[Address](), set[Address]()
    listed = 0
    areas = set[Area]()  # whose formulas are all in the order
    stack: list[tuple[Address, Formula | None]] = [(address, None) for area in results for address in area.addresses()]
    stack.reverse()
    while stack:
        address, formula = stack.pop()
        if formula is not None:
            open_.discard(address)
            done.add(address)
            order.append(formula)
            areas.update(cells.readable(formula))
            continue
        if address in done or address in given or (formula := cells.formula(address)) is None:
            continue
        if address in open_:
            if circles:
                continue
            raise InputError(f"{cells.text(area_at(address))} is computed from itself: a circle that no parameter cuts")
        open_.add(address)
        stack.append((address, formula))
        if len(open_) + len(done) > MOST_FORMULAS:
            raise InputError(f"more than {MOST_FORMULAS:,} formulas lead to the loss")
        read = [inner for area in cells.readable(formula) if area not in areas for inner in cells.formulas_in(area)]
        listed += len(read)
        if listed > MOST_LISTED:
            raise InputError(f"formulas read more than {MOST_LISTED:,} other formulas: name a loss that fewer lead to")
        stack.extend((inner, None) for inner in reversed(read) if inner not in done and inner not in given)
    return order


def is_stale(shown: FloatArray, found: FloatArray) -> NDArray[np.bool_]:
    """Where a formula gives another number than the one that is shown."""
    with np.errstate(all="ignore"):
        near = np.abs(found - shown) <= STALE * np.maximum(np.abs(found), np.abs(shown)) + 1e-12
    return np.asarray(~near)


def _stale(cells: Cells, formula: Formula, value: Array) -> dict[Address, float]:
    if formula.area.sheet == TYPED:
        return {}
    found = numbers(value)
    off = is_stale(numbers(cells.value(formula.area)), found)
    if not off.any():
        return {}
    row, column = np.argwhere(off)[0].tolist()
    return {formula.area.cell(row, column).first: float(found[row, column])}
