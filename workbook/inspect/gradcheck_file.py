"""The gradient check of a workbook: the checks that the user named, or those that the sheet itself names."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine import InputError
from workbook.inspect.explain.starts import Start
from workbook.inspect.find.named_cells import areas, paired
from workbook.inspect.gradcheck import Check, checked_as_meant
from workbook.inspect.guess import Guess, guesses
from workbook.inspect.judge.pairs import GivenKind
from workbook.spreadsheet.areas import Area
from workbook.spreadsheet.book import Book
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.files import VALUES_ONLY, load
from workbook.spreadsheet.recalculate import recalculated

# The share of formulas that may show nothing before a book counts as never calculated.
MOST_EMPTY = 0.1


@dataclass(frozen=True)
class CheckOptions:
    """What the user named; empty texts where nothing."""

    loss: str = ""
    parameters: str = ""
    gradients: str = ""
    updates: str = ""
    of_each: int | None = None
    rate: float | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether the sheet itself must say what is what."""
        named = self.loss or self.parameters or self.gradients or self.updates
        return not named and self.of_each is None and self.rate is None

    @property
    def kind(self) -> GivenKind:
        """Which of the two are given."""
        return "updates" if self.updates else "gradients"


@dataclass(frozen=True)
class Gradcheck:
    """What the checks of one workbook found.

    Attributes:
        cells: the workbook's.
        checks: in the order of the sheet; each has its loss, its pairs of derivatives and gradients, and `starts`:
            where what is wrong starts, and why.
        guesses: what was taken for what, where nothing was named; as many as `checks`.
    """

    file: Path
    cells: Cells
    checks: Sequence[Check]
    guesses: Sequence[Guess] = ()

    @property
    def status(self) -> int:
        """0 right, 1 wrong, 2 could not tell."""
        statuses = [check.status for check in self.checks]
        return 1 if 1 in statuses else max(statuses)

    @property
    def verdict(self) -> str:
        """The worst of the checks' verdicts."""
        return ("right", "wrong", "could not tell")[self.status]

    @property
    def findings(self) -> list[Start]:
        """Where what is wrong starts, in all checks: the cells, the cause, what stands and what belongs there."""
        return [start for check in self.checks for start in check.starts]

    def __str__(self) -> str:
        """The same words as on the command line."""
        from workbook.inspect.report.gradcheck import show_all
        from workbook.inspect.report.text import as_text

        return as_text(lambda console: show_all(self, console))

    def _repr_html_(self) -> str:
        from workbook.inspect.report.gradcheck_page import page_of
        from workbook.page.render import framed

        return framed(page_of(self.file, self.checks, self.cells))


def gradcheck(file: Path, asked: CheckOptions, say: Callable[[str], None] = lambda _: None) -> Gradcheck:
    """Check a workbook; `say` is told what goes on.

    Raises:
        InputError: the file cannot be read, what is asked makes no sense, or nothing can be told.
    """
    _check(asked)
    with _uncollected():
        return _gradcheck(file, asked, say)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's collector of cyclic garbage: a book's cells all stay in use, and collecting takes up to three
    tenths of the time of a check that is called from Python.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _gradcheck(file: Path, asked: CheckOptions, say: Callable[[str], None]) -> Gradcheck:
    say(f"Reading {file.name}")
    if file.suffix.lower() in VALUES_ONLY:
        expected = "expected the workbook (.xlsx, .ods) that it was saved from"
        raise InputError(f"{file}: a {file.suffix} file holds no formulas, {expected}")
    book = load(file)
    if not book.sheets:
        raise InputError(f"{file}: got no sheet with cells, expected a workbook with at least one sheet of cells")
    cells = Cells(with_values(book))
    say("Differentiating")
    if asked.is_nothing:
        guessed = list(guesses(cells, say))
        return Gradcheck(file, cells, [guess.check for guess in guessed], guessed)
    return Gradcheck(file, cells, list(_checks(cells, asked)))


def with_values(book: Book) -> Book:
    """The book; recalculated if many formulas have no stored value (a few show an empty text)."""
    has_value = [
        row in sheet.values.get(column, {})
        for sheet in book.sheets
        for column, rows in sheet.shapes.items()
        for row in rows
    ]
    missing = has_value.count(False)
    return recalculated(book, missing)[0] if missing > MOST_EMPTY * len(has_value) else book


def _check(asked: CheckOptions) -> None:
    if asked.is_nothing:
        return
    if bool(asked.gradients) == bool(asked.updates):
        got = "both" if asked.gradients else "neither"
        raise InputError(f"--gradients, --updates: got {got}, expected one of them: cells such as P20:R20")
    for option, text in (("--loss", asked.loss), ("--parameters", asked.parameters)):
        if not text:
            raise InputError(f"{option}: got nothing, expected cells such as Sheet1!A1:B3")
    if asked.of_each is not None and asked.of_each < 1:
        raise InputError(f"--of-each: got {asked.of_each}, expected a number of rows from 1 up")


def _checks(cells: Cells, asked: CheckOptions) -> Iterator[Check]:
    first = _one(cells, asked, 0)
    yield first
    down = 0
    while asked.of_each is not None:
        down += asked.of_each
        named = _named(cells, asked, down)
        if named == _named(cells, asked, 0):
            raise InputError("--of-each: got cells with $ only, expected some that move from row to row")
        if any(cell is None for area in named for cell in cells.value(area).ravel().tolist()):
            return
        yield _one(cells, asked, down)


def _one(cells: Cells, asked: CheckOptions, down: int) -> Check:
    sheet = cells.book.sheets[0].name
    losses = areas(cells, "--loss", asked.loss, sheet, down)
    if len(losses) != 1 or losses[0].size != 1:
        raise InputError(f"--loss: got {asked.loss}, {sum(area.size for area in losses)} cells, expected one")
    home = losses[0].sheet if losses[0].sheet in cells.sheets else sheet
    parameters = areas(cells, "--parameters", asked.parameters, home, down)
    option = f"--{asked.kind}"
    given = areas(cells, option, asked.updates or asked.gradients, home, down)
    return checked_as_meant(cells, losses[0], paired(cells, parameters, given, option), asked.kind, asked.rate)


def _named(cells: Cells, asked: CheckOptions, down: int) -> list[Area]:
    """The cells that the options name, moved so many rows down; formulas typed as options are left out."""
    sheet = cells.book.sheets[0].name
    losses = areas(cells, "--loss", asked.loss, sheet, down)
    home = losses[0].sheet if losses[0].sheet in cells.sheets else sheet
    texts = (("--parameters", asked.parameters), (f"--{asked.kind}", asked.updates or asked.gradients))
    found = losses + [area for option, text in texts for area in areas(cells, option, text, home, down)]
    return [area for area in found if area.sheet in cells.sheets]
