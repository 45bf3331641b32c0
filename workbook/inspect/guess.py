"""What is the loss, what are the parameters: found by the sheet's own recurrences and labels."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import numpy as np

from engine import InputError
from workbook.inspect.alike import alike_checks
from workbook.inspect.find.headed import Headed
from workbook.inspect.find.made_losses import made_losses
from workbook.inspect.find.ours import OUTPUT_FIRST, TRUNCATED, our_steps, our_tables
from workbook.inspect.find.recurrences import steps
from workbook.inspect.find.words_beside import labelled_pairs
from workbook.inspect.gradcheck import Check, checked
from workbook.inspect.judge.pairs import NOISY, GivenKind, is_plain
from workbook.inspect.losses import candidates, is_descent, is_labelled, known_loss
from workbook.spreadsheet.areas import Area
from workbook.spreadsheet.book import Book
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.readers import Readers

MOST_STEPS = 1_000
MOST_CELLS = 40_000  # of steps of tables of ours, each of which is differentiated by itself
MOST_FIRST = 8  # steps of which copies are looked for further down
MOST_DOUBTED = 6  # losses that are looked at more closely, the likeliest first
FEWEST_RIGHT = 3


FIRST_STEPS = "of {:,} steps the first {:,} were checked"
NOTHING_FOUND = (
    "no parameters with their gradients or updates found; name them, such as "
    "--loss Sheet1!I17 --parameters A13,C13:D13 --gradients P20:R20 (or --updates)"
)


@dataclass(frozen=True)
class Guess:
    """Cells taken for a step's parameters, gradients and loss, and their check.

    The check's `wrong` is None where too little agrees to tell.
    """

    check: Check
    step: int

    def words(self, cells: Cells) -> str:
        """The options that name the same."""
        named = zip(*_runs(self.check), strict=True)
        parameters, given = (",".join(map(cells.text, areas)) for areas in named)
        return f'--loss "{cells.text(self.check.loss)}" --parameters "{parameters}" --{self.check.kind} "{given}"'


def _runs(check: Check) -> list[tuple[Area, Area]]:
    """The parameters and what is given for them; single cells that go on side by side are a range."""
    runs: list[tuple[Area, Area]] = []
    for pair in check.pairs:
        both = pair.parameter, pair.given
        one, other = map(_joined, runs[-1], both) if runs else (None, None)
        if one is not None and other is not None and one.shape == other.shape:
            runs[-1] = one, other
        else:
            runs.append(both)
    return runs


def _joined(run: Area, area: Area) -> Area | None:
    """A row or column with the next cell; None if that does not go on with it."""
    down = area == Area(run.sheet, run.bottom + 1, run.left, run.bottom + 1, run.right) and run.left == run.right
    right = area == Area(run.sheet, run.top, run.right + 1, run.bottom, run.right + 1) and run.top == run.bottom
    return Area(run.sheet, run.top, run.left, area.bottom, area.right) if down or right else None


def guesses(cells: Cells, say: Callable[[str], None] = lambda _: None) -> Iterator[Guess]:
    """The checks that a book offers by itself, step by step.

    Raises:
        InputError: nothing was found, or the book is too large; the message says what to type.
    """
    ours = list(our_tables(cells))
    if ours:
        yield from _of_our_tables(cells, ours, say)
        return
    say("Looking for steps")
    readers = Readers(cells)
    last: Check | None = None
    judged = 0
    found = steps(readers)
    cell_pairs_of = {at: step.cell_pairs for at, step in enumerate(found[:MOST_STEPS])}
    alike: dict[int, Check] = {}
    looked_for = 0
    for at, cell_pairs in cell_pairs_of.items():
        step = f"Differentiating step {at + 1:,} of {len(cell_pairs_of):,}"
        say(step)
        inside = partial(_say_within, say, step)
        check = alike.get(at) or _best(readers, cell_pairs, "updates", found[at].dependents, last, inside)
        if check is not None and at not in alike and looked_for < MOST_FIRST:
            alike |= alike_checks(readers, check, {later: some for later, some in cell_pairs_of.items() if later > at})
            looked_for += 1
        if check is not None:
            judged += 1
            last = last if last is not None and last.wrong is False and check.wrong is not False else check
            more = (FIRST_STEPS.format(len(found), MOST_STEPS),) * (len(found) > MOST_STEPS)
            yield Guess(replace(check, notes=(*check.notes, *more)), judged)
    if last is None:
        cell_pairs = _not_computed(readers, labelled_pairs(cells))
        if not cell_pairs:
            raise InputError(NOTHING_FOUND)
        yield Guess(_of_labelled(readers, cell_pairs, say), 1)


def _say_within(say: Callable[[str], None], step: str, words: str) -> None:
    say(f"{step}: {words}")


def _of_labelled(readers: Readers, cell_pairs: Sequence[tuple[Area, Area]], say: Callable[[str], None]) -> Check:
    """The check with the sheet's own loss or with one made from its outputs and targets, whichever agrees better.

    Raises:
        InputError: there is no such loss.
    """
    parameters = [parameter for parameter, _ in cell_pairs]
    own = _best(readers, cell_pairs, "gradients", lambda: readers.shared(parameters), None, say)
    if own is not None and own.wrong is not None and _agreeing(own) == _most_agreeing(own):
        return own  # no loss can agree better
    checks = [own, _of_made_losses(readers.cells, cell_pairs)]
    told = [check for check in checks if check is not None]
    if not told:
        raise InputError(NOTHING_FOUND)
    return max(told, key=lambda check: (check.wrong is not None, _agreeing(check)))


def _not_computed(readers: Readers, cell_pairs: Sequence[tuple[Area, Area]]) -> list[tuple[Area, Area]]:
    """The parameters that are computed from no other: attention's values V = X·Wv lie between Wv and the loss."""
    computed = readers.dependents(parameter for parameter, _ in cell_pairs)

    def is_given(area: Area) -> bool:
        return not any(readers.position[address] in computed for address in readers.cells.formulas_in(area))

    return [(parameter, gradient) for parameter, gradient in cell_pairs if is_given(parameter)]


