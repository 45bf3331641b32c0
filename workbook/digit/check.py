"""The sheet `check`: the numbers of the cells against torch's, for the picture that is shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from workbook.digit.block_layout import BETA, BIAS, GAMMA, BlockLayout
from workbook.digit.images import PICKED, Pictures, painted_range
from workbook.digit.layout import LEFT, Kernels, at, live, span
from workbook.digit.network import Gradients
from workbook.digit.paint import DIGITS_ROW, LABEL, LOG, PAINT, ShownDigit
from workbook.digit.reference import PARAMETER_NAMES, TorchReference
from workbook.digit.weights import Array
from workbook.records import Cell, Highlight, SheetPlan, small_sheet
from workbook.spreadsheet.algebra import ONE, TWO, ZERO, call, compare, less, over, power
from workbook.spreadsheet.evaluator import Given
from workbook.spreadsheet.trees import Number, Text, Variable

TOLERANCE = 1e-9
NAME, HERE, TORCH, APART = range(4)  # columns
LOGS_ROW, VERDICT_ROW, PARAMETERS_ROW = 6, 17, 23
TABLE = 6  # first column of torch's log-probabilities of all pictures
TORCH_SHEET = "torch"
# Our number or numbers and torch's, how far they are apart, and what is allowed.
OURS, TORCHS, OFF, ALLOWED = (Variable(name, 0) for name in ("ours", "torch's", "off", "allowed"))
APART_TREE = call("ABS", less(OURS, TORCHS))
DISTANCE = call("SQRT", over(call("SUMPRODUCT", power(less(OURS, TORCHS), TWO)), call("SUMSQ", TORCHS)))
PASSES = call("IF", compare("<=", OFF, ALLOWED), Text("PASS"), Text("FAIL"))
# The picture's number, what is painted over it, and the label.
NUMBER, PAINT_OVER, DIGIT = (Variable(name, 0) for name in ("number", "paint", "digit"))
WHERE = {NUMBER: PICKED, PAINT_OVER: painted_range(), DIGIT: f"{PAINT}!{LABEL}"}
PAINTED = call("OR", compare("=", NUMBER, ZERO), compare(">", call("SUM", PAINT_OVER), ZERO))
PARTS = {"weight": LEFT, "gamma": GAMMA, "beta": BETA, "bias": BIAS}  # columns


@dataclass(frozen=True)
class Checked:
    """A group of parameters, how many, and how far its gradients are from torch's, with the formula."""

    name: str
    count: int
    distance: tuple[float | str, str]


def check_sheet(
    shown: ShownDigit, reference: TorchReference, pictures: Pictures, checked: Sequence[Checked]
) -> SheetPlan:
    """The sheet; `checked` is empty where there are no gradients."""
    cells = [*_logs(shown, reference), *_table(reference, pictures)]
    verdicts = [at(VERDICT_ROW, HERE)]
    if checked:
        cells += _parameters(shown, pictures, checked)
        verdicts.append(span(PARAMETERS_ROW, APART + 1, len(checked), 1))
    marks = [Highlight(cell, "PASS", "green") for cell in verdicts] + [
        Highlight(cell, "FAIL", "red") for cell in verdicts
    ]
    return small_sheet(
        "check", cells, {"A": 26, "B:D": 13, "E": 16, "F": 2, "G": 28, "H:Q": 11},
        tab="prove",
        heights={1: 27.0}, highlights=marks, gridlines=False,
    )  # fmt: skip


def _logs(shown: ShownDigit, reference: TorchReference) -> Iterator[Cell]:
    yield Cell(1, NAME, "title", "Check")
    yield Cell(
        2,
        NAME,
        "text",
        "The log-probabilities of the picture on the sheet paint, here and as torch computed them in 64 bits.",
    )
    yield Cell(
        3,
        NAME,
        "text",
        "Pick another picture there: torch's numbers of all of them are stored on the right.",
    )
    for at_column, name in enumerate(("digit", "here", "torch", "apart")):
        yield Cell(LOGS_ROW - 1, at_column, "header", name)
    for digit, row in enumerate(range(LOGS_ROW, LOGS_ROW + 10)):
        here, torch = (float(logs[digit]) for logs in (shown.reading.log_probabilities, _torch_logs(shown, reference)))
        column = span(LOGS_ROW, TABLE + 1 + digit, len(reference.labels), 1, fixed=True)
        yield Cell(row, NAME, "step", digit)
        yield Cell(row, HERE, "number", here, f"={PAINT}!{at(DIGITS_ROW + digit, LOG)}")
        yield Cell(row, TORCH, "number", torch, f"=INDEX({column},MAX(1,{PICKED}))")
        both = {OURS: at(row, HERE), TORCHS: at(row, TORCH)}
        yield Cell(row, APART, "tolerance", *live(APART_TREE, {OURS.name: here, TORCHS.name: torch}, both))
    yield Cell(VERDICT_ROW - 1, NAME, "label", "largest difference")
    apart = np.abs(shown.reading.log_probabilities - _torch_logs(shown, reference))
    largest = live(call("MAX", OFF), {OFF.name: apart}, {OFF: span(LOGS_ROW, APART, 10, 1)})
    yield Cell(VERDICT_ROW - 1, HERE, "tolerance", *largest)
    yield Cell(VERDICT_ROW, NAME, "label", "verdict")
    verdict = call("IF", PAINTED, Text("painted"), PASSES)
    given = _opened(shown) | {OFF.name: largest[0], ALLOWED.name: TOLERANCE}
    cells = WHERE | {OFF: at(VERDICT_ROW - 1, HERE), ALLOWED: at(VERDICT_ROW + 1, HERE)}
    yield Cell(VERDICT_ROW, HERE, "verdict", *live(verdict, given, cells))
    yield Cell(VERDICT_ROW, TORCH, "beside", "what you painted yourself torch has not read")
    yield Cell(VERDICT_ROW + 1, NAME, "label", "tolerance")
    yield Cell(VERDICT_ROW + 1, HERE, "tolerance", TOLERANCE)


