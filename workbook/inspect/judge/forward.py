"""The cells between parameters and loss as blocks: their numbers, the loss's derivatives by them, their own slopes."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from engine import FloatArray
from workbook.inspect.judge.lookup import EQUAL, Lookup
from workbook.spreadsheet.areas import Address, Area
from workbook.spreadsheet.arrays import Adjoint, numbers
from workbook.spreadsheet.blocks import all_blocks
from workbook.spreadsheet.cells import Cells, Formula
from workbook.spreadsheet.graph import Derivatives, Planes, differentiated
from workbook.spreadsheet.trace import carried_back, traced
from workbook.spreadsheet.trees import UnsupportedError

MOST_INPUTS = 500


@dataclass(frozen=True)
class Expected:
    """What may belong in some cells.

    Attributes:
        array: the numbers.
        of: the forward cells that they are the derivative by, or the slope of.
        slope: those that the slope is by; "" where it is the loss's derivative, times `scale`.
        through: the forward cells whose share in that derivative it is, such as one sample's; None for all of it.
    """

    array: FloatArray
    of: Area
    slope: str
    scale: float
    through: Area | None = None


class Forward:
    """The forward cells of a loss."""

    def __init__(self, cells: Cells, derivatives: Derivatives, parameters: Sequence[Area], factor: float) -> None:
        self.cells, self.derivatives, self.parameters = cells, derivatives, list(parameters)
        self.blocks = all_blocks(derivatives.order)
        self.areas = [*self.blocks, *self.parameters]
        self.factor = factor
        lengths = {length for area in self.areas for length in area.shape if length > 1}
        scales = [
            own * times for own in (1.0, factor) for times in (1.0, *lengths, *(1 / n for n in lengths), 2.0, 0.5)
        ]
        self.scales = np.array(list(dict.fromkeys(sign * scale for scale in scales for sign in (1.0, -1.0))))
        self._by: dict[Area, Derivatives] = {}

    def derivatives_of(self, cell: Area) -> Derivatives:
        """The derivatives of one cell of a gradient by the forward cells and all between, found once.

        Raises:
            UnsupportedError, InputError: as for `differentiated`.
        """
        if cell not in self._by:
            self._by[cell] = differentiated(self.cells, cell, self.areas)
        return self._by[cell]

    @cached_property
    def _sloped(self) -> tuple[Planes, dict[Area, str]]:
        return _slopes(self.cells, self.derivatives, self.parameters)

    @property
    def operands(self) -> dict[Area, str]:
        """What each block is a function of, cell by cell, where it is one of one other block."""
        return self._sloped[1]

    @cached_property
    def derivatives_by(self) -> dict[Area, FloatArray]:
        """The loss's derivative by each block."""
        return {area: self.derivatives.by(area)[0] for area in self.areas}

    @cached_property
    def _wholes(self) -> list[Expected]:
        return [Expected(array, area, "", 1.0) for area, array in self.derivatives_by.items()]

    @cached_property
    def shares(self) -> list[Expected]:
        """What each block adds to the derivatives by cells that others read too: a sample's term of a sum."""
        return list(_shares(self.cells, self.derivatives, self.blocks))

    @cached_property
    def slopes_of(self) -> dict[Area, FloatArray]:
        """The slope of each block whose cells are functions of one other cell each."""
        found = {area: self._sloped[0].of(area)[0] for area in self.blocks if area in self.operands}
        return {area: slope for area, slope in found.items() if np.isfinite(slope).all()}

    @cached_property
    def values(self) -> dict[Area, FloatArray]:
        """The numbers of each block."""
        return {area: numbers(self.cells.value(area)) for area in self.areas}

    @cached_property
    def _looked_up(self) -> tuple[Lookup, Lookup, Lookup]:
        """For single cells: the numbers of wholes, of slopes and of shares."""
        parts = [whole.array for whole in self._wholes], list(self.slopes_of.values()), [s.array for s in self.shares]
        return Lookup(parts[0], self.scales), Lookup(parts[1], np.ones(1)), Lookup(parts[2], self.scales)

    def candidates(self, value: FloatArray, needed: float | None) -> Iterator[Expected]:
        """What may belong where these numbers stand; for a single cell, only what it needs to be."""
        if value.size == 1:
            yield from self._single(needed) if needed is not None else ()
            return
        yield from self._arrays(value, lambda _: self.scales)

    def _arrays(self, value: FloatArray, scales: Callable[[FloatArray], FloatArray]) -> Iterator[Expected]:
        """What has the shape of these numbers, by some of the scales."""
        yield from self._scaled(self._wholes, value, scales)
        for area, slope in self.slopes_of.items():
            yield from (Expected(way, area, self.operands[area], 1.0) for way in _ways(slope, value.shape))
        yield from self._scaled(self.shares, value, scales)

    def _scaled(
        self, wholes: Sequence[Expected], value: FloatArray, scales: Callable[[FloatArray], FloatArray]
    ) -> Iterator[Expected]:
        for whole in wholes:
            for way in _ways(whole.array, value.shape):
                yield from (replace(whole, array=scale * way, scale=float(scale)) for scale in scales(way))

    def _fitting(self, value: FloatArray, way: FloatArray) -> FloatArray:
        """The scales that make an array's number what it should be where that is largest: the only ones to try."""
        at = np.unravel_index(np.argmax(np.abs(value)), value.shape)
        near: FloatArray = self.scales[np.abs(self.scales * way[at] - value[at]) <= 2 * EQUAL * abs(value[at])]
        return near

    def _single(self, needed: float) -> Iterator[Expected]:
        wholes, slopes, shares = self._looked_up
        yield from (_cell(self._wholes[which], scale, at) for which, scale, at in wholes.find(needed))
        for which, _, at in slopes.find(needed):
            area, slope = list(self.slopes_of.items())[which]
            yield Expected(np.array([[slope[at]]]), area.cell(*at), self.operands[area], 1.0)
        yield from (_cell(self.shares[which], scale, at) for which, scale, at in shares.find(needed))

    def explained(self, value: FloatArray) -> list[Expected]:
        """What numbers are: the loss's derivatives by forward cells, or the slopes of some."""
        if not value.any():
            return []
        found = self._single(value.item()) if value.size == 1 else self._arrays(value, partial(self._fitting, value))
        return [expected for expected in found if _is_equal(value, expected.array)]

    def is_gradient(self, value: FloatArray, parameter: Area) -> bool:
        """Whether numbers are the loss's derivative by a parameter, times some scale."""
        if not value.any():
            return False
        ways = _ways(self.derivatives.by(parameter)[0], value.shape)
        return any(_is_equal(value, scale * way) for way in ways for scale in self._fitting(value, way))

    def is_same(self, found: Expected, expected: Expected) -> bool:
        """Whether numbers that are found are what is expected but for their scale, as the sheet may well have it."""
        if found.of != expected.of or found.through != expected.through or bool(found.slope) != bool(expected.slope):
            return False
        plain = (1.0, self.factor)
        return abs(found.scale) in plain or abs(expected.scale) not in plain

    def is_parameter(self, expected: Expected) -> bool:
        """Whether something is the loss's derivative by parameters."""
        whole = not expected.slope and expected.through is None
        return whole and any(area.holds(expected.of.first) for area in self.parameters)

    @cached_property
    def inputs(self) -> dict[Area, float]:
        """The numbers of the single cells that the forward formulas read."""
        read = {area for formula in self.derivatives.order for area in self.cells.read_by(formula)}
        single = [area for area in sorted(read) if area.size == 1][:MOST_INPUTS]
        return {area: numbers(self.cells.value(area)).item() for area in single}


