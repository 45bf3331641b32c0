"""The sheet on which one paints: the square, the answer, the ten probabilities and, if wanted, the saliency."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from workbook.digit.block_layout import SIZE, BlockLayout
from workbook.digit.images import ANSWER, FIRST, OWN, PICKED, Pictures
from workbook.digit.layout import Strip, at, live_whole, span
from workbook.digit.network import DEVIATION, Gradients, Reading
from workbook.digit.weights import Array
from workbook.records import Cell, Choice, ColorScale, SheetPlan, SignScale, Validation, small_sheet
from workbook.spreadsheet.algebra import ONE, ZERO, call, less, position_of_largest
from workbook.spreadsheet.evaluator import Given
from workbook.spreadsheet.trees import Variable

PAINT = "paint"
TOP = 3  # the square's first row
SQUARE = 10 / 7  # characters: 15 pixels
ROW = 11.25  # points: 15 pixels
DIGIT, LOGIT, PROBABILITY, BAR, LOG, GRADIENT = range(30, 36)  # columns
SALIENCY = 37  # column
CHOICE_ROW, DIGITS_ROW, LABEL_ROW, LOSS_ROW, RATE_ROW = 3, 7, 18, 19, 21
HOW_TO_ROW = 24
BAR_LENGTH = 10  # characters

LABEL = at(LABEL_ROW, PROBABILITY, fixed=True)
RATE = at(RATE_ROW, PROBABILITY, fixed=True)
LOSS = at(LOSS_ROW, PROBABILITY, fixed=True)
LOGITS = span(DIGITS_ROW, LOGIT, 10, 1, fixed=True)
CHOICE = at(CHOICE_ROW, BAR, fixed=True)
SHOWN = span(TOP, FIRST, SIZE, SIZE)

PICKED_NAME, NAMES, OF_DIGITS = (Variable(name, 0) for name in ("picked", "names", "logits"))

INK = ("#FFFFFF", "#7F7F7F", "#000000")
HOW_TO = (
    "Excel: select cells (Ctrl for more), type 255, press Ctrl+Enter.",
    "LibreOffice: the same with Alt+Enter; it computes some seconds. For many",
    "strokes, switch Data > Calculate > AutoCalculate off, then on.",
    "To take paint off, copy a cell without paint onto it.",
)


@dataclass(frozen=True)
class NewLoss:
    """The loss after a step of gradient descent: its value, its formula, and in words how it is found."""

    value: float
    formula: str
    how: str


@dataclass(frozen=True)
class ShownDigit:
    """What the workbook shows as it opens."""

    pixels: Array  # (28, 28)
    name: str
    number: int  # among the pictures; 0 is one's own
    label: int
    reading: Reading
    gradients: list[Gradients] | None  # from the first block to the last
    rate: float
    new_loss: NewLoss | None


def logit_gradient(digit: int) -> str:
    """The address, for other sheets, of ∂loss/∂ a logit."""
    return f"{PAINT}!{at(DIGITS_ROW + digit, GRADIENT, fixed=True)}"


def paint_sheet(shown: ShownDigit, pictures: Pictures, last: BlockLayout, saliency: Strip | None) -> SheetPlan:
    """The sheet; `last` is the last block, and `saliency` where ∂loss/∂ the normalised picture stands, if anywhere."""
    cells = [*_square(shown, pictures), *_answers(shown, last), *_notes(shown)]
    cells += _loss(shown, pictures)
    scales: list[ColorScale | SignScale] = [ColorScale(SHOWN, INK, (0.0, 127.5, 255.0))]
    if shown.gradients is not None and saliency is not None and shown.new_loss is not None:
        cells += [*_gradients(shown), *_step(shown, shown.new_loss), *_saliency(shown.gradients[0], saliency)]
        scales.append(SignScale([span(TOP, SALIENCY, SIZE, SIZE, fixed=True)]))
    return small_sheet(
        PAINT, cells,
        {"A": 1, "B:AC": SQUARE, "AD": 1, "AE": 5, "AF": 8, "AG": 9, "AH": 14, "AI": 8, "AJ": 10, "AK": 1,
         "AL:BM": SQUARE},
        tab="teach", heights={1: 54.0, 2: 15.0}, row_height=ROW, gridlines=False,
        zoom=90 if saliency else 100,  # all of it in a window 1366 pixels wide
        scales=scales,
        choices=[Choice(at(CHOICE_ROW, BAR), pictures.names_range)],
        validations=_validations(backward=saliency is not None),
    )  # fmt: skip


def _square(shown: ShownDigit, pictures: Pictures) -> Iterator[Cell]:
    for y, x in product(range(SIZE), range(SIZE)):
        formula = f"={pictures.pixel(FIRST + x, rows_above=TOP - 1)}"
        yield Cell(TOP + y, FIRST + x, "ink", float(shown.pixels[y, x]), formula)


def _answers(shown: ShownDigit, last: BlockLayout) -> Iterator[Cell]:
    logits, logs = shown.reading.logits, shown.reading.log_probabilities
    digits = range(DIGITS_ROW, DIGITS_ROW + len(logits))
    p, answer = span(DIGITS_ROW, PROBABILITY, len(logits), 1), int(logits.argmax())
    said = f'="I read a "&{ANSWER}&",  "&TEXT(MAX({p}),"0.0%")'
    yield Cell(1, FIRST, "poster", f"I read a {answer},  {np.exp(logs.max()):.1%}", said)
    for column, name in ((DIGIT, "digit"), (LOGIT, "logit"), (PROBABILITY, "probability"), (LOG, "log p")):
        yield Cell(DIGITS_ROW - 1, column, "caption", name)
    yield Cell(DIGITS_ROW - 1, BAR, "caption", None)
    for digit, row in enumerate(digits):
        yield Cell(row, DIGIT, "step", digit)
        yield Cell(row, LOGIT, "number", float(logits[digit]), f"=AVERAGE({last.sheet}!{last.maps.map(digit)})")
        yield Cell(row, PROBABILITY, "number", float(np.exp(logs[digit])), f"=EXP({at(row, LOG)})")
        length = round(float(np.exp(logs[digit])) * BAR_LENGTH)
        bar = f'=REPT("█",ROUND({BAR_LENGTH}*{at(row, PROBABILITY)},0))&"▏"'
        yield Cell(row, BAR, "bar", "█" * length + "▏", bar)
        log = f"={at(row, LOGIT)}-MAX({LOGITS})-LN(SUMPRODUCT(EXP({LOGITS}-MAX({LOGITS}))))"
        yield Cell(row, LOG, "number", float(logs[digit]), log)


def _loss(shown: ShownDigit, pictures: Pictures) -> Iterator[Cell]:
    labels = f"INDEX({pictures.labels_range},{PICKED}+1)"
    yield Cell(LABEL_ROW, LOGIT, "step", "label")
    yield Cell(LABEL_ROW, PROBABILITY, "input", shown.label, f"={labels}")
    yield Cell(LABEL_ROW, BAR, "note", "the digit that it is; type another")
    yield Cell(LOSS_ROW, LOGIT, "step", "loss")
    loss = -float(shown.reading.log_probabilities[shown.label])
    log = span(DIGITS_ROW, LOG, 10, 1, fixed=True)
    yield Cell(LOSS_ROW, PROBABILITY, "number", loss, f"=-INDEX({log},{LABEL}+1)")
    yield Cell(LOSS_ROW, BAR, "note", "−log p of the label")


def _notes(shown: ShownDigit) -> Iterator[Cell]:
    yield Cell(2, FIRST, "note", f"Paint here: 0 is paper, 255 is ink. Or pick a picture on the right, or “{OWN}”.")
    yield Cell(CHOICE_ROW, PROBABILITY, "step", "picture")
    yield Cell(CHOICE_ROW, BAR, "input", shown.name)
    for number, text in enumerate(HOW_TO):
        yield Cell(HOW_TO_ROW + number, DIGIT, "note", text)


def picked(pictures: Pictures, name: str) -> tuple[int, str]:
    """The number of the picture that is picked, 0 for one's own, and its formula."""
    number = less(call("MATCH", PICKED_NAME, NAMES, ZERO), ONE)
    given: dict[str, Given] = {PICKED_NAME.name: name, NAMES.name: np.array([[OWN, *pictures.names]], dtype=object)}
    return live_whole(number, given, {PICKED_NAME: f"{PAINT}!{CHOICE}", NAMES: pictures.names_range})


