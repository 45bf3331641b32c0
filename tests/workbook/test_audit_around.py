"""What stands around, in and between the tables on people's sheets: a right table is right, and a slip is found."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import column_index_from_string, get_column_letter

from tests.workbook.handmade import FIRST, OURS, ROWS, Cells, Content, HandMade, audited, only_root, ours, roots, save
from workbook.inspect.audit import FileReport, audit
from workbook.inspect.find.headers import typed_number

CELL = re.compile(r"(\$?)\b([A-Z]{1,2})(\$?)(\d+)\b")
LAST = 4 + ROWS

Fill = Callable[[str, str], Content]


def notes(report: FileReport) -> str:
    return "\n".join(finding.cause for table in report.tables for finding in table.findings if finding.kind == "note")


def a_row(made: HandMade, row: int, fill: Fill) -> Cells:
    """A row of cells in the table's columns, by our names and letters."""
    letters = {name: made.cell(name, 0).rstrip("0123456789") for name in OURS}
    return {(row, column_index_from_string(letter)): fill(name, letter) for name, letter in letters.items()}


def rows_moved(cells: Cells, moved: Callable[[int], int]) -> Cells:
    """Rows of the table put elsewhere, and every reference to them."""

    def reference(match: re.Match[str]) -> str:
        dollar, letter, frozen, row = match.groups()
        return f"{dollar}{letter}{frozen}{moved(int(row))}"

    return {
        (moved(row), column): CELL.sub(reference, text) if isinstance(text, str) and text.startswith("=") else text
        for (row, column), text in cells.items()
    }


def under_the_header(fill: Fill) -> Callable[[HandMade], Cells]:
    def add(made: HandMade) -> Cells:
        return rows_moved(made.cells, lambda row: row + (row > 4)) | a_row(made, 5, fill)

    return add


def under_the_table(*fills: Fill) -> Callable[[HandMade], Cells]:
    def add(made: HandMade) -> Cells:
        below = [a_row(made, LAST + place, fill) for place, fill in enumerate(fills, start=1)]
        return made.cells | {place: content for cells in below for place, content in cells.items()}

    return add


