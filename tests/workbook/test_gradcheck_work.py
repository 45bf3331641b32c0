"""How much work the gradient check does, counted and not timed: what is alike is looked up once."""

from collections import Counter
from itertools import combinations_with_replacement
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from openpyxl import Workbook

from engine import InputError
from workbook.inspect.explain.starts import Start
from workbook.inspect.find.words_beside import label
from workbook.inspect.gradcheck import checked
from workbook.inspect.guess import guesses
from workbook.spreadsheet.areas import Address, Area
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.forms import parsed
from workbook.spreadsheet.graph import differentiated
from workbook.spreadsheet.parser import parse_arrays
from workbook.spreadsheet.read import read
from workbook.spreadsheet.readers import Ranges
from workbook.spreadsheet.recalculate import recalculated
from workbook.spreadsheet.shapes import shape_of
from workbook.spreadsheet.trees import UnsupportedError, leaves


def descent(path: Path, steps: int) -> Cells:
    """A row a step of w ← w − 0.01·∂E/∂w with E = (2w − 1)²/2, whose weights stand in the next row."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["w", "z", "E", "dw", None, 0.01])
    for row in range(2, steps + 2):
        weight = 0.3 if row == 2 else f"=A{row - 1}-$F$1*D{row - 1}"
        sheet.append([weight, f"=2*A{row}", f"=(B{row}-1)^2/2", f"=(B{row}-1)*2"])
    book.save(path)
    return Cells(recalculated(read(path), 1)[0])


RIGHT = {"w": "=A{b}-$O$1*K{b}", "slope": "=1-F{r}^2", "du": "=J{r}*A{r}*H{r}*0.5"}
SLIPS = {
    "the step": {"w": "=A{b}-$O$1*K{b}*2"},
    "a slope within": {"slope": "=1-F{r}"},
    "a gradient": {"du": "=J{r}*H{r}*0.5"},
}


def two_layers(path: Path, steps: int, slip: dict[str, str]) -> Cells:
    """A row a step of y = w·h + c, h = tanh(0.5·u + b), E = (y − 0.7)²/2, with its gradients by w, u, b and c."""
    book, text = Workbook(), RIGHT | slip
    sheet = book.worksheets[0]
    sheet.append(["w", "u", "b", "c", "z", "h", "y", "slope", "E", "dy", "dw", "du", "db", "eta", 0.01])
    for r in range(2, steps + 2):
        updates = [text["w"], "=B{b}-$O$1*L{b}", "=C{b}-$O$1*M{b}", "=D{b}-$O$1*J{b}"]
        forward = ["=B{r}*0.5+C{r}", "=TANH(E{r})", "=A{r}*F{r}+D{r}", text["slope"], "=(G{r}-0.7)^2/2"]
        backward = ["=G{r}-0.7", "=J{r}*F{r}", text["du"], "=J{r}*A{r}*H{r}"]
        row = [*([0.3, 0.8, -0.2, 0.1] if r == 2 else updates), *forward, *backward]
        sheet.append([one.format(r=r, b=r - 1) if isinstance(one, str) else one for one in row])
    book.save(path)
    return Cells(recalculated(read(path), 1)[0])


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts of the labels that are looked for, of the references that are looked up, and of reverse passes."""
    counts: Counter[str] = Counter()
    area_of = Cells.area_of

    def counted_differentiated(*args: object, **kwargs: object) -> object:
        counts["derivatives"] += 1
        return differentiated(*args, **kwargs)  # type: ignore[arg-type]

    def counted_label(*args: object) -> str:
        counts["labels"] += 1
        return label(*args)  # type: ignore[arg-type]

    def counted_area_of(*args: object) -> object:
        counts["references"] += 1
        return area_of(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("workbook.inspect.losses.label", counted_label)
    for name in ("losses", "gradcheck", "judge.forward", "explain.copies"):
        monkeypatch.setattr(f"workbook.inspect.{name}.differentiated", counted_differentiated)
    monkeypatch.setattr(Cells, "area_of", counted_area_of)
    return counts


def test_the_loss_is_looked_for_once_and_then_where_it_moved_to(tmp_path: Path, counted: Counter[str]) -> None:
    found = list(guesses(descent(tmp_path / "descent.xlsx", 60)))
    assert [found[0].check.wrong, len(found)] == [False, 59]
    # Three formulas may be the first step's loss; then each step asks for the labels of its loss and its parameter.
    # Ranking the three again at each step would take 177 more.
    assert counted["labels"] <= 3 + 2 * len(found)


def test_what_a_shape_of_formula_reads_is_looked_up_once(tmp_path: Path, counted: Counter[str]) -> None:
    cells = descent(tmp_path / "descent.xlsx", 60)
    formulas = [cells.formula(Address("Sheet", row, column)) for row in range(3, 60) for column in range(1, 5)]
    read = [cells.read_by(formula) for formula in formulas if formula is not None]
    assert (len(read), sum(map(len, read))) == (228, 342)
    assert counted["references"] == 6  # the references of four shapes


def test_what_a_shape_reads_is_what_each_of_its_formulas_reads(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in range(2, 9):
        sheet[f"A{row}"] = f"=$C$1*B{row - 1}+SUM($B$1:B{row})+SUM(B:B)+SUM(B{row}:C{row + 1})+C$1"
    book.save(tmp_path / "references.xlsx")
    cells = Cells(read(tmp_path / "references.xlsx"))
    for row in range(2, 9):
        formula = cells.formula(Address("Sheet", row, 1))
        assert formula is not None
        assert cells.read_by(formula) == list(dict.fromkeys(cells.reads(formula.tree, formula.home)))


def shown(starts: tuple[Start, ...]) -> list[tuple[str, str]]:
    """Where each starts and what it should be."""
    return [(str(start.cells), f"{start.value:.9g} {start.expected:.6g}") for start in starts]


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_every_row_is_explained_once_and_then_found_again(
    tmp_path: Path, slip: str, counted: Counter[str]
) -> None:
    few, many = two_layers(tmp_path / "few.xlsx", 6, SLIPS[slip]), two_layers(tmp_path / "many.xlsx", 40, SLIPS[slip])
    assert [guess.check.wrong for guess in guesses(few)] == [True] * 5
    of_few = counted["derivatives"]
    found = [guess.check for guess in guesses(many)]
    assert [check.wrong for check in found] == [True] * 39
    assert counted["derivatives"] == 2 * of_few  # no more for 39 steps than for 5
    for check in (found[1], found[-1]):
        alone = checked(many, check.loss, [(pair.parameter, pair.given) for pair in check.pairs], "updates")
        assert shown(check.starts) == shown(alone.starts) != []
        assert check.starts[0].cause.startswith("as in Sheet!")


def test_the_progress_line_moves_within_a_step(tmp_path: Path) -> None:
    said: list[str] = []
    list(guesses(two_layers(tmp_path / "slip.xlsx", 3, SLIPS["a gradient"]), said.append))
    within = [words for words in said if words.startswith("Differentiating step 1 of 2: ")]
    assert within[0] == "Differentiating step 1 of 2: is Sheet!I2 the loss? (cell 1 tried)"
    assert within[-1] == "Differentiating step 1 of 2: comparing with the derivatives of Sheet!I2"


def test_weights_on_blank_pixels_do_not_make_it_try_other_losses(tmp_path: Path, counted: Counter[str]) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for r in range(2, 12):  # ten pixels, every other one of them blank
        sheet[f"A{r}"], sheet[f"B{r}"], sheet[f"C{r}"] = r % 2 * r / 10, 0.3 - r / 20, f"=B{r}-0.1*$E$4*A{r}"
    sheet["E1"], sheet["E2"] = "=SUMPRODUCT(A2:A11,B2:B11)", "=TANH(E1)"
    sheet["D3"], sheet["E3"], sheet["E4"] = "loss", "=(E2-0.9)^2/2", "=(E2-0.9)*(1-E2^2)"
    for r in range(20, 40):  # what else depends on the weights
        sheet[f"E{r}"] = f"=E2*{r}"
    book.save(tmp_path / "blank.xlsx")
    (found,) = guesses(Cells(recalculated(read(tmp_path / "blank.xlsx"), 1)[0]))
    assert (found.check.wrong, found.check.loss.top) == (False, 3)
    assert counted["derivatives"] <= 6


def test_a_book_that_reads_too_much_is_refused_before_its_formulas_are_put_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = descent(tmp_path / "descent.xlsx", 20)
    monkeypatch.setattr("workbook.spreadsheet.readers.MOST_READS", 30)
    monkeypatch.setattr("workbook.spreadsheet.readers.ancestors", lambda *_, **__: pytest.fail("put in order"))
    with pytest.raises(InputError, match="name the cells"):
        list(guesses(cells))


@pytest.mark.parametrize(
    ("bound", "most", "message"),
    [
        ("MOST_PARAMETERS", 0, "got 1 parameters, expected at most 0"),
        ("MOST_LISTED", 5, "formulas read more than 5 other formulas: name a loss that fewer lead to"),
        (
            "MOST_READS",
            11,
            "the formulas between the parameters and the loss read 12 cells, expected at most 11: "
            "name parameters that are nearer to the loss",
        ),
    ],
)
def test_a_named_check_is_bounded_before_anything_is_evaluated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, most: int, message: str
) -> None:
    cells = descent(tmp_path / "a.xlsx", 5)  # E of the third step: 8 formulas

    def evaluated(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("workbook.spreadsheet.graph.traced", evaluated)
    monkeypatch.setattr(f"workbook.spreadsheet.graph.{bound}", most)
    with pytest.raises(InputError) as error:
        differentiated(cells, Area("Sheet", 4, 3, 4, 3), [Area("Sheet", 2, 1, 2, 1)])
    assert str(error.value) == message


def test_what_cannot_be_read_as_a_formula_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = Workbook()
    for row in range(2, 9):
        book.worksheets[0][f"A{row}"] = f'="η = "&B{row}'  # texts that are joined are not followed
    book.save(tmp_path / "texts.xlsx")
    cells, tried = Cells(read(tmp_path / "texts.xlsx")), Mock(side_effect=parsed)
    monkeypatch.setattr("workbook.spreadsheet.shapes.parsed", tried)
    for formula in [cells.formula(Address("Sheet", row, 1)) for row in [*range(2, 9)] * 3]:
        assert formula is not None
        with pytest.raises(UnsupportedError, match="it cannot be read as a formula"):
            cells.read_by(formula)
    assert tried.call_count == 1


def test_formulas_that_differ_in_their_cells_alone_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parse = Mock(side_effect=parse_arrays)
    monkeypatch.setattr("workbook.spreadsheet.forms.parse_arrays", parse)
    shapes = [shape_of(f"({letter}3-$B$1)^2*{letter}3+SUM({letter}3:{letter}5)*'a b'!C7", 3) for letter in "DEFGHIJK"]
    for shape in shapes:
        assert shape.parsed.tree == parse_arrays(shape.key)
        assert list(shape.parsed.leaves()) == list(dict.fromkeys(leaves(parse_arrays(shape.key))))
    assert parse.call_count == 1


def test_rows_between_the_same_ends_are_looked_up_once() -> None:
    draws = np.random.default_rng(0)
    tops = draws.integers(1, 40, 30)
    parts = [(int(top), int(top + down)) for top, down in zip(tops, draws.integers(0, 12, 30), strict=True)]
    ranges = Ranges()
    for at, (top, bottom) in enumerate(parts):
        ranges.add(Area("Sheet", top, 1, bottom, 1), at)
    for top, bottom in combinations_with_replacement(range(1, 60), 2):
        assert ranges.over(top, bottom) == [at for at, part in enumerate(parts) if part[0] <= bottom and part[1] >= top]
    assert ranges.over(54, 55) is ranges.over(56, 57)


@pytest.mark.parametrize(("slip", "most"), [("", 0), ("*2", 1)])
def test_other_losses_are_made_only_where_the_sheets_own_does_not_agree_with_all(
    tmp_path: Path, slip: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, made = Workbook(), Mock(return_value=iter(()))
    book.worksheets[0].append(["w", "b", "a", "t", "w2"])
    book.worksheets[0].append([0.3, -0.2, "=TANH(2*A2+B2+0*E2)", 0.7, 0.5])
    book.worksheets[0].append(["loss", "=(C2-D2)^2/2"])
    book.worksheets[0].append(["dw", f"=(C2-D2)*(1-C2^2)*2{slip}"])
    book.worksheets[0].append(["db", "=(C2-D2)*(1-C2^2)"])
    book.worksheets[0].append(["dw2", "=(C2-D2)*(1-C2^2)*0"])  # of a blank pixel: it agrees with any loss
    book.save(tmp_path / "labelled.xlsx")
    monkeypatch.setattr("workbook.inspect.guess.made_losses", made)
    (found,) = guesses(Cells(recalculated(read(tmp_path / "labelled.xlsx"), 1)[0]))
    assert (found.check.wrong is False, made.call_count) == (not slip, most)
