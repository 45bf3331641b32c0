"""Files of many layouts, broken at random in every part: each ends in a report or in one line."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl
import pytest

from engine import default_experiment
from tests.workbook.handmade import HandMade, ods, save, values_of
from tests.workbook.mutations import mutated
from workbook.inspect import audit as stages
from workbook.inspect.audit import audit
from workbook.inspect.report.audit import as_json
from workbook.plan import plan
from workbook.write import write

MUTATIONS = 40  # of each layout


def _by_hand(folder: Path) -> Path:
    return save(folder / "hand.xlsx", HandMade(rows=3).cells)


def _with_names_and_a_hidden_sheet(folder: Path) -> Path:
    made = HandMade(rows=3, label=None)
    for n in range(1, 9):
        made.edit(f"w{n}", lambda text, _: text.replace("$H$1", "eta"))
    names = {"eta": "'Sheet 1'!$H$1"}
    return save(folder / "names.xlsx", made.cells, {(1, 1): "see"}, states=["activate", "hide"], names=names)


def _saved_by_openpyxl(folder: Path) -> Path:
    openpyxl.load_workbook(_by_hand(folder)).save(folder / "openpyxl.xlsx")
    return folder / "openpyxl.xlsx"


def _ours(folder: Path) -> Path:
    write(plan(replace(default_experiment(), steps=2))[:3], folder / "ours.xlsx")
    return folder / "ours.xlsx"


def _opendocument(folder: Path) -> Path:
    def cell(value: object) -> str:
        if isinstance(value, str):
            return f"<table:table-cell><text:p>{escape(value)}</text:p></table:table-cell>"
        return "<table:table-cell/>" if value is None else f'<table:table-cell office:value="{value!r}"/>'

    rows = ("".join(map(cell, row)) for row in values_of(HandMade(rows=3).cells, folder))
    return ods(folder / "open.ods", "".join(f"<table:table-row>{row}</table:table-row>" for row in rows))


def _text(folder: Path) -> Path:
    rows = values_of(HandMade(rows=3).cells, folder)
    (folder / "text.csv").write_text(
        "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in rows)
    )
    return folder / "text.csv"


LAYOUTS = [_by_hand, _with_names_and_a_hidden_sheet, _saved_by_openpyxl, _ours, _opendocument, _text]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__.strip("_"))
def test_no_mutation_raises(tmp_path: Path, layout: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "recalculated", lambda book, _stale: (book, "left out: it is a process of its own"))
    path = layout(tmp_path)
    assert audit(path).error is None, "what is broken was whole before"
    data = path.read_bytes()
    for seed in range(MUTATIONS):
        path.write_bytes(mutated(data, seed))
        report = audit(path)
        assert as_json(report)
        assert (report.error is None) == (report.status != 2), seed
        assert "\n" not in (report.error or ""), seed