def answer(logits: Array) -> tuple[int, str]:
    """The digit with the largest logit, and its formula."""
    return live_whole(
        less(position_of_largest(OF_DIGITS), ONE), {OF_DIGITS.name: logits}, {OF_DIGITS: f"{PAINT}!{LOGITS}"}
    )


def _gradients(shown: ShownDigit) -> Iterator[Cell]:
    yield Cell(DIGITS_ROW - 1, GRADIENT, "caption", "∂loss/∂logit")
    for digit, log in enumerate(shown.reading.log_probabilities):
        row = DIGITS_ROW + digit
        formula = f"={at(row, PROBABILITY)}-IF({at(row, DIGIT)}={LABEL},1,0)"
        yield Cell(row, GRADIENT, "number", float(np.exp(log)) - (digit == shown.label), formula)


def _step(shown: ShownDigit, new_loss: NewLoss) -> Iterator[Cell]:
    yield Cell(RATE_ROW, LOGIT, "step", "η")
    yield Cell(RATE_ROW, PROBABILITY, "input", shown.rate)
    yield Cell(RATE_ROW, BAR, "note", "of one step of gradient descent")
    yield Cell(RATE_ROW + 1, LOGIT, "step", "new loss")
    yield Cell(RATE_ROW + 1, PROBABILITY, "number", new_loss.value, new_loss.formula)
    yield Cell(RATE_ROW + 1, BAR, "note", new_loss.how)


def _saliency(first: Gradients, strip: Strip) -> Iterator[Cell]:
    yield Cell(
        2, SALIENCY, "note", "Saliency, ∂loss/∂(ink / 255): ink raises the loss where blue, lowers it where orange."
    )
    for y, x in product(range(SIZE), range(SIZE)):
        value = float(first.input[0, y, x]) / DEVIATION
        yield Cell(TOP + y, SALIENCY + x, "pixel", value, f"={strip.sheet}!{strip.pixel(0, y, x)}/{DEVIATION}")


def _validations(*, backward: bool) -> list[Validation]:
    # None for the ink: where LibreOffice does not calculate automatically, it refuses whatever is typed there.
    label = Validation(at(LABEL_ROW, PROBABILITY), 0, 9, "label", "The digit that it is, from 0 to 9.", whole=True)
    rate = Validation(at(RATE_ROW, PROBABILITY), 0, None, "η", "The learning rate, from 0 up.")
    return [label, rate] if backward else [label]