def _of_made_losses(cells: Cells, cell_pairs: Sequence[tuple[Area, Area]]) -> Check | None:
    """The check with a loss made from outputs and targets; None if none has these gradients."""
    best: tuple[float, Area] | None = None
    for loss in made_losses(cells, cell_pairs):
        try:
            check = checked(cells, loss, cell_pairs, "gradients", quick=True)
        except InputError:
            continue
        if _is_natural(check) and (best is None or _agreeing(check) > best[0]):
            best = _agreeing(check), loss
    return None if best is None or not best[0] else _judged(checked(cells, best[1], cell_pairs, "gradients"))


def _of_our_tables(cells: Cells, ours: Sequence[Headed], say: Callable[[str], None]) -> Iterator[Guess]:
    every = ((own, step) for own in ours for step in our_steps(cells, own))
    sizes = [len(own.sheet_columns) * own.columns.method.batch_size for own in ours]
    cells_by_step = [
        size for own, size in zip(ours, sizes, strict=True) for _ in own.rows[:: own.columns.method.batch_size]
    ]
    most = min(MOST_STEPS, max(1, int(np.searchsorted(np.cumsum(cells_by_step), MOST_CELLS, "right"))))
    more = (FIRST_STEPS.format(len(cells_by_step), most),) * (len(cells_by_step) > most)
    for number, (own, (loss, cell_pairs)) in enumerate(islice(every, most), start=1):
        say(f"Differentiating step {number:,}")
        check = checked(cells, loss, cell_pairs, "gradients", rate=1.0)
        if own.columns.method.update == "output-first":
            check = replace(check, notes=(*check.notes, OUTPUT_FIRST))
        if own.columns.network.truncated:
            check = replace(check, notes=(*check.notes, TRUNCATED))
        yield Guess(replace(check, notes=(*check.notes, *more)), number)


def _best(
    readers: Readers,
    cell_pairs: Sequence[tuple[Area, Area]],
    kind: GivenKind,
    dependents: Callable[[], Iterable[int]],
    last: Check | None,
    say: Callable[[str], None],
) -> Check | None:
    """The check with the loss whose derivatives agree best; None if no cell may be a loss."""
    if last is not None and (loss := known_loss(readers.cells, cell_pairs, last)) is not None:
        with suppress(InputError):
            return checked(readers.cells, loss, cell_pairs, kind)
    found: dict[Area, tuple[float, bool]] = {}
    for number, loss in enumerate(candidates(readers, cell_pairs, dependents, last), start=1):
        say(f"is {readers.cells.text(loss)} the loss? (cell {number} tried)")
        try:
            check = checked(readers.cells, loss, cell_pairs, kind, quick=True)
        except InputError:
            continue
        score = (_agreeing(check), _is_natural(check))
        if score[0] == _most_agreeing(check) and score[1] and is_descent(readers.cells, loss, cell_pairs):
            return checked(readers.cells, loss, cell_pairs, kind)
        found[loss] = score
    for loss in sorted(found, key=lambda loss: found[loss], reverse=True)[:MOST_DOUBTED]:
        likely = found[loss][0] or is_labelled(readers.cells, loss, cell_pairs)
        if likely and is_descent(readers.cells, loss, cell_pairs):
            say(f"comparing with the derivatives of {readers.cells.text(loss)}")
            return _judged(checked(readers.cells, loss, cell_pairs, kind))
    return None


def _agreeing(check: Check) -> float:
    """How many pairs agree, each counted by the share of its cells."""
    return float(sum(np.mean(pair.agrees(check.factor) & np.isfinite(pair.ratios)) for pair in check.pairs))


def _most_agreeing(check: Check) -> float:
    """The most pairs that could agree with any loss: steps of 0, as of weights on blank pixels, tell nothing."""
    told = (np.abs(pair.value) > NOISY * pair.value_uncertain for pair in check.pairs)
    return float(sum(map(np.mean, told))) or float(len(check.pairs))


def _is_natural(check: Check) -> bool:
    return check.rate is not None or is_plain(check.factor)


def _judged(check: Check) -> Check:
    """The check; its verdict is 'could not tell' where too little agrees to accuse the rest."""
    factor = check.factor
    agreeing = [(pair.agrees(factor) & np.isfinite(pair.ratios)) | (pair.inside is not None) for pair in check.pairs]
    cells, total = sum(int(some.sum()) for some in agreeing), sum(some.size for some in agreeing)
    whole = sum(bool(some.all()) for some in agreeing)
    half = 2 * whole >= len(agreeing) or 2 * cells >= total
    put_right = bool(check.starts) and all(start.puts_right for start in check.starts)
    if check.wrong and not ((cells >= FEWEST_RIGHT and half) or (put_right and cells)):
        return replace(check, wrong=None, starts=())
    return check


def summary(book: Book) -> str:
    """What the check finds by itself in a book, in a few words; "" if nothing can be told."""
    cells = Cells(book)
    try:
        checks = [guess.check for guess in guesses(cells)]
    except InputError:
        return ""
    wrong = next((check for check in checks if check.wrong and check.starts), None)
    if wrong is not None:
        start = wrong.starts[0]
        return f"gradcheck differentiated it instead: {cells.text(start.cells)} is wrong: {start.cause}"
    if all(check.wrong is False for check in checks):
        return f"gradcheck differentiated it instead: {len(checks)} step{'s' * (len(checks) > 1)}, right"
    return ""