def _torch_logs(shown: ShownDigit, reference: TorchReference) -> Array:
    logs: Array = reference.log_probabilities[shown.number - 1]
    return logs


def _opened(shown: ShownDigit) -> dict[str, Given]:
    """What the file opens with: nothing is painted over the picture."""
    return {NUMBER.name: float(shown.number), PAINT_OVER.name: 0.0, DIGIT.name: float(shown.label)}


def _table(reference: TorchReference, pictures: Pictures) -> Iterator[Cell]:
    yield Cell(LOGS_ROW - 1, TABLE, "header_left", "torch's log-probabilities")
    for digit in range(10):
        yield Cell(LOGS_ROW - 1, TABLE + 1 + digit, "header", digit)
    for row, (name, logs) in enumerate(zip(pictures.names, reference.log_probabilities, strict=True), start=LOGS_ROW):
        yield Cell(row, TABLE, "beside", name)
        for digit in range(10):
            yield Cell(row, TABLE + 1 + digit, "number", float(logs[digit]))


def _parameters(shown: ShownDigit, pictures: Pictures, checked: Sequence[Checked]) -> Iterator[Cell]:
    text = f"The gradients of “{pictures.names[0]}” for its label, here and by torch.autograd: |here − torch| / |torch|"
    yield Cell(PARAMETERS_ROW - 2, NAME, "text", text)
    for column, name in enumerate(("parameters", "how many", "distance", "", "verdict")):
        yield Cell(PARAMETERS_ROW - 1, column, "header", name)
    other = call("OR", PAINTED, compare("<>", NUMBER, ONE), compare("<>", DIGIT, Number(pictures.labels[0])))
    verdict = call("IF", other, Text("another picture"), PASSES)
    for row, part in enumerate(checked, start=PARAMETERS_ROW):
        yield Cell(row, NAME, "beside", part.name)
        yield Cell(row, HERE, "step", part.count)
        yield Cell(row, TORCH, "tolerance", *part.distance)
        given = _opened(shown) | {OFF.name: part.distance[0], ALLOWED.name: TOLERANCE}
        cells = WHERE | {OFF: at(row, TORCH), ALLOWED: at(VERDICT_ROW + 1, HERE, fixed=True)}
        yield Cell(row, APART + 1, "verdict", *live(verdict, given, cells))
    row = PARAMETERS_ROW + len(checked)
    yield Cell(row, NAME, "label", "all")
    yield Cell(
        row, HERE, "step", sum(part.count for part in checked), f"=SUM({span(PARAMETERS_ROW, HERE, len(checked), 1)})"
    )


def torch_sheet(reference: TorchReference, blocks: Sequence[BlockLayout]) -> SheetPlan:
    """The hidden sheet with torch's gradients, laid out as ours are."""
    return small_sheet(TORCH_SHEET, _torch_cells(reference, blocks), {}, hidden="hidden")


def _torch_cells(reference: TorchReference, blocks: Sequence[BlockLayout]) -> Iterator[Cell]:
    for names, kernels in zip(PARAMETER_NAMES, _torch_kernels(blocks), strict=True):
        gradients = reference.gradients[names["weight"]]
        for weight in kernels.weights():
            yield Cell(*kernels.cell(*weight), "step", float(gradients[weight]))
        for part in names.keys() - {"weight"}:
            for number, value in enumerate(reference.gradients[names[part]].tolist()):
                yield Cell(kernels.top(number), PARTS[part], "step", value)


def _torch_kernels(blocks: Sequence[BlockLayout]) -> list[Kernels]:
    row, stacked = 1, []
    for layout in blocks:
        kernels = layout.kernels
        stacked.append(Kernels(TORCH_SHEET, row, kernels.count, kernels.size, kernels.over, kernels.pitch))
        row = stacked[-1].last_row + 2
    return stacked


def checked_parameters(
    reference: TorchReference, blocks: Sequence[BlockLayout], gradients: Sequence[Gradients]
) -> list[Checked]:
    """Every group of parameters, with the distance of the gradients that the workbook shows as it opens."""
    found = []
    stacked = zip(PARAMETER_NAMES, _torch_kernels(blocks), blocks, gradients, strict=True)
    for number, (names, theirs, layout, own) in enumerate(stacked, start=1):
        if layout.backward is None:
            continue
        for part, name in names.items():
            torch, here = reference.gradients[name], getattr(own, part)
            ours = layout.backward.kernels
            at_ours, at_theirs = (f"{kernels.sheet}!{_range(kernels, part)}" for kernels in (ours, theirs))
            given = {OURS.name: here.reshape(len(here), -1), TORCHS.name: torch.reshape(len(torch), -1)}
            distance = live(DISTANCE, given, {OURS: at_ours, TORCHS: at_theirs})
            what = {"weight": "weights", "gamma": "γ", "beta": "β", "bias": "biases"}[part]
            found.append(Checked(f"block {number}, {what}", torch.size, distance))
    return found


def _range(kernels: Kernels, part: str) -> str:
    if part == "weight":
        return kernels.all(fixed=True)
    return span(kernels.row, PARTS[part], kernels.last_row - kernels.row + 1, 1, fixed=True)
