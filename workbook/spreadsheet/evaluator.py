"""Formulas evaluated: over rows, where every leaf is an array of one length, a number for each row, or one number for
all, or once, where a leaf may be a whole range."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np

from engine import FloatArray
from workbook.spreadsheet.arrays import Adjoint, Array, numbers, shrunk, through
from workbook.spreadsheet.functions import FUNCTIONS
from workbook.spreadsheet.functions.record import Function
from workbook.spreadsheet.trees import Number, Operation, Text, Tree, UnsupportedError, Variable

Value = FloatArray | np.float64
# What stands for a variable: a number, a text, or what a range holds, (R, C).
Given = float | str | Array


def evaluate(tree: Tree, values: Mapping[Any, Value]) -> Value:
    """The value of a tree, in which `values` holds arrays of one length for the leaves that are not numbers.

    What a spreadsheet shows as an error is nan here, or infinite.

    Raises:
        UnsupportedError: the tree uses a function that is not supported.
    """
    return Evaluator(values)(tree)


def value_of(tree: Tree, given: Mapping[str, Given]) -> float:
    """The number that a cell shows whose formula is the tree; see `content_of`."""
    return float(content_of(tree, given))


def content_of(tree: Tree, given: Mapping[str, Given]) -> float | str:
    """What a cell shows whose formula is the tree, over variables that are given by name, whatever their row.

    What a spreadsheet shows as an error is nan here, or infinite.

    Raises:
        UnsupportedError: the tree uses a function that is not supported.
    """
    with np.errstate(all="ignore"):
        content = _array_of(tree, given)[0, 0]
    return content if isinstance(content, str) else float(content)


def _array_of(tree: Tree, given: Mapping[str, Given]) -> Array:
    """The same of a part of it, with arrays as inside SUMPRODUCT: (R, C)."""
    if isinstance(tree, Operation):
        operands = [_array_of(operand, given) for operand in tree.operands]
        return np.concatenate(operands) if tree.kind == "block" else applied(tree.kind, function_of(tree), operands)
    if isinstance(tree, Variable):
        content = given[tree.name]
    elif isinstance(tree, Number | Text):
        content = tree.value if isinstance(tree, Number) else tree.text
    else:
        raise UnsupportedError(f"{tree} stands for no variable")
    return np.array([[content]], dtype=object) if isinstance(content, str) else np.atleast_2d(content)


class Evaluator:
    """Evaluates trees over one set of numbers; what many of them have in common can be computed once."""

    def __init__(self, values: Mapping[Any, Value]) -> None:
        self.values = values
        # By identity: to hash a tree takes longer than to evaluate it. The trees are kept, so that none is mistaken.
        self._known: dict[int, tuple[Tree, Value]] = {}

    def remember(self, tree: Tree) -> Tree:
        """Evaluate a tree and all its parts, for the sake of those that are made from it."""
        if isinstance(tree, Operation):
            for operand in tree.operands:
                self.remember(operand)
        if not (isinstance(tree, Operation) and tree.kind == "block"):
            self._known[id(tree)] = tree, self(tree)
        return tree

    def __call__(self, tree: Tree) -> Value:
        """A tree's value.

        Raises:
            UnsupportedError: the tree uses a function that is not supported.
        """
        with np.errstate(all="ignore"):
            return self._value(tree)

    def _value(self, tree: Tree) -> Value:
        if (known := self._known.get(id(tree))) is not None:
            return known[1]
        if isinstance(tree, Number):
            return np.float64(tree.value)
        if not isinstance(tree, Operation):
            return self.values[tree]
        function = function_of(tree)
        if function.element is not None:
            return function.element(*map(self._value, tree.operands))  # type: ignore[no-any-return]
        operands = [cells(tree)] if function.cells else columns(tree)
        # Rows are copies of one formula.
        value = applied(tree.kind, function, [_stacked([self._value(cell) for cell in column]) for column in operands])
        if value.shape[-2:] != (1, 1):
            raise UnsupportedError("it takes a range where one cell is expected")
        return value[..., 0, 0]


def function_of(tree: Operation) -> Function:
    """The function of an operation.

    Raises:
        UnsupportedError: it is not known, or has too few or too many operands.
    """
    function = FUNCTIONS.get(tree.kind)
    if function is None:
        is_range = tree.kind == "block"
        raise UnsupportedError("it takes a range where one cell is expected" if is_range else f"it uses {tree.kind}")
    if not function.fewest <= len(tree.operands) <= function.most:
        raise UnsupportedError(f"{tree.kind} has {len(tree.operands)} operands")
    return function


def applied(kind: str, function: Function, operands: Sequence[Array]) -> Array:
    """A function's value.

    Raises:
        UnsupportedError: it cannot be computed from these operands; the message says why.
    """
    try:
        return np.asarray(function.value(*operands))
    except (ValueError, TypeError, IndexError) as error:
        raise UnsupportedError(f"{kind}: {error}") from None


def columns(tree: Operation) -> list[Sequence[Tree]]:
    """The operands of an operation, each as its cells: one, or those of a block."""
    return [o.operands if isinstance(o, Operation) and o.kind == "block" else (o,) for o in tree.operands]


def cells(tree: Operation) -> Sequence[Tree]:
    """The operands of an operation, of blocks their cells.

    Raises:
        UnsupportedError: a block stands where one cell is expected.
    """
    function = FUNCTIONS.get(tree.kind)
    if not any(isinstance(operand, Operation) and operand.kind == "block" for operand in tree.operands):
        return tree.operands
    if function is None or not (function.cells or function.arrays):
        raise UnsupportedError("it takes a range where one cell is expected")
    return list(chain.from_iterable(columns(tree)))


def _stacked(values: Sequence[Value]) -> Array:
    """Cells below one another, in each of the rows: (cells, 1), or (rows, cells, 1)."""
    shapes = {value.shape for value in values} - {()}
    found = np.empty((len(values), *(shapes.pop() if len(shapes) == 1 else np.broadcast_shapes(*shapes))))
    for at, value in enumerate(values):
        found[at] = value
    return found.transpose((*range(1, found.ndim), 0))[..., None]


def adjoints(kind: str, adjoint: Adjoint, value: Array, operands: Sequence[Array]) -> Sequence[Adjoint | None]:
    """The adjoints of a function's operands from its own, its value and theirs; None for zero."""
    function = FUNCTIONS[kind]
    if function.adjoints is not None:
        return function.adjoints(adjoint, value, *operands)
    floats = [numbers(operand) for operand in operands]
    slopes = Evaluator(dict(zip(_PARTS, [value, *floats], strict=False)))
    left_open = function.open_slopes(*floats) if function.open_slopes else [0.0] * len(floats)
    return [
        shrunk(through(adjoint, slopes(slope), doubt), operand.shape)
        for slope, doubt, operand in zip(_slopes(kind, len(floats)), left_open, floats, strict=True)
    ]


# What stands for a function's value and its operands in its slopes.
_PARTS = [Variable(name, 0) for name in ("value", "first", "second")]


@lru_cache
def _slopes(kind: str, operands: int) -> Sequence[Tree]:
    rule = FUNCTIONS[kind].rule
    return () if rule is None else rule(*_PARTS[: 1 + operands])
