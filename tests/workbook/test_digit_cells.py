"""Spreadsheet engines compute the digit's workbook from copies whose caches lie, and agree with torch in every cell."""

from pathlib import Path

import numpy as np
import openpyxl
import pytest
from safetensors.torch import load_file, save_file

from engine import InputError
from tests.commands import run
from tests.workbook.digit_torch import Passes, passes, random_weights
from tests.workbook.spreadsheets import Book, by_ironcalc, by_libreoffice, by_openpyxl, error_cells, poisoned
from workbook.digit.block_layout import BETA, BIAS, GAMMA, BlockLayout, gradient_layout, input_strips, plan_blocks
from workbook.digit.command import write_digit
from workbook.digit.layout import Kernels, Strip, at
from workbook.digit.paint import (
    DIGITS_ROW,
    GRADIENT,
    LABEL_ROW,
    LOG,
    LOGIT,
    LOSS_ROW,
    PROBABILITY,
    RATE_ROW,
    SALIENCY,
    TOP,
)  # fmt: skip
from workbook.digit.reference import PARAMETER_NAMES, load_reference

COLUMNS = {"gamma": GAMMA, "beta": BETA, "bias": BIAS}
REFERENCE = load_reference()
IMAGE, LABEL = REFERENCE.images[0], REFERENCE.labels[0]


def _cells(book: Book, sheet: str, addresses: list[str]) -> np.ndarray:
    return np.array([book[sheet][address] for address in addresses], dtype=float)


def _maps(book: Book, strip: Strip) -> np.ndarray:
    shape = (strip.count, strip.size, strip.size)
    return _cells(book, strip.sheet, [strip.pixel(*index) for index in np.ndindex(shape)]).reshape(shape)


def _weights(book: Book, kernels: Kernels) -> np.ndarray:
    cells = [at(*kernels.cell(*weight)) for weight in kernels.weights()]
    return _cells(book, kernels.sheet, cells).reshape(kernels.count, kernels.over, kernels.size, kernels.size)


def _assert_as_torch(got: np.ndarray, expected: np.ndarray, what: str) -> None:
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9 * float(np.abs(expected).max()), err_msg=what)


def _assert_maps(book: Book, layouts: list[BlockLayout], torchs: Passes) -> None:
    for number, layout in enumerate(layouts, start=1):
        _assert_as_torch(_maps(book, layout.maps), torchs.values[f"{number} maps"], f"{layout.sheet} maps")
        if layout.pooled is not None:
            _assert_as_torch(_maps(book, layout.pooled), torchs.values[f"{number} pooled"], f"{layout.sheet} pooled")


def _assert_gradients(book: Book, layouts: list[BlockLayout], torchs: Passes) -> None:
    for number, layout in enumerate(layouts, start=1):
        backward, names = gradient_layout(layout), PARAMETER_NAMES[number - 1]
        strips = {"maps": backward.maps, "z": backward.z, "pooled": backward.pooled}
        for kind, strip in strips.items():
            if strip is not None:
                _assert_as_torch(_maps(book, strip), torchs.gradients[f"{number} {kind}"], f"{layout.sheet} {kind}")
        _assert_as_torch(_weights(book, backward.kernels), torchs.gradients[names["weight"]], f"{layout.sheet} weights")
        for part in names.keys() - {"weight"}:
            cells = [at(backward.kernels.top(number), COLUMNS[part]) for number in range(layout.plan.outputs)]
            _assert_as_torch(_cells(book, layout.sheet, cells), torchs.gradients[names[part]], f"{layout.sheet} {part}")


def _assert_painted(book: Book, torchs: Passes, label: int) -> None:
    logs = torchs.log_probabilities
    logits, logit_gradients = torchs.values["logits"], torchs.gradients["logits"]
    columns = {LOGIT: logits, LOG: logs, PROBABILITY: np.exp(logs), GRADIENT: logit_gradients}
    for column, expected in columns.items():
        cells = [at(DIGITS_ROW + digit, column) for digit in range(10)]
        if column != GRADIENT or cells[0] in book["paint"]:
            _assert_as_torch(_cells(book, "paint", cells), expected, f"paint column {column}")
    assert str(book["paint"]["B1"]).startswith(f"I read a {logs.argmax()},")
    assert book["paint"][at(LABEL_ROW, PROBABILITY)] == label
    assert book["paint"][at(LOSS_ROW, PROBABILITY)] == pytest.approx(-logs[label], rel=1e-9)


