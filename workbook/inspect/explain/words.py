"""Why cells are off, in words: the factor that is missing or superfluous."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from engine import FloatArray
from workbook.inspect.judge.forward import Expected, Forward
from workbook.inspect.judge.lookup import EQUAL
from workbook.inspect.judge.pairs import Pair
from workbook.spreadsheet.areas import Area, bare_text
from workbook.spreadsheet.arrays import numbers
from workbook.spreadsheet.cells import TYPED, Cells
from workbook.spreadsheet.trees import UnsupportedError


@dataclass(frozen=True)
class GradientCause:
    """What is wrong in words, and whether a factor is missing."""

    text: str
    lacks: bool = False


def cause(cells: Cells, forward: Forward, area: Area, expected: Expected, part: Area | None = None) -> GradientCause:
    """Why an area does not hold what is expected; `part` are those of its cells that don't, if not all."""
    found = _factor(cells, forward, area, expected)
    if found is None and part is not None and part != area:
        top, left = part.top - area.top, part.left - area.left
        array = expected.array[top : top + part.shape[0], left : left + part.shape[1]]
        found = _factor(cells, forward, part, replace(expected, array=array))
    if found is not None:
        return found
    value, due = numbers(cells.value(area)), expected.array
    ratio = value.ravel()[0] / due.ravel()[0] if due.ravel()[0] else np.nan
    if value.size > 1 and np.isfinite(ratio) and _same(value, ratio * due):
        return GradientCause(f"it is {ratio:.6g} times {_named(cells, forward, expected)}")
    return GradientCause(f"it is not {_named(cells, forward, expected)}")


def _factor(cells: Cells, forward: Forward, area: Area, expected: Expected) -> GradientCause | None:
    """The cause where one factor or one reference explains the whole difference, else None."""
    value, due = numbers(cells.value(area)), expected.array
    if found := _multiplied(value, due, _slopes(cells, forward, value, expected)):
        return found
    if words := _at_activation(cells, forward, value, expected) or _instead(cells, forward, area, due):
        return GradientCause(words)
    return _multiplied(value, due, _numbers(cells, forward, value)) if due.any() else None


def _multiplied(value: FloatArray, due: FloatArray, factors: Iterable[tuple[FloatArray, str]]) -> GradientCause | None:
    for factor, words in factors:
        if _same(value * factor, due):
            return GradientCause(f"it lacks {words}", lacks=True)
        if factor.any() and _same(value, due * factor):
            return GradientCause(f"it has {words} too much")
    return None


def _named(cells: Cells, forward: Forward, expected: Expected) -> str:
    if expected.slope:
        return f"the derivative of {cells.text(expected.of)} by {expected.slope}"
    scale = "" if expected.scale == 1 else "−" if expected.scale == -1 else f"{expected.scale:.6g} × "
    derivative = f"{scale}∂{cells.text(forward.derivatives.loss)}/∂{bare_text(expected.of)}"
    return derivative if expected.through is None else f"{derivative} through {bare_text(expected.through)}"


def _slopes(cells: Cells, forward: Forward, value: FloatArray, expected: Expected) -> Iterator[tuple[FloatArray, str]]:
    """The slopes of activations, any of which may be the missing factor: first that of the cells whose derivative is
    expected.
    """
    own = {expected.of, expected.through}
    names = {cells.text(area) for area in own if area is not None}

    def is_elsewhere(area: Area) -> bool:
        return area not in own and forward.operands[area] not in names

    for area in sorted(forward.slopes_of, key=is_elsewhere):
        for part, where in _parts(area, forward.slopes_of[area], value.shape):
            by = forward.operands.get(where)
            if by is not None and set(np.unique(part)) <= {0.0, 1.0}:
                if value.size > 1 or part.item() == 0:
                    yield part, f"the gate IF({by} > 0, …, 0), which is the slope of {cells.text(where)}"
            elif by is not None:
                yield part, f"the derivative of {cells.text(where)} (by {by})"


