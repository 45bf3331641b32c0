"""The audit's report as one page: what is in it, and that nothing from a workbook is taken for HTML."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest
from openpyxl.formula.translate import Translator

from engine import InputError
from tests.commands import error_line, run
from tests.workbook.handmade import OURS, HandMade, save
from workbook.inspect.audit import audit
from workbook.inspect.find.excerpt import MOST_COLUMNS
from workbook.inspect.report.audit_page import page_of
from workbook.page.records import Curve, Fault, File, Fold, Grid, GridCell, Header, Note, Page, Part, Row
from workbook.page.render import render, write_page

SCRIPT = "<script>alert(1)</script>"
NASTY = f"""{SCRIPT}'"><img src=x onerror=alert(2)> &lt; {{{{ 7*7 }}}}"""
VOID = {"meta", "br", "path"}


class Elements(HTMLParser):
    """A page's elements in their order, with their attributes and texts; asserts that each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.stack: list[tuple[str, int]] = []
        self.feed(text)
        self.texts = [text.strip() for text in self.texts]
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.texts.append("")
        if tag not in VOID:
            self.stack.append((tag, len(self.found) - 1))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if self.stack:
            self.texts[self.stack[-1][1]] += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def slips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighty rows, with a slip in all rows of one column and in one row, 57, of another."""
    table = HandMade(rows=80).plant("∂E/∂w3", "a_h2", "a_h1").plant("a_h1", "-h1", "-h2", [52])
    return save(tmp_path_factory.mktemp("slips") / "slips.xlsx", table.cells)


@pytest.fixture(scope="module")
def elements(slips: Path) -> Elements:
    return Elements(render(page_of([audit(slips)])))


def cells(elements: Elements) -> dict[str, dict[str, str | None]]:
    """The cells of the drawn sheets by address, with what they show as `shown`."""
    drawn = zip(elements.found, elements.texts, strict=True)
    return {str(a["data-cell"]): {**a, "shown": text} for (_, a), text in drawn if "data-cell" in a}


def test_every_drawn_cell_has_the_formula_and_the_number_of_the_workbook(slips: Path, elements: Elements) -> None:
    formulas = openpyxl.load_workbook(slips).worksheets[0]
    values = openpyxl.load_workbook(slips, data_only=True).worksheets[0]
    drawn = cells(elements)
    assert len(drawn) > 200
    for address, cell in drawn.items():
        formula, value = formulas[address].value, values[address].value
        assert cell.get("data-formula") == (formula if isinstance(formula, str) else None), address
        assert float(str(cell.get("data-value") or cell["shown"])) == value, address
        assert float(str(cell["shown"])) == pytest.approx(value, rel=1e-6), address


def test_the_rows_of_a_fault_in_the_middle_are_drawn_and_marked(elements: Elements) -> None:
    drawn = cells(elements)
    wrong = {address for address, cell in drawn.items() if "wrong" in str(cell.get("class"))}
    assert "J57" in wrong
    assert {"J56", "J58"}.isdisjoint(wrong)
    assert {address for address in wrong if address.startswith("Z")} == {f"Z{row}" for row in (5, 6, 7, 56, 57, 83, 84)}
    assert "off" in str(drawn["G84"].get("class"))
    folded = [text for text in elements.texts if "folded;" in text]
    assert folded[0].startswith("rows 8 to 55 are folded; of the cells in them, 48 wrong and ")


def test_what_is_expected_is_filled_down_as_a_spreadsheet_program_does(elements: Elements) -> None:
    drawn = cells(elements)
    first = str(drawn["Z5"]["data-expected"])
    for row in (6, 57, 84):
        assert drawn[f"Z{row}"]["data-expected"] == Translator(first, "Z5").translate_formula(f"Z{row}")
    assert "data-expected" not in drawn["Y5"]


def test_the_links_lead_to_elements_and_no_two_have_one_name(slips: Path) -> None:
    elements = Elements(render(page_of([audit(slips), audit(slips)])))
    names = [str(a["id"]) for _, a in elements.found if "id" in a]
    assert len(names) == len(set(names))
    links = [str(a["href"]) for a in elements.of("a")]
    assert {"#f1", "#f2t1-Z5", "#f1t1-J57"} <= set(links)
    assert {link[1:] for link in links} <= set(names)
    described = [a for _, a in elements.found if "aria-labelledby" in a]
    assert {str(a["aria-labelledby"]) for a in described} <= set(names)