@pytest.fixture(scope="module")
def random_book(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Random weights, and their workbook with gradients and a step."""
    folder = tmp_path_factory.mktemp("random")
    weights = random_weights(folder / "random.safetensors")
    said = write_digit(weights, folder / "digit.xlsx", backward=True, step=True)
    assert said.endswith("Without the sheet check: torch's stored numbers are of the weights that ship.")
    return weights, folder / "digit.xlsx"


@pytest.mark.parametrize("program", ["IronCalc", "LibreOffice", "its caches"])
def test_every_map_and_every_gradient_is_torchs(random_book: tuple[Path, Path], tmp_path: Path, program: str) -> None:
    weights, path = random_book
    lying = poisoned(path, tmp_path / "digit.xlsx")
    if program == "IronCalc":
        book = by_ironcalc(lying)
    else:
        book = by_libreoffice([lying], tmp_path)[0] if program == "LibreOffice" else by_openpyxl(path)
    torchs = passes(IMAGE, LABEL, weights)
    picture, saliency = input_strips(backward=True)
    layouts = plan_blocks("block", picture, backward=True)
    _assert_painted(book, torchs, LABEL)
    _assert_as_torch(_maps(book, picture), torchs.values["input"], "input")
    _assert_maps(book, layouts, torchs)
    _assert_gradients(book, layouts, torchs)
    assert saliency is not None
    _assert_as_torch(_maps(book, saliency), torchs.gradients["input"], "saliency")
    pixels = [at(TOP + y, SALIENCY + x) for y in range(28) for x in range(28)]
    by_pixel = torchs.gradients["input"].ravel() / 0.3081
    _assert_as_torch(_cells(book, "paint", pixels), by_pixel, "saliency on paint")

    after = passes(IMAGE, LABEL, weights, rate=0.001)
    _assert_maps(book, plan_blocks("after", picture, backward=False), after)
    new_loss = book["paint"][at(RATE_ROW + 1, PROBABILITY)]
    assert new_loss == pytest.approx(-after.log_probabilities[LABEL], rel=1e-9)
    assert error_cells(book) == []


def test_what_is_painted_picked_and_typed_changes_the_answer_as_torch_says(tmp_path: Path) -> None:
    path = tmp_path / "digit.xlsx"
    write_digit(None, path, backward=False, step=False)
    painted, other = IMAGE.copy(), 21  # a picture that is misread
    typed: dict[str, float] = {}
    for y, x in [(8, 14), (9, 14), (10, 13), (11, 13), (12, 12)]:
        painted[y, x] = 255
        typed[f"paint!{at(TOP + y, 1 + x)}"] = 255
    copies = [
        poisoned(path, tmp_path / "painted.xlsx", typed | {f"paint!{at(LABEL_ROW, PROBABILITY)}": 3}),
        poisoned(path, tmp_path / "picked.xlsx", {"images!AH1": other + 1}),
        poisoned(path, tmp_path / "own.xlsx", typed | {"images!AH1": 0}),
    ]
    by_hand, picked, own = by_libreoffice(copies, tmp_path, ["paint", "check"])
    _assert_painted(by_hand, passes(painted, 3), 3)
    assert by_hand["check"]["B17"] == "painted"
    label = REFERENCE.labels[other]
    _assert_painted(picked, passes(REFERENCE.images[other], label), label)
    assert picked["check"]["B17"] == "PASS"
    alone = np.where(painted == IMAGE, 0, painted)
    answer = int(passes(alone, 0).log_probabilities.argmax())
    _assert_painted(own, passes(alone, answer), answer)  # the label of one's own picture is what the network reads
    assert own["check"]["B17"] == "painted"


def test_the_sheet_check_passes_and_fails_where_a_weight_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "digit.xlsx"
    write_digit(None, path, backward=True, step=False)
    kernels = plan_blocks("block", input_strips(backward=True)[0], backward=True)[4].kernels
    slip = {f"block5!{at(*kernels.cell(3, 7, 0, 0))}": 0.5}
    copies = [poisoned(path, tmp_path / "right.xlsx"), poisoned(path, tmp_path / "wrong.xlsx", slip)]
    right, wrong = by_libreoffice(copies, tmp_path, ["paint", "check"])
    assert right["check"]["B17"] == "PASS"
    assert [right["check"][f"E{row}"] for row in range(23, 50)] == ["PASS"] * 27
    assert right["check"]["B50"] == 19_298
    _assert_estimate(right)
    assert wrong["check"]["B17"] == "FAIL"
    assert "FAIL" in [wrong["check"][f"E{row}"] for row in range(23, 50)]


def _assert_estimate(book: Book) -> None:
    gradients = passes(IMAGE, LABEL).gradients
    squares = sum(float((gradient**2).sum()) for name, gradient in gradients.items() if name.startswith("layers."))
    loss, estimate = (book["paint"][at(row, PROBABILITY)] for row in (LOSS_ROW, RATE_ROW + 1))
    assert isinstance(loss, float)
    assert estimate == pytest.approx(loss - 0.001 * squares, rel=1e-9)


def test_the_ink_is_shaded_from_paper_to_ink(tmp_path: Path) -> None:
    write_digit(None, tmp_path / "digit.xlsx", backward=False, step=False)
    formats = openpyxl.load_workbook(tmp_path / "digit.xlsx")["paint"].conditional_formatting
    scales = {str(found.sqref): rule.colorScale for found in formats for rule in found.rules if rule.colorScale}
    assert [entry.val for entry in scales["B3:AC30"].cfvo] == [0, 127.5, 255]


def test_the_command_writes_and_replaces_only_its_own(tmp_path: Path) -> None:
    done = run("workbook", "digit", str(tmp_path / "digit.xlsx"))
    said = "the CNN in cells. Open it in Excel or LibreOffice and paint a digit."
    assert done.stdout == f"Wrote {tmp_path}/digit.xlsx: {said}\n"
    (tmp_path / "theirs.xlsx").write_text("theirs")
    refused = run("workbook", "digit", str(tmp_path / "theirs.xlsx"))
    assert refused.returncode == 2
    assert "is not an unchanged digit made by this command" in refused.stderr
    assert (tmp_path / "theirs.xlsx").read_text() == "theirs"


def test_a_norm_without_a_gamma_has_no_gradients_in_cells(tmp_path: Path) -> None:
    weights = load_file(random_weights(tmp_path / "zero.safetensors"))
    weights["layers.4.weight"][2] = 0
    save_file(weights, tmp_path / "zero.safetensors")
    with pytest.raises(InputError, match=r"layers\.4\.weight holds a 0"):
        write_digit(tmp_path / "zero.safetensors", tmp_path / "digit.xlsx", backward=True, step=False)
    assert not (tmp_path / "digit.xlsx").exists()