def _numbers(cells: Cells, forward: Forward, value: FloatArray) -> Iterator[tuple[FloatArray, str]]:
    """The numbers of forward cells, any of which may be the missing factor."""
    for area, array in forward.values.items():
        for part, where in _parts(area, array, value.shape):
            yield part, f"the factor {cells.text(where)}"


def _instead(cells: Cells, forward: Forward, area: Area, due: FloatArray) -> str:
    """Which cell is read in place of another, in words; "" if that explains nothing."""
    if area.size > 1:
        return ""
    value = numbers(cells.value(area)).item()
    for read, number in _read(cells, area):
        needed = number * due.item() / value if value else 0.0
        others = [a for a, n in forward.inputs.items() if needed and abs(n - needed) <= EQUAL * abs(needed)]
        if others and number != needed:
            near = min(others, key=lambda other: abs(other.top - read.top) + abs(other.left - read.left))
            return f"{cells.text(read)} stands where {cells.text(near)} belongs"
    return ""


def _parts(area: Area, array: FloatArray, shape: tuple[int, ...]) -> Iterator[tuple[FloatArray, Area]]:
    """A block's numbers as an array of this shape; for a single cell each of its cells, of small blocks."""
    if shape == (1, 1):
        if array.size <= 10_000:
            yield from ((array[at : at + 1, to : to + 1], area.cell(at, to)) for at, to in np.ndindex(array.shape))
    elif array.shape == shape:
        yield array, area
    elif array.T.shape == shape:
        yield array.T, area


def _at_activation(cells: Cells, forward: Forward, value: FloatArray, expected: Expected) -> str:
    """The derivative of an activation taken at the activation itself: σ′(σ(z))."""
    for area, slope in forward.slopes_of.items():
        activation = forward.values[area]
        if slope.shape != value.shape:
            continue
        logistic = 1 / (1 + np.exp(-activation))
        for again in (logistic * (1 - logistic), 1 - np.tanh(activation) ** 2):
            if _same(value * slope, expected.array * again):
                return (
                    f"it takes the derivative at the activation {cells.text(area)} "
                    f"instead of at the pre-activation {forward.operands[area]}"
                )
    return ""


def cause_of_update(cells: Cells, pair: Pair, factor: float, cell: Area) -> GradientCause:
    """Why an update's own formula is off."""
    off = pair.wrong(factor)
    value, derivative = pair.value[off], pair.derivative[off]
    if not value.any():
        return GradientCause("the parameter does not move")
    with np.errstate(all="ignore"):
        ratio = float(value.ravel()[0] / derivative.ravel()[0])
    if np.isfinite(ratio) and _same(value, ratio * derivative):
        if abs(ratio + factor) <= EQUAL * abs(factor):
            return GradientCause("it goes uphill: the sign is turned")
        for area, number in _read(cells, cell):
            if abs(abs(number) - abs(ratio)) <= EQUAL * abs(ratio):
                return GradientCause(
                    f"its learning rate is {cells.text(area)}, {number:.6g}; the others have {factor:.6g}"
                )
        return GradientCause(f"the step is {ratio:.6g} times the gradient, the others' {factor:.6g} times")
    return GradientCause(f"the step is not {factor:.6g} times the gradient")


def _read(cells: Cells, cell: Area) -> Iterator[tuple[Area, float]]:
    formula = None if cell.sheet == TYPED else cells.formula(cell.first)
    if formula is None:
        return
    try:
        for area in cells.read_by(formula):
            if area.size == 1:
                yield area, numbers(cells.value(area)).item()
    except UnsupportedError:
        return


def _same(one: FloatArray, other: FloatArray) -> bool:
    return bool(np.allclose(one, other, rtol=EQUAL, atol=EQUAL * float(np.abs(other).max(initial=0)) * 1e-3))