def spaced(*between: Fill) -> Callable[[HandMade], Cells]:
    """After every fourth step a row, or several, of something else."""

    def add(made: HandMade) -> Cells:
        size = max(1, len(between))
        cells = rows_moved(made.cells, lambda row: row + max(0, row - 5) // 4 * size)
        for block in range(1, ROWS // 4):
            for place, fill in enumerate(between):
                cells |= a_row(made, 5 + 4 * block + size * (block - 1) + place, fill)
        return cells

    return add


def summary(function: str) -> Fill:
    return lambda _, letter: f"={function}({letter}5:{letter}{LAST})"


def beside(*columns: tuple[str, Callable[[HandMade, int], Content]]) -> Callable[[HandMade], Cells]:
    """Columns of their own to the right of the table, each with its header, filled from the table and a row."""

    def add(made: HandMade) -> Cells:
        cells = dict(made.cells)
        for place, (header, fill) in enumerate(columns):
            cells[4, 34 + place] = header
            cells |= {(row, 34 + place): fill(made, row) for row in range(5, LAST + 1)}
        return cells

    return add


def cells_of(fill: Cells) -> Callable[[HandMade], Cells]:
    return lambda made: made.cells | fill


def log_of_results(*extra: str) -> Callable[[HandMade], Cells]:
    """One line a run: its first weights, its last ones, what came out."""
    headers = ["run", *(f"W{n}" for n in range(1, 9)), *(f"W{n}" for n in range(1, 9)), *extra, "Etot"]
    cells: Cells = {(29, 2): "Initial", (29, 10): "Final"}
    for place, header in enumerate(headers, start=1):
        cells[30, place] = header
        cells |= {(30 + run, place): run if place == 1 else 0.1 * (place % 7 + run) for run in range(1, 6)}
    return cells_of({place: float(value) if isinstance(value, int) else value for place, value in cells.items()})


AROUND: dict[str, Callable[[HandMade], Cells]] = {
    "a row of units": under_the_header(lambda *_: "[-]"),
    "formulas as text under the headers": under_the_header(lambda name, _: f"'= {ours(name)}"),
    "the columns' numbers under the headers": under_the_header(
        lambda _, letter: float(column_index_from_string(letter))
    ),
    "averages between headers and numbers": under_the_header(lambda _, letter: f"=AVERAGE({letter}6:{letter}17)"),
    "the last step less the first": under_the_table(lambda _, letter: f"={letter}{LAST}-{letter}5"),
    "the last step over the first": under_the_table(lambda _, letter: f"={letter}{LAST}/{letter}5-1"),
    "a copy of the last step": under_the_table(lambda _, letter: f"={letter}{LAST}"),
    "the span": under_the_table(lambda _, letter: f"=MAX({letter}5:{letter}{LAST})-MIN({letter}5:{letter}{LAST})"),
    "minimum and maximum": under_the_table(summary("MIN"), summary("MAX")),
    "a sum of what is visible": under_the_table(lambda _, letter: f"=SUBTOTAL(109,{letter}5:{letter}{LAST})"),
    "sums of the computed columns": under_the_table(
        lambda name, letter: None if name in FIRST else f"=SUM({letter}5:{letter}{LAST})"
    ),
    "means with a word": under_the_table(
        lambda name, letter: "mean" if name == "t1" else f"=AVERAGE({letter}5:{letter}{LAST})"
    ),
    "numbers to compare with, below": under_the_table(lambda name, _: "solution" if name == "t1" else 0.25),
    "a note below": under_the_table(lambda name, _: "Note: eta is frozen" if name == "t1" else None),
    "the headers once more, below": under_the_table(lambda name, _: name),
    "letters below": under_the_table(lambda _, letter: letter),
    "spacer rows": spaced(lambda *_: None),
    "two spacer rows": spaced(lambda *_: None, lambda *_: None),
    "rows with a word between the steps": spaced(lambda name, _: "next" if name == "t1" else None),
    "the headers on every page": spaced(lambda *_: None, lambda name, _: name),
    "averages between the steps": spaced(lambda _, letter: f"=AVERAGE({letter}5:{letter}8)"),
    "helper columns of the charts": beside(
        ("log E", lambda made, row: f"=LOG10({made.cell('E_tot', row - 5)})"),
        ("E_tot", lambda made, row: f"={made.cell('E_tot', row - 5)}"),
        ("moving average", lambda _, row: f"=AVERAGE(W{max(5, row - 2)}:W{row})"),
        ("nothing", lambda *_: "=NA()"),
    ),
    "the errors themselves": beside(
        ("Error", lambda made, row: f"=A{row}-{made.cell('a_o1', row - 5)}"),
        ("Error 2", lambda made, row: f"=B{row}-{made.cell('a_o2', row - 5)}"),
    ),
    "remarks": beside(("remarks", lambda _, row: f"row {row} is good")),
    "titles of groups": cells_of({(3, 1): "targets", (3, 3): "inputs", (3, 5): "weights", (3, 9): "hidden layer"}),
    "a log of results": log_of_results(),
    "a log of results with the outputs": log_of_results("a_o1", "a_o2"),
}  # fmt: skip


@pytest.mark.parametrize("add", AROUND.values(), ids=AROUND.keys())
def test_a_right_table_is_right_whatever_stands_around_it(tmp_path: Path, add: Callable[[HandMade], Cells]) -> None:
    report = audit(save(tmp_path / "theirs.xlsx", add(HandMade())))
    assert (report.error, roots(report)) == (None, [])
    assert (report.verdict, [table.rows for table in report.tables]) == ("right", [ROWS]), notes(report)


@pytest.mark.parametrize("add", AROUND.values(), ids=AROUND.keys())
def test_a_slip_is_found_whatever_stands_around_it(tmp_path: Path, add: Callable[[HandMade], Cells]) -> None:
    slipped = HandMade().plant("∂E/∂w3", "a_h2*(1-a_h2)", "a_h1*(1-a_h1)").plant("w6", "∂E/∂w6", "∂E/∂w5")
    report = audit(save(tmp_path / "theirs.xlsx", add(slipped)))
    found = {root.column: root.rows for root in report.roots}
    assert (found, len(report.roots)) == ({"∂E/∂w3": ROWS, "w6": ROWS - 1}, 2), [root.cause for root in report.roots]


def test_what_is_passed_over_is_said(tmp_path: Path) -> None:
    report = audit(save(tmp_path / "theirs.xlsx", AROUND["minimum and maximum"](HandMade())))
    assert notes(report) == (
        f"taken for no step of the training: row {LAST + 1}-{LAST + 2}: its formulas read no cell of their own row"
    )


def test_a_row_of_slips_that_the_next_row_reads_is_a_step(tmp_path: Path) -> None:
    made = HandMade()
    for name in OURS:
        if name not in FIRST:
            made.edit(name, lambda text, row: text.replace(str(row), "5"), [6])
    assert {root.rows for root in audited(tmp_path, made).roots} == {1}
    assert len(roots(audited(tmp_path, made))) == len(OURS) - len(FIRST)


# The last row.


def last_row_with(made: HandMade, kinds: str) -> HandMade:
    for name in OURS:
        if name[0] not in kinds:
            made.put(name, ROWS - 1, None)
    return made


@pytest.mark.parametrize("kinds", ["w", "wti", "wtih", "wtihao"])
def test_a_last_row_that_is_only_partly_filled_is_judged_as_far_as_it_goes(tmp_path: Path, kinds: str) -> None:
    report = audited(tmp_path, last_row_with(HandMade(), kinds))
    verdict = "incomplete" if "h" in kinds else "right"  # the weights alone are what the row above leads to
    assert (report.verdict, roots(report), report.tables[0].rows) == (verdict, [], ROWS)
    assert f"row {LAST} is only partly filled, without " in notes(report)
    slipped = HandMade()
    slipped.put("w6", ROWS - 1, "w6 - eta*∂E/∂w5")
    root = only_root(audited(tmp_path, last_row_with(slipped, kinds)))
    assert (root.column, root.cell) == ("w6", slipped.cell("w6", ROWS - 1))


def test_one_empty_cell_in_the_last_row_is_a_fault(tmp_path: Path) -> None:
    made = HandMade()
    made.put("h2", ROWS - 1, None)
    assert roots(audited(tmp_path, made)) == [("h2", made.cell("h2", ROWS - 1))]


# Between tables.


def sharing() -> tuple[HandMade, Cells]:
    """Two tables side by side, the right one without targets and inputs: it reads those of the left one."""
    left = HandMade()
    right = HandMade(order=[name for name in OURS if name[0] not in "ti"], left=34, rate=2.0, eta="$AK$1")
    letters = {"t1": "A", "t2": "B", "i1": "C", "i2": "D"}
    cells = dict(right.cells)
    for (row, column), text in right.cells.items():
        if isinstance(text, str) and text.startswith("="):
            for name, letter in letters.items():
                text = re.sub(rf"\b{name}\b", f"{letter}{row}", text)
            cells[row, column] = text
    return right, left.cells | cells


def test_two_tables_may_share_targets_and_inputs(tmp_path: Path) -> None:
    right, cells = sharing()
    report = audit(save(tmp_path / "shared.xlsx", cells))
    assert [(table.range, table.verdict, table.learning_rate) for table in report.tables] == [
        ("A5:AE16", "right", 0.5),
        ("AH5:BH16", "right", 2.0),
    ]
    place = next(place for place, text in cells.items() if place[0] == 9 and place[1] >= 34 and "C9" in str(text))
    cells[place] = str(cells[place]).replace("C9", "D9")
    root = only_root(audit(save(tmp_path / "slip.xlsx", cells)))
    assert (root.cell, root.rows) == (f"{get_column_letter(place[1])}9", 1)
    assert "is i2; i1 (C9) is expected" in root.cause
    assert root.cell == right.cell("h1", 4)


def test_a_table_turned_by_90_degrees_is_said_to_be(tmp_path: Path) -> None:
    def turned(match: re.Match[str]) -> str:
        dollar, letter, frozen, row = match.groups()
        return f"{dollar}{get_column_letter(int(row))}{frozen}{column_index_from_string(letter) + 10}"

    cells = {
        (column + 10, row): CELL.sub(turned, text) if isinstance(text, str) and text.startswith("=") else text
        for (row, column), text in HandMade().cells.items()
    }
    path = save(tmp_path / "turned.xlsx", cells)
    assert audit(path).error == (
        f"{path}: column D of 'Sheet 1' has the headers of a training table one below the other; "
        "copy the table and paste it transposed, so that each step is a row; "
        "gradcheck differentiated it instead: 11 steps, right"
    )


def test_hidden_rows_filters_and_merged_titles_change_nothing(tmp_path: Path) -> None:
    for made, expected in ((HandMade(), []), (HandMade().plant("h2", "w3", "w1"), [("h2", "K5")])):
        book = openpyxl.load_workbook(save(tmp_path / "plain.xlsx", made.cells))
        sheet = book.worksheets[0]
        sheet.merge_cells("A2:AE2")
        sheet["A2"] = "Training table of w1 to w8"
        sheet.merge_cells("A3:D3")
        sheet["A3"] = "given"
        sheet.auto_filter.ref = f"A4:AE{LAST}"
        sheet.row_dimensions[8].hidden = True
        sheet.column_dimensions["I"].hidden = True
        sheet.freeze_panes = "A5"
        book.save(tmp_path / "dressed.xlsx")
        assert roots(audit(tmp_path / "dressed.xlsx")) == expected


# Numbers as text.


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0,5", 0.5), ("0.5", 0.5), ("-0,00822", -0.00822), ("−0,5", -0.5), ("1.234,5", 1234.5), ("1,234.5", 1234.5),
        ("1'234.5", 1234.5), ("1 234,5", 1234.5), ("1,234,567", 1234567.0), ("9,22E-05", 9.22e-05), (" 12 ", 12.0),
        ("w1", None), ("", None), ("-", None), (".", None), ("1.2.3,4,5", None), ("[-]", None), ("1e999", None),
    ],
)  # fmt: skip
def test_a_number_that_is_stored_as_a_text(text: str, number: float | None) -> None:
    assert typed_number(text) == number


