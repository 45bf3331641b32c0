"""How the gradient check ends on a workbook that has no sheet of cells, and on one with a circle in it."""

import json
from pathlib import Path

import pytest
from openpyxl import Workbook

from engine import InputError
from workbook.inspect.gradcheck_command import run_gradcheck
from workbook.inspect.gradcheck_file import CheckOptions

NOTHING = CheckOptions("", "", "", "", None, None)
NAMED = CheckOptions("A1", "A2", "A3", "", None, None)


@pytest.mark.parametrize("asked", [NOTHING, NAMED])
def test_a_workbook_without_a_sheet_of_cells_is_refused_in_a_line(tmp_path: Path, asked: CheckOptions) -> None:
    book = Workbook()
    book.create_chartsheet("Chart")
    book.remove(book["Sheet"])
    path = tmp_path / "chart.xlsx"
    book.save(path)
    with pytest.raises(InputError, match=r"chart\.xlsx: got no sheet with cells, expected"):
        run_gradcheck(path, asked, json=False)


def descent(path: Path, circle: dict[str, str], loss: str = "=(B2-1)^2/2+(E2-3)^2/2") -> Path:
    """Two steps of two networks of one parameter each, and somewhere two cells that are computed from each other."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["w", "z", "E", "dw", "b", "db", 0.1])
    sheet.append([0.3, "=2*A2", loss, "=(B2-1)*2", 0.5, "=E2-3"])
    sheet.append(["=A2-$G$1*D2", "=2*A3", "=(B3-1)^2/2+(E3-3)^2/2", "=(B3-1)*2", "=E2-$G$1*F2", "=E3-3"])
    sheet.append(["=A3-$G$1*D3", None, None, None, "=E3-$G$1*F3"])
    for place, text in circle.items():
        sheet[place] = text
    book.save(path)
    return path


def test_a_circle_elsewhere_in_the_book_does_not_stop_the_check(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = descent(tmp_path / "circle.xlsx", {"J1": "=J2*0.1", "J2": "=100-J1"})
    assert run_gradcheck(path, NOTHING, json=True) == 0
    documents = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [document["verdict"] for document in documents] == ["right"] * 4


def test_a_circle_on_the_way_to_the_loss_is_named(tmp_path: Path) -> None:
    path = descent(tmp_path / "circle.xlsx", {"J1": "=J2*0.1", "J2": "=100-J1"}, "=(B2-1)^2/2+(E2-3)^2/2+J1")
    asked = CheckOptions("C2", "A2,E2", "", "A3,E3", None, None)
    with pytest.raises(InputError, match=r"Sheet!J\d is computed from itself: a circle that no parameter cuts"):
        run_gradcheck(path, asked, json=True)