def _cell(whole: Expected, scale: float, at: tuple[int, int]) -> Expected:
    """One number of what may belong somewhere, with the cells that it is of."""
    of, through, shape = whole.of, whole.through, whole.array.shape
    return Expected(
        scale * whole.array[at].reshape(1, 1), of.cell(*at) if of.shape == shape else of, "", scale,
        through.cell(*at) if through is not None and through.shape == shape else through,
    )  # fmt: skip


def _is_equal(value: FloatArray, other: FloatArray) -> bool:
    return bool(np.allclose(value, other, rtol=EQUAL, atol=EQUAL * 1e-3 * float(np.abs(value).max())))


def _ways(array: FloatArray, shape: tuple[int, ...]) -> list[FloatArray]:
    return [way for way in (array, array.T) if way.shape == shape][: 1 if min(shape) == 1 else 2]


def _slopes(cells: Cells, derivatives: Derivatives, parameters: Sequence[Area]) -> tuple[Planes, dict[Area, str]]:
    """The slopes of those formulas that are functions of one live cell each, and that cell's name."""
    live = [formula.area for formula in derivatives.order]
    planes, marks = Planes([*live, derivatives.loss], 1), Planes([*live, *parameters], 1)
    for area in (*live, *parameters):
        marks.add(area, 1.0)
    operands: dict[Area, str] = {}
    for formula in derivatives.order:
        found = _slope(cells, formula, marks)
        if found is not None:
            planes.add(formula.area, found[0])
            operands[formula.area] = cells.text(found[1])
    for block in all_blocks(derivatives.order):
        firsts = [operands.get(block.cell(0, 0)), operands.get(block.cell(block.shape[0] - 1, block.shape[1] - 1))]
        if block not in operands and None not in firsts:
            operands[block] = str(firsts[0]) + ":" + str(firsts[1]).rpartition("!")[2]
    return planes, operands