SPELLINGS: dict[str, Callable[[float], str]] = {
    "decimal comma": lambda number: f"{number!r}".replace(".", ","),
    "decimal point": repr,
    "fixed": lambda number: f"{number:.15f} ".replace(".", ","),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS.keys())
@pytest.mark.parametrize("all_rows", [False, True], ids=["the first row", "all"])
def test_numbers_as_text_are_numbers(tmp_path: Path, spell: Callable[[float], str], *, all_rows: bool) -> None:
    made = HandMade()
    values = openpyxl.load_workbook(save(tmp_path / "plain.xlsx", made.cells), data_only=True).worksheets[0]
    places = [(row, column) for row in range(5, LAST + 1) for column in range(1, 32)] + [(1, 8)]
    texts: Cells = {
        at: spell(float(str(values.cell(*at).value))) for at in places if all_rows or isinstance(made.cells[at], float)
    }
    report = audit(save(tmp_path / "texts.xlsx", made.cells, respelled=texts))
    assert (report.verdict, roots(report)) == ("typed" if all_rows else "right", []), notes(report)
    assert "numbers are stored as texts: " in notes(report)
    texts[9, 23] = spell(0.2)
    assert roots(audit(save(tmp_path / "slip.xlsx", made.cells, respelled=texts))) == [("E_tot", "W9")]


