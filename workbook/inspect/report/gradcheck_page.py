"""A gradient check as the records of a page."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workbook.inspect.gradcheck import Check
from workbook.inspect.judge.pairs import Pair
from workbook.inspect.report.gradcheck import meaning, plain, verdict_of
from workbook.page.records import Fault, File, Grid, GridCell, Mark, Note, Page, Part, Row
from workbook.spreadsheet.areas import Address
from workbook.spreadsheet.book import ErrorValue
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.letters import letters_of

REMARK = "Each gradient is compared with the derivative of the loss, found by differentiating the sheet's own formulas."
MOST_ROWS, MOST_COLUMNS, MOST_NOTES = 40, 26, 60


def page_of(file: Path, checks: Sequence[Check], cells: Cells) -> Page:
    """The page of the checks of one workbook, those that are wrong first."""
    parts = [_part(number, check, cells) for number, check in enumerate(checks, start=1)]
    worst = min(checks, key=lambda check: {1: 0, 2: 1, 0: 2}[check.status])
    pairs = [pair.verdict(check.factor) for check in checks for pair in check.pairs]
    not_wrong = sum(verdict != "wrong" for verdict in pairs)
    return Page(
        f"Gradient check of {plain(file.name)}",
        [
            File(
                name=plain(str(file)),
                verdict=verdict_of(worst),
                summary="",
                score=f"{not_wrong} of {len(pairs)} pairs right",
                share=not_wrong / len(pairs),
                parts=sorted(parts, key=lambda part: part.verdict == "right"),
            )
        ],
        REMARK,
    )


def _part(number: int, check: Check, cells: Cells) -> Part:
    faults = [
        Fault(
            name=plain(start.cells.sheet),
            cell=start.cells.first.bare,
            cause=plain(start.cause),
            actual=f"={plain(start.formula)}" if start.formula else f"{start.value:.6g}",
            expected=None,
            rows=1,
            extent=f"{start.value:.6g}, expected {start.expected:.6g}",
            extent_of="gives",
        )
        for start in check.starts
    ]
    wrong = [pair for pair in check.pairs if pair.verdict(check.factor) == "wrong"]
    if wrong and not faults:
        faults = [_off(pair, check) for pair in wrong]
    notes = [_note(pair, check, cells) for pair in check.pairs[:MOST_NOTES]]
    if len(check.pairs) > MOST_NOTES:
        notes.append(Note(f"{len(check.pairs) - MOST_NOTES:,} more pairs"))
    return Part(
        title=f"Check {number}: {plain(cells.text(check.loss))}",
        facts=meaning(check, cells),
        verdict=verdict_of(check),
        faults=faults,
        grid=_grid(check, wrong or list(check.pairs), cells),
        notes=[*notes, *(Note(plain(text)) for text in check.notes)],
        judged=f"Derivatives are {check.method}.",
    )


def _off(pair: Pair, check: Check) -> Fault:
    off = np.argwhere(pair.wrong(check.factor))
    first = tuple(off[0])
    return Fault(
        name=plain(pair.given.sheet), cell=pair.given.first.bare, cause="it is not the derivative of the loss",
        actual=f"{pair.value[first]:.6g}", expected=None, rows=1,
        extent=f"{len(off):,} of {pair.value.size:,} cells; expected {check.factor * pair.derivative[first]:.6g}",
        extent_of="cells",
    )  # fmt: skip


def _note(pair: Pair, check: Check, cells: Cells) -> Note:
    largest = tuple(np.unravel_index(np.argmax(np.abs(pair.derivative)), pair.derivative.shape))
    numbers = f"derivative {pair.derivative[largest]:.6g}, in the sheet {pair.value[largest]:.6g}"
    names = f"{plain(cells.text(pair.parameter))} with {plain(cells.text(pair.given))}"
    return Note(f"{names}: {numbers}, {pair.verdict(check.factor)}")


def _grid(check: Check, pairs: Sequence[Pair], cells: Cells) -> Grid | None:
    """The cells around the first of some gradients, those on its sheet."""
    sheet = pairs[0].given.sheet
    if sheet not in cells.sheets:
        return None  # typed on the command line
    areas = [pair.given for pair in pairs if pair.given.sheet == sheet]
    top, left = min(area.top for area in areas), min(area.left for area in areas)
    bottom = min(max(area.bottom for area in areas), top + MOST_ROWS - 1)
    right = min(max(area.right for area in areas), left + MOST_COLUMNS - 1)
    wrong = {
        address
        for pair in pairs
        for address, off in zip(pair.given.addresses(), _laid_out(pair, check).ravel().tolist(), strict=True)
        if off
    }
    letters = [letters_of(column) for column in range(left, right + 1)]
    rows = [
        Row(row, [_cell(cells, Address(sheet, row, column), wrong) for column in range(left, right + 1)])
        for row in range(top, bottom + 1)
    ]
    inside = [address for address in wrong if address.row <= bottom and address.column <= right]
    return Grid(letters, rows, min(inside, default=Address(sheet, top, left)).bare)


def _laid_out(pair: Pair, check: Check) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    wrong = pair.wrong(check.factor)
    return wrong.T if pair.transposed else wrong


def _cell(cells: Cells, address: Address, wrong: set[Address]) -> GridCell:
    value, formula = cells.book.value(address), cells.formula(address)
    mark: Mark = "wrong" if address in wrong else ""
    text = value.text if isinstance(value, ErrorValue) else "" if value is None else plain(str(value))
    return GridCell(
        shown=f"{value:.7g}" if isinstance(value, float) else text,
        value=repr(value) if isinstance(value, float) else text,
        formula=None if formula is None else f"={plain(formula.text)}",
        is_text=isinstance(value, str),
        mark=mark,
    )
