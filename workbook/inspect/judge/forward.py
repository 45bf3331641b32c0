"""The cells between parameters and loss as blocks: their numbers, the loss's derivatives by them, their own slopes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine import FloatArray
from workbook.spreadsheet.blocks import all_blocks
from workbook.spreadsheet.cells import Area, Cells, Formula
from workbook.spreadsheet.functions import Adjoint, numbers
from workbook.spreadsheet.graph import Derivatives, Planes
from workbook.spreadsheet.trace import carried_back, traced
from workbook.spreadsheet.trees import UnsupportedError

EQUAL = 1e-8
MOST_INPUTS = 500


@dataclass(frozen=True)
class Expected:
    """What may belong in some cells.

    Attributes:
        array: the numbers.
        of: the forward cells that they are the derivative by, or the slope of.
        slope: those that the slope is by; "" where it is the loss's derivative, times `scale`.
    """

    array: FloatArray
    of: Area
    slope: str
    scale: float


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
        self.slopes, self.operands = _slopes(cells, derivatives)

    @cached_property
    def derivatives_by(self) -> dict[Area, FloatArray]:
        """The loss's derivative by each block."""
        return {area: self.derivatives.by(area)[0] for area in self.areas}

    @cached_property
    def slopes_of(self) -> dict[Area, FloatArray]:
        """The slope of each block whose cells are functions of one other cell each."""
        found = {area: self.slopes.of(area)[0] for area in self.blocks if area in self.operands}
        return {area: slope for area, slope in found.items() if np.isfinite(slope).all()}

    @cached_property
    def values(self) -> dict[Area, FloatArray]:
        """The numbers of each block."""
        return {area: numbers(self.cells.value(area)) for area in self.areas}

    def candidates(self, value: FloatArray, needed: float | None) -> Iterator[Expected]:
        """What may belong where these numbers stand; for a single cell, only what it needs to be."""
        for area, derivative in self.derivatives_by.items():
            if value.size == 1:
                yield from self._single(area, derivative, needed)
            else:
                for way in _ways(derivative, value.shape):
                    yield from (Expected(scale * way, area, "", float(scale)) for scale in self.scales)
        for area, slope in self.slopes_of.items():
            if value.size == 1 and needed is not None:
                for at in np.argwhere(np.abs(slope - needed) <= EQUAL * abs(needed))[:1].tolist():
                    yield Expected(np.array([[slope[*at]]]), area.cell(*at), self.operands[area], 1.0)
            elif value.size > 1:
                yield from (Expected(way, area, self.operands[area], 1.0) for way in _ways(slope, value.shape))

    def _single(self, area: Area, derivative: FloatArray, needed: float | None) -> Iterator[Expected]:
        if needed is None:
            return
        for scale in self.scales:
            for at in np.argwhere(np.abs(scale * derivative - needed) <= EQUAL * abs(needed))[:1].tolist():
                yield Expected(np.array([[scale * derivative[*at]]]), area.cell(*at), "", float(scale))

    def explained(self, value: FloatArray) -> list[Expected]:
        """What numbers are: the loss's derivatives by forward cells, or the slopes of some."""
        if not value.any():
            return []
        needed = value.item() if value.size == 1 else None
        return [
            expected
            for expected in self.candidates(value, needed)
            if np.allclose(value, expected.array, rtol=EQUAL, atol=EQUAL * 1e-3 * float(np.abs(value).max()))
        ]

    def is_same(self, found: Expected, expected: Expected) -> bool:
        """Whether numbers that are found are what is expected but for their scale, as the sheet may well have it."""
        if found.of != expected.of or bool(found.slope) != bool(expected.slope):
            return False
        plain = (1.0, self.factor)
        return abs(found.scale) in plain or abs(expected.scale) not in plain

    def is_parameter(self, expected: Expected) -> bool:
        """Whether something is the loss's derivative by parameters."""
        return not expected.slope and any(next(expected.of.places()) in area for area in self.parameters)

    @cached_property
    def inputs(self) -> dict[Area, float]:
        """The numbers of the single cells that the forward formulas read."""
        read = {area for formula in self.derivatives.order for area in self.cells.read_by(formula)}
        single = [area for area in sorted(read) if area.size == 1][:MOST_INPUTS]
        return {area: numbers(self.cells.value(area)).item() for area in single}


def _ways(array: FloatArray, shape: tuple[int, ...]) -> list[FloatArray]:
    return [way for way in (array, array.T) if way.shape == shape][: 1 if min(shape) == 1 else 2]


def _slopes(cells: Cells, derivatives: Derivatives) -> tuple[Planes, dict[Area, str]]:
    """The slopes of those formulas that are functions of one live cell each, and that cell's name."""
    live = [formula.area for formula in derivatives.order]
    planes = Planes([*live, derivatives.loss], 1)
    operands: dict[Area, str] = {}
    for formula in derivatives.order:
        found = _slope(cells, formula, derivatives)
        if found is not None:
            planes.add(formula.area, found[0])
            operands[formula.area] = cells.text(found[1])
    for block in all_blocks(derivatives.order):
        firsts = [operands.get(block.cell(0, 0)), operands.get(block.cell(block.shape[0] - 1, block.shape[1] - 1))]
        if block not in operands and None not in firsts:
            operands[block] = str(firsts[0]) + ":" + str(firsts[1]).rpartition("!")[2]
    return planes, operands


def _slope(cells: Cells, formula: Formula, derivatives: Derivatives) -> tuple[FloatArray, Area] | None:
    """The slope of each of the cells that a formula fills, and the cells that it is by; None where several are read."""
    read: dict[Area, Adjoint] = {}

    def receive(area: Area, adjoint: Adjoint) -> None:
        if derivatives.by(area)[1:].any():
            read[area] = read.get(area, 0.0) + adjoint

    try:
        carried_back(traced(cells, formula), formula, np.ones((3, *formula.area.shape)), receive)
    except UnsupportedError:
        return None
    if len(read) != 1:
        return None
    area, adjoint = read.popitem()
    return (adjoint[:1], area) if area.shape == formula.area.shape else None