# An Excel table, whose formulas name columns.


def with_named_columns(path: Path, out: Path) -> Path:
    """The formulas of the computed columns with [#This Row] for each cell of their own row, values as they were."""
    names = {get_column_letter(1 + place): name for place, name in enumerate(OURS)}

    def formula(match: re.Match[str]) -> str:
        row, text = match[2], match[4]

        def cell(found: re.Match[str]) -> str:
            own = found[4] == row and not found[3]
            return f"Table1[[#This Row],[{names[found[2]]}]]" if own else found[0]

        return f'<c r="{match[1]}{row}"{match[3]}><f>{CELL.sub(cell, text)}</f>'

    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w") as target:
        for item in source.infolist():
            data = source.read(item)
            if item.filename == "xl/worksheets/sheet1.xml":
                data = re.sub(r'<c r="([A-Z]+)(\d+)"([^>]*)><f>([^<]*)</f>', formula, data.decode()).encode()
                assert b"#This Row" in data
            target.writestr(item, data)
    return out


def test_formulas_that_name_the_columns_of_an_excel_table_are_judged_by_value(tmp_path: Path) -> None:
    total = under_the_table(lambda _, letter: f"=SUM({letter}5:{letter}{LAST})")
    path = save(tmp_path / "plain.xlsx", total(HandMade()))
    report = audit(with_named_columns(path, tmp_path / "table.xlsx"))
    assert (roots(report), report.tables[0].rows) == ([], ROWS)
    assert "judged by its numbers alone" in notes(report)
    made = HandMade()
    made.put("h1", 6, "w1*i1")
    path = save(tmp_path / "plain.xlsx", total(made))
    assert roots(audit(with_named_columns(path, tmp_path / "table.xlsx"))) == [("h1", made.cell("h1", 6))]
