"""Central differences through IronCalc, for formulas whose functions have no derivative here."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine import FloatArray
from workbook.spreadsheet.areas import Address, Area, area_at
from workbook.spreadsheet.arrays import Adjoint, numbers
from workbook.spreadsheet.cells import Cells, Formula
from workbook.spreadsheet.functions import FUNCTIONS
from workbook.spreadsheet.trees import Operation, Tree, UnsupportedError

# The error of a central difference with this step is about its square, and rounding's about 1e-16 / STEP.
STEP = 1e-5
TOLERANCE = 1e-6
MOST_CELLS = 2_000
LONGEST_SECONDS = 60
VOLATILE = {"RAND", "RANDBETWEEN", "RANDARRAY", "NOW", "TODAY"}


def carried_back_by_differences(
    cells: Cells,
    formula: Formula,
    adjoint: Adjoint,
    live: Callable[[Area], FloatArray],
    receive: Callable[[Area, Adjoint], None],
) -> None:
    """As `trace.carried_back`, for the live cells that a formula reads: IronCalc computes the formula alone, with
    numbers in place of the formulas that it reads.

    Raises:
        UnsupportedError: IronCalc cannot compute the formula either, or it gives another number every time.
    """
    kinds = list(_functions(formula.tree))
    if volatile := VOLATILE.intersection(kinds):
        raise UnsupportedError(f"it uses {min(volatile)}, which gives another number every time")
    unknown = next((f"it uses {kind}" for kind in kinds if kind not in FUNCTIONS), "it cannot be computed here")
    addresses = sorted({address for area in cells.read_by(formula) for address in area.addresses()})
    if len(addresses) > MOST_CELLS:
        raise UnsupportedError(f"{unknown}, and reads too many cells for central differences")
    moved = [address for address in addresses if live(area_at(address)).any()]
    slopes = _slopes(cells, formula, addresses, moved)
    if slopes is None or not np.isfinite(slopes).all():
        raise UnsupportedError(f"{unknown}, whose derivative is not known here, and IronCalc cannot compute it")
    given, size, doubt = adjoint
    for address, slope in zip(moved, slopes, strict=True):
        sums = [(given * slope).sum(), (size * np.abs(slope)).sum(), (doubt * np.abs(slope)).sum()]
        receive(area_at(address), np.array(sums).reshape(3, 1, 1))


def _functions(tree: Tree) -> Iterator[str]:
    if isinstance(tree, Operation) and tree.kind != "{}":
        yield tree.kind
        for operand in tree.operands:
            yield from _functions(operand)


def _slopes(cells: Cells, formula: Formula, addresses: list[Address], moved: list[Address]) -> FloatArray | None:
    """The derivatives of the formula's cells by each moved one: (moved, rows, columns); None if there are none."""
    values = {address: cells.value(area_at(address)).item() for address in addresses}
    task = {
        "sheets": list(cells.sheets),
        "names": [[name, scope, text] for (name, scope), text in cells.book.names.items()],
        "cells": [[*address, value] for address, value in values.items() if value is not None and value == value],
        "moved": [[*address, _number(values[address])] for address in moved],
        "formula": [*formula.home, f"={formula.text}", *formula.area.shape, formula.array],
    }
    try:
        # In a process of its own, as the audit's recalculation.
        done = subprocess.run(
            [sys.executable, "-m", "workbook.spreadsheet.differences"], input=json.dumps(task), text=True,
            capture_output=True, timeout=LONGEST_SECONDS, check=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
    except (subprocess.SubprocessError, OSError):
        return None
    return np.array(json.loads(done.stdout), dtype=float).reshape(len(moved), *formula.area.shape)


def _number(value: object) -> float:
    return float(numbers(np.array([[value]], dtype=object)).item())


def _computed(task: dict[str, Any]) -> list[list[float]]:
    """The slopes of a task, a list for each cell that is moved."""
    import ironcalc  # in the process of its own alone

    model = ironcalc.create("differences", "en", "UTC", "en")
    sheets = {name: at for at, name in enumerate(task["sheets"])}
    model.rename_sheet(0, task["sheets"][0])
    for name in task["sheets"][1:]:
        model.add_sheet(name)
    for name, scope, text in task["names"]:
        model.new_defined_name(name, None if scope is None else sheets[scope], text)
    for sheet, row, column, value in task["cells"]:
        _enter(model, (sheets[sheet], row, column), value)
    sheet, row, column, text, rows, columns, array = task["formula"]
    cell = sheets[sheet], row, column
    if array:
        model.set_user_array_formula(*cell, columns, rows, text)
    else:
        model.set_user_input(*cell, text)
    slopes = []
    for sheet_name, at, across, value in task["moved"]:
        ends = []
        step = STEP * max(1.0, abs(value))
        for sign in (1, -1):
            _enter(model, (sheets[sheet_name], at, across), value + sign * step)
            model.evaluate()
            ends.append([_shown(model, cell, r, c) for r in range(rows) for c in range(columns)])
        _enter(model, (sheets[sheet_name], at, across), value)
        slopes.append([(up - down) / (2 * step) for up, down in zip(*ends, strict=True)])
    return slopes


def _enter(model: Any, cell: tuple[int, int, int], value: object) -> None:
    if isinstance(value, bool):
        model.update_cell_with_bool(*cell, value)
    elif isinstance(value, str):
        model.update_cell_with_text(*cell, value)
    else:
        model.update_cell_with_number(*cell, value)


def _shown(model: Any, cell: tuple[int, int, int], row: int, column: int) -> float:
    sheet, top, left = cell
    value = model.get_cell_value(sheet, top + row, left + column)
    return float(value) if isinstance(value, int | float) else float("nan")


if __name__ == "__main__":
    json.dump(_computed(json.load(sys.stdin)), sys.stdout)
