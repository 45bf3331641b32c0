"""How the gradient check ends on a workbook that has no sheet of cells."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from engine import InputError
from workbook.inspect.gradcheck_command import Asked, run_gradcheck

NOTHING = Asked("", "", "", "", None, None)
NAMED = Asked("A1", "A2", "A3", "", None, None)


@pytest.mark.parametrize("asked", [NOTHING, NAMED])
def test_a_workbook_without_a_sheet_of_cells_is_refused_in_a_line(tmp_path: Path, asked: Asked) -> None:
    book = Workbook()
    book.create_chartsheet("Chart")
    book.remove(book["Sheet"])
    path = tmp_path / "chart.xlsx"
    book.save(path)
    with pytest.raises(InputError, match=r"chart\.xlsx: got no sheet with cells, expected"):
        run_gradcheck(path, asked, json=False)
