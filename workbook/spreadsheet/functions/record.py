"""What a spreadsheet function is: one record each, with its value, its adjoint and its derivative as a formula."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine import FloatArray
from workbook.spreadsheet.algebra import ZERO
from workbook.spreadsheet.arrays import Adjoint, Array, is_counted, numbers, shrunk, through, vector_of
from workbook.spreadsheet.trees import Tree

ANY = 255
Forward = Callable[..., Any]
Backward = Callable[..., Sequence[Adjoint | None]]
Rule = Callable[..., Sequence[Tree]]


@dataclass(frozen=True)
class Function:
    """A function of a spreadsheet.

    Attributes:
        value: its value from those of its operands, each (R, C), or (B, R, C) for copies that are computed at once.
        fewest, most: how many operands it takes.
        adjoints: those of its operands from its own adjoint, its value and the operands; an operand's None for zero.
            None where they follow from the rule, element by element.
        rule: its slopes by each operand as formulas, from what stands for its value and the operands; of a function
            with `arrays`, by each cell, from its operands' cells. None where no formula says them.
        element: its value from plain numbers, if it computes element by element. In a formula that is no array formula
            it then takes one cell of a range, the one beside the formula.
        open_slopes: what a kink leaves open of each slope, from the operands, if the adjoints follow from the rule.
        cells: whether it takes the numbers of all its operands' cells alike, as SUM.
        arrays: whether it computes with whole arrays even in a formula that is no array formula.
    """

    value: Forward
    fewest: int
    most: int
    adjoints: Backward | None = None
    rule: Rule | None = None
    element: Forward | None = None
    open_slopes: Forward | None = None
    cells: bool = False
    arrays: bool = False


def elementwise(
    element: Forward, rule: Rule, fewest: int = 1, most: int | None = None, open_slopes: Forward | None = None
) -> Function:
    """A function of each element, whose adjoints follow from its slopes."""
    return Function(
        lambda *operands: element(*map(numbers, operands)),
        fewest,
        fewest if most is None else most,
        rule=rule,
        element=element,
        open_slopes=open_slopes,
    )


def stairs(element: Forward, fewest: int, most: int) -> Function:
    """A function that is flat but for its jumps, such as ROUND: its derivative of 0 says nothing of how the loss
    changes, so gradients that run through it are not judged.
    """

    def adjoints(adjoint: Adjoint, _: Array, *operands: Array) -> list[Adjoint]:
        return [shrunk(through(adjoint, 0.0, 1.0), operand.shape) for operand in operands]

    return Function(lambda *operands: element(*map(numbers, operands)), fewest, most, adjoints, element=element)


def flat(_: Tree, *operands: Tree) -> Sequence[Tree]:
    """The rule of a step or a constant: no slope anywhere but where it jumps."""
    return [ZERO] * len(operands)


def aggregate(
    forward: Forward, slopes: Forward, rule: Rule | None = None, open_slopes: Forward | None = None
) -> Function:
    """A function of all numbers in its operands, as one vector: (N,) or (B, N).

    Args:
        forward: its value; keeps that axis, of length 1, and gives nan or a number where N is 0.
        slopes: its slopes by the vector's numbers, from its value and the vector.
        rule: the same as formulas.
        open_slopes: what a kink leaves open of the slopes, from the vector.
    """

    def counted(operands: Sequence[Array]) -> FloatArray:
        vectors = [vector_of(operand) for operand in operands]
        if len(vectors) == 1:
            return vectors[0]
        copies = np.broadcast_shapes(*(vector.shape[:-1] for vector in vectors))
        return np.concatenate([np.broadcast_to(one, (*copies, one.shape[-1])) for one in vectors], axis=-1)

    def value(*operands: Array) -> FloatArray:
        return np.asarray(forward(counted(operands)), dtype=float)[..., None]

    def adjoints(adjoint: Adjoint, value: Array, *operands: Array) -> Sequence[Adjoint | None]:
        vector = counted(operands)
        if not vector.size:
            return [None] * len(operands)
        found = np.broadcast_to(slopes(value[..., 0], vector), vector.shape)
        left_open = np.broadcast_to(open_slopes(vector) if open_slopes else 0.0, vector.shape)
        own = through(np.broadcast_to(adjoint[..., 0], (3, *vector.shape)), found, left_open)
        parts, start = [], 0
        for operand in operands:
            mask = is_counted(operand)
            end = start + int(mask.sum())
            part = np.zeros((*own.shape[:-1], *operand.shape[-2:]))
            part[..., mask] = own[..., start:end]
            parts.append(part)
            start = end
        return parts

    return Function(value, 1, ANY, adjoints, rule, cells=True)