def _slope(cells: Cells, formula: Formula, live: Planes) -> tuple[FloatArray, Area] | None:
    """The slope of each of the cells that a formula fills, and the cells that it is by; None where several are read."""
    try:
        read = {area for area in cells.read_by(formula) if live.of(area).any()}
        slopes = _carried(cells, formula, np.ones((3, *formula.area.shape)))
    except UnsupportedError:
        return None
    found = [area for area in slopes if live.of(area).any()] or list(read)
    if len(read) != 1 or len(found) != 1 or found[0].shape != formula.area.shape:
        return None
    # A closed gate carries nothing back: its slope is 0.
    return slopes.get(found[0], np.zeros((3, *formula.area.shape)))[:1], found[0]


def _carried(cells: Cells, formula: Formula, adjoint: Adjoint) -> dict[Area, Adjoint]:
    """What a formula gives back of an adjoint to each area that it reads."""
    given: dict[Area, Adjoint] = {}

    def receive(area: Area, adjoint: Adjoint) -> None:
        given[area] = given.get(area, 0.0) + adjoint

    carried_back(traced(cells, formula), formula, adjoint, receive)
    return given


def _shares(cells: Cells, derivatives: Derivatives, blocks: Sequence[Area]) -> Iterator[Expected]:
    given: dict[Address, list[tuple[Area, FloatArray]]] = {}
    readers: Counter[Area] = Counter()
    for formula in derivatives.order:
        if formula.area.size > 1:
            continue
        try:
            read = cells.read_by(formula)
            back = _carried(cells, formula, derivatives.by(formula.area))
        except UnsupportedError:
            continue
        alone = dict.fromkeys(area for area in read if derivatives.by(area)[1:].any())
        given[formula.home] = [(area, back.get(area, np.zeros((1, *area.shape)))[0]) for area in alone]
        readers.update(list(alone))
    for block in blocks:
        rows = [given.get(address, []) for address in block.addresses()]
        for terms in zip(*rows, strict=False):
            first, last = terms[0][0], terms[-1][0]
            array = _stacked([term for _, term in terms], block)
            if array is not None and all(readers[area] > 1 for area, _ in terms):
                of = first if first == last else Area(first.sheet, first.top, first.left, last.bottom, last.right)
                yield Expected(array, of, "", 1.0, block)


def _stacked(terms: Sequence[FloatArray], block: Area) -> FloatArray | None:
    """A block's terms as an array: of the block's shape, or a row for each of its cells; None where neither is."""
    if all(term.size == 1 for term in terms):
        return np.array([term.item() for term in terms]).reshape(block.shape)
    if min(block.shape) == 1 and len({term.size for term in terms}) == 1 and min(terms[0].shape) == 1:
        return np.array([term.ravel() for term in terms])
    return None
