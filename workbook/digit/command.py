"""`python -m workbook digit`: the trained network in cells."""

from pathlib import Path

import numpy as np

from engine import InputError
from workbook.digit.plan import digit_sheets
from workbook.digit.weights import SHIPPED, ConvolutionBlock, load_blocks
from workbook.write import write


def write_digit(model: Path | None, out: Path, *, backward: bool, step: bool) -> str:
    """Write the workbook of a model, that which ships by default, and return a line that says so.

    Raises:
        InputError: the model is no such network, or the file cannot be written.
    """
    blocks = load_blocks(model or SHIPPED)
    if backward or step:
        _check_gammas(blocks, model or SHIPPED)
    torch = model is None or model.resolve() == SHIPPED.resolve()
    sheets = digit_sheets(blocks, backward=backward or step, step=step, torch=torch)
    write(sheets, out, "digit", large=True)
    compared = "" if torch else " Without the sheet check: torch's stored numbers are of the weights that ship."
    return f"Wrote {out}: the CNN in cells. Open it in Excel or LibreOffice and paint a digit.{compared}"


def _check_gammas(blocks: list[ConvolutionBlock], path: Path) -> None:
    # ∂loss/∂γ is found from the map, by a division by γ.
    for block in blocks:
        if block.norm is not None and not np.all(block.norm.gamma):
            raise InputError(
                f"{path}: layers.{block.plan.norm}.weight holds a 0, whose gradient the cells cannot tell; "
                "leave out --backward"
            )
