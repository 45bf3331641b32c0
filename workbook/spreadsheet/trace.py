"""One formula evaluated from the cells that it reads, and its adjoint carried back to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from workbook.spreadsheet.areas import Address, Area
from workbook.spreadsheet.arrays import Adjoint, Array, numbers, shrunk
from workbook.spreadsheet.cells import Cells, Formula
from workbook.spreadsheet.evaluator import adjoints, applied, function_of
from workbook.spreadsheet.references import followed
from workbook.spreadsheet.trees import Name, Number, Operation, Range, Reference, Text, Tree, UnsupportedError

# Called with each area that a formula reads and its adjoint.
Receive = Callable[[Area, Adjoint], None]


class CellSource(Protocol):
    """Where a formula's cells are looked up: a book's `Cells`, or copies of some of them that are read at once."""

    def area_of(self, leaf: Reference | Range, home: Address) -> Area:
        """The cells that a reference leads to."""

    def read(self, leaf: Reference | Range, home: Address) -> Array:
        """What stands there: (R, C) or (B, R, C)."""

    def meaning(self, name: Name, home: Address) -> Tree:
        """The tree of a name."""

    def spilled(self, area: Area) -> tuple[Area, Array]:
        """All that the formula in a cell fills, with what stands there."""


@dataclass(frozen=True)
class Traced:
    """A part of a formula with its value.

    Attributes:
        area: the cells, if it is a reference.
        operands: the parts that it is computed from.
    """

    value: Array
    kind: str = ""
    area: Area | None = None
    operands: tuple["Traced", ...] = ()


def traced(cells: CellSource, formula: Formula) -> Traced:
    """A formula evaluated from the values that stand in the cells it reads; errors are nan.

    Raises:
        UnsupportedError: a function is not known here, or it cannot be computed.
    """
    with np.errstate(all="ignore"):
        return _traced(cells, formula, formula.tree, array=formula.array)


def number_named(cells: Cells, name: Name, home: Address) -> float | None:
    """The number that a defined name stands for in a formula of a cell; None where it stands for no single one."""
    if isinstance(followed(cells.book, name, home.sheet), Name):
        return None
    try:
        value = numbers(traced(cells, cells.type_in(name.text, home.sheet)).value)
    except UnsupportedError:
        return None
    return float(value.item()) if value.size == 1 and np.isfinite(value).all() else None


def filled(formula: Formula, value: Array) -> Array:
    """A formula's value in the cells that it fills: a single row, column or number is repeated."""
    rows, columns = formula.area.shape
    if formula.array:
        copies = value.shape[:-2]
        try:
            return np.broadcast_to(value, (*copies, rows, columns))
        except ValueError:
            padded = np.full((*copies, rows, columns), np.nan, dtype=value.dtype)
            part = value[..., :rows, :columns]
            padded[..., : part.shape[-2], : part.shape[-1]] = part
            return padded
    return value[..., :1, :1]


def carried_back(part: Traced, formula: Formula, adjoint: Adjoint, receive: Receive) -> None:
    """Give every area that a formula reads its adjoint, from that of the cells that the formula fills."""
    shape = part.value.shape[-2:]
    own = np.zeros((*adjoint.shape[:-2], *shape))
    rows, columns = min(adjoint.shape[-2], shape[0]), min(adjoint.shape[-1], shape[1])
    if formula.array and 1 in shape:
        adjoint = shrunk(adjoint, shape)
    own[..., :rows, :columns] = adjoint[..., :rows, :columns]
    with np.errstate(all="ignore"):
        _back(part, own, receive)


def _back(part: Traced, adjoint: Adjoint, receive: Receive) -> None:
    if part.value.ndim < adjoint.ndim - 1 or not adjoint[1:].any():
        return  # what all copies have in common depends on none of their parameters
    if part.area is not None:
        receive(part.area, adjoint)
    elif part.operands and part.kind != "{}":
        values = [operand.value for operand in part.operands]
        for operand, own in zip(part.operands, adjoints(part.kind, adjoint, part.value, values), strict=True):
            if own is not None:
                _back(operand, own, receive)


def _traced(cells: CellSource, formula: Formula, tree: Tree, *, array: bool) -> Traced:
    if isinstance(tree, Number):
        return Traced(np.full((1, 1), tree.value))
    if isinstance(tree, Text):
        return Traced(np.array([[tree.text]], dtype=object))
    if isinstance(tree, Name):
        if tree.text.upper() in ("TRUE", "FALSE"):
            return Traced(np.full((1, 1), float(tree.text.upper() == "TRUE")))
        return _traced(cells, formula, cells.meaning(tree, formula.home), array=array)
    if isinstance(tree, Reference | Range):
        return Traced(cells.read(tree, formula.home), area=cells.area_of(tree, formula.home))
    if isinstance(tree, Operation):
        return _operation(cells, formula, tree, array=array)
    raise UnsupportedError("it cannot be read as a formula")


def _operation(cells: CellSource, formula: Formula, tree: Operation, *, array: bool) -> Traced:
    if tree.kind == "{}":
        rows = [row.operands for row in tree.operands if isinstance(row, Operation)]
        parts = [[_traced(cells, formula, cell, array=array).value.item() for cell in row] for row in rows]
        return Traced(np.array(parts, dtype=None if _all_numbers(parts) else object), kind="{}")
    if tree.kind == "ANCHORARRAY":
        return _spilled(cells, formula, tree)
    function = function_of(tree)
    array = array or function.arrays
    operands = tuple(_traced(cells, formula, operand, array=array) for operand in tree.operands)
    if not array and function.element is not None:
        operands = tuple(_beside(formula, operand) for operand in operands)
    value = applied(tree.kind, function, [operand.value for operand in operands])
    return Traced(value, tree.kind, operands=operands)


def _all_numbers(rows: Sequence[Sequence[object]]) -> bool:
    return all(isinstance(cell, float) for row in rows for cell in row)


def _spilled(cells: CellSource, formula: Formula, tree: Operation) -> Traced:
    """All that the array formula in a cell fills: A1#."""
    anchor = tree.operands[0] if len(tree.operands) == 1 else None
    if not isinstance(anchor, Reference):
        raise UnsupportedError("it uses # on something else than a cell")
    area, value = cells.spilled(cells.area_of(anchor, formula.home))
    return Traced(value, area=area)


def _beside(formula: Formula, part: Traced) -> Traced:
    """The cell of a range in the formula's own row or column, as a formula that is no array formula takes it."""
    area = part.area
    if area is None or area.size == 1:
        return part
    _, row, column = formula.home
    if area.left == area.right and area.top <= row <= area.bottom:
        at = row - area.top, 0
    elif area.top == area.bottom and area.left <= column <= area.right:
        at = 0, column - area.left
    else:
        return part
    return Traced(part.value[..., at[0] : at[0] + 1, at[1] : at[1] + 1], area=area.cell(*at))