def test_the_page_is_built_for_a_screen_reader(elements: Elements) -> None:
    levels = [int(tag[1]) for tag, _ in elements.found if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert levels.count(1) == 1
    assert all("scope" in header for header in elements.of("th"))
    assert all(figure["role"] == "img" and "aria-labelledby" in figure for figure in elements.of("svg"))
    assert elements.of("html") == [{"lang": "en"}]
    assert all(button["type"] == "button" for button in elements.of("button"))


def nasty_page() -> Page:
    """A page whose every text is meant to break out of it."""
    cell = GridCell(NASTY, NASTY + "1", NASTY, mark="wrong", fault=1, expected=NASTY)
    grid = Grid([NASTY], [Row(2, [cell]), Fold(NASTY)], NASTY + "2", 1, [Header(NASTY)], NASTY)
    part = Part(
        NASTY, NASTY, NASTY, [Fault(NASTY, NASTY + "2", NASTY, NASTY, NASTY, 2, NASTY)], NASTY, grid,
        Curve([1.0, 0.5], [1.0, 0.4], NASTY), [Note(NASTY, NASTY)], NASTY,
    )  # fmt: skip
    file = File(NASTY, NASTY, NASTY, NASTY, 0.5, [part], NASTY)
    return Page(NASTY, [file, file], NASTY)


def test_nothing_from_a_workbook_is_taken_for_html() -> None:
    text = render(nasty_page())
    elements = Elements(text)
    assert len(elements.of("script")) == 1
    assert elements.of("img") == []
    assert not [attribute for _, attributes in elements.found for attribute in attributes if attribute.startswith("on")]
    assert elements.of("title")[0] == {}
    assert elements.texts[[tag for tag, _ in elements.found].index("title")] == NASTY
    (table, _) = [a for a in elements.of("table") if "role" in a]
    assert table["aria-label"] == f"The table on the sheet {NASTY}; the arrow keys go from cell to cell"
    assert "49" not in "".join(elements.texts)


def test_a_header_and_a_sheet_name_of_a_workbook_are_text(tmp_path: Path) -> None:
    made = HandMade(cells={(4, 33): SCRIPT, (5, 33): "</td></table>", (2, 3): NASTY})
    path = save(tmp_path / "a' b\" <i>.xlsx", made.cells)
    book = openpyxl.load_workbook(path)
    book.worksheets[0].title = """O'Brien's "best" <b>&"""
    book.save(path)
    page = page_of([audit(path)])
    elements = Elements(render(page))
    assert len(elements.of("script")) == 1
    assert elements.of("b") == elements.of("b")[:1]
    assert """O'Brien's "best" <b>&""" in elements.texts
    assert any(SCRIPT in text for text in elements.texts), "the ignored column is named"
    assert elements.texts[[tag for tag, _ in elements.found].index("h1")] == "Audit of a' b\" <i>.xlsx"


def test_control_characters_and_broken_names_do_no_harm(tmp_path: Path) -> None:
    path = save(tmp_path / "theirs.xlsx", HandMade(cells={(4, 33): "a\u202eb\x07"}).cells)
    report = replace(audit(path), file=Path("bad\udcff.xlsx"))
    write_page(page_of([report]), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "bad�.xlsx" in text
    assert "\u202e" not in text


def test_a_long_table_makes_no_long_page(tmp_path: Path) -> None:
    short, long = (save(tmp_path / f"{rows}.xlsx", HandMade(rows=rows).cells) for rows in (40, 1200))
    sizes = [len(render(page_of([audit(path)]))) for path in (short, long)]
    assert sizes[1] < sizes[0] + 20_000  # the curve's points


def test_a_wide_table_is_drawn_in_part_with_the_columns_of_its_faults(tmp_path: Path) -> None:
    remarks = [f"remark {number}" for number in range(100)]
    made = HandMade(order=[*OURS[:12], *remarks, *OURS[12:]]).plant("∂E/∂w8", "a_h2", "a_h1")
    (table,) = page_of([audit(save(tmp_path / "theirs.xlsx", made.cells))]).files[0].parts
    assert table.grid is not None
    assert len(table.grid.letters) == MOST_COLUMNS
    assert table.grid.letters[-1] == made.cell("∂E/∂w8", 0).rstrip("0123456789")
    assert table.grid.remark == "71 columns not drawn"


def test_the_command_writes_the_page(tmp_path: Path, slips: Path) -> None:
    done = run("workbook", "audit", str(slips), "--html", "report.html", folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.endswith("Wrote report.html: open it in a browser.\n")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text == render(page_of([audit(slips)]))
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_the_page_of_a_folder_has_a_line_for_every_file(tmp_path: Path, slips: Path) -> None:
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "slips.xlsx").write_bytes(slips.read_bytes())
    (folder / "text.xlsx").write_text("no workbook")
    done = run("workbook", "audit", "class", "--json", "--html", "report.html", folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "Wrote report.html: open it in a browser.\n")
    elements = Elements((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert [text for text in elements.texts if text.startswith("class/")] == ["class/slips.xlsx", "class/text.xlsx"] * 2
    assert "not an Excel workbook: an .xlsx file is a zip archive, and this is not one" in elements.texts


def test_bad_places_get_one_line_and_the_old_page_stays(tmp_path: Path, slips: Path) -> None:
    theirs = tmp_path / "theirs.xlsx"
    theirs.write_bytes(slips.read_bytes())
    line = error_line("workbook", "audit", "theirs.xlsx", "--html", "theirs.xlsx", folder=tmp_path)
    assert line == ("error: --html: got theirs.xlsx, a file that is read, and never changed; expected another name")
    assert theirs.read_bytes() == slips.read_bytes()
    (tmp_path / "old.html").write_text("old")
    (tmp_path / "text.xlsx").write_text("no workbook")
    line = error_line("workbook", "audit", "text.xlsx", "--html", "old.html", folder=tmp_path)
    assert line.startswith("error: text.xlsx: not an Excel workbook")
    assert (tmp_path / "old.html").read_text() == "old"
    with pytest.raises(InputError, match=r"no/report\.html: the folder .*no does not exist; create it first"):
        write_page(page_of([audit(theirs)]), tmp_path / "no" / "report.html")
