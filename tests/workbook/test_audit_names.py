"""Slips drawn at random, in formulas spelled in two ways: every one is found, and nearly every one is named."""

import random
import re
from pathlib import Path

import openpyxl
import pytest

from tests.workbook.handmade import FIRST, NAME, OURS, Cells, HandMade, audited, only_root, ours, save
from workbook.inspect.audit import audit
from workbook.inspect.judge.cause import UNNAMED

COMPUTED = [name for name in OURS if name[0] not in "ti"]
ALIKE = [
    [f"w{n}" for n in range(1, 9)], ["a_h1", "a_h2", "h1", "h2"], ["a_o1", "a_o2", "o1", "o2"], ["t1", "t2"],
    ["i1", "i2"], ["E1", "E2"], [f"∂E/∂w{n}" for n in range(1, 9)],
]  # fmt: skip
DELTAS = ["-(t1-a_o1)*a_o1*(1-a_o1)", "-(t2-a_o2)*a_o2*(1-a_o2)"]
OTHERWISE = {
    **{f"w{n}": f"w{n}-(∂E/∂w{n}*eta)" for n in range(1, 9)},
    **{f"∂E/∂w{n}": f"{DELTAS[n > 6]}*a_h{2 - n % 2}" for n in range(5, 9)},
    **{
        f"∂E/∂w{n}": f"({DELTAS[0]}*w{4 + h}{DELTAS[1]}*w{6 + h})*(a_h{h}-a_h{h}^2)*i{2 - n % 2}"
        for n in range(1, 5)
        for h in [1 + (n > 2)]
    },
    "E1": "(t1-a_o1)^2/2", "E2": "1/2*(a_o2-t2)^2", "a_h1": "EXP(h1)/(1+EXP(h1))", "h1": "i1*w1+i2*w2",
}  # fmt: skip


def slipped(name: str, formulas: dict[str, str], dice: random.Random) -> tuple[str, str]:
    """A kind of slip, and a column's formula over names with it: the formula itself where the kind cannot occur."""
    text = formulas.get(name) or ours(name)
    kind = dice.choice(["operand", "operand", "operator", "operator", "factor", "column", "output", "half"])
    if kind == "operand":
        match = dice.choice([match for match in NAME.finditer(text) if match[0] in OURS])
        others = next(names for names in ALIKE if match[0] in names)
        new = dice.choice([other for other in others if other != match[0]])
        return kind, text[: match.start()] + new + text[match.end() :]
    if kind == "operator":
        masked = NAME.sub(lambda match: "x" * len(match[0]), text)
        places = [match.start() for match in re.finditer(r"(?<=[x\d)] )[-+](?= )|(?<=[x\d)])[-+*/]", masked)]
        place = dice.choice(places)
        return kind, text[:place] + dice.choice([s for s in "+-*/" if s != text[place]]) + text[place + 1 :]
    if kind == "factor":
        factors = [match.span() for match in re.finditer(r"\*(\(1-a_\w+\)|[a-z_]+\d|∂E/∂w\d)", text)]
        start, end = dice.choice(factors or [(0, 0)])
        return kind, text[:start] + text[end:]
    if kind == "column":
        kin = [other for other in COMPUTED if other[0] == name[0] and len(other) == len(name)]
        other = dice.choice(kin)
        return kind, formulas.get(other) or ours(other)
    if kind == "output":
        return kind, text.replace("(t1-a_o1)", "(t2-a_o2)").replace("(a_o1-t1)", "(a_o2-t2)")
    return kind, text.replace("0.5*", "").replace("1/2*", "").replace("/2", "")


@pytest.mark.parametrize("seed", range(4))
def test_slips_are_found_and_fewer_than_one_in_twenty_is_unnamed(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a seeded draw of test data
    formulas = OTHERWISE if seed % 2 else {}
    made = HandMade(rows=5, formulas=formulas)
    planted = {}
    for name in COMPUTED:
        kind, text = slipped(name, formulas, dice)
        if text != made.text(name):
            planted[name] = kind, text
            for step in range(name in FIRST, made.rows):
                made.put(name, step, text)
    report = audited(tmp_path, made)
    assert len(planted) >= 15
    assert {root.column for root in report.roots} == set(planted)
    unnamed = [planted[root.column] for root in report.roots if root.cause == UNNAMED]
    assert 20 * len(unnamed) < len(planted), unnamed


def test_the_right_formulas_in_the_other_spelling_are_right(tmp_path: Path) -> None:
    assert audited(tmp_path, HandMade(rows=5, formulas=OTHERWISE)).verdict == "right"


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        ("∂E/∂w7", ours("∂E/∂w5"), "it is the formula of ∂E/∂w5"),
        ("∂E/∂w5", "-(t1*a_o1)*a_o1*(1-a_o1)*a_h1", "'*' between A5 and R5 stands where '-' belongs"),
        ("∂E/∂w5", "(a_o2-t2)*a_o1*(1-a_o1)*a_h1", "T5-B5 is of o2; R5-A5 is expected"),
        ("h1", "w1*i1 / w2*i2", "'/' between C5 and F5 stands where '+' belongs"),
    ],
)
def test_a_slip_that_is_named_from_the_users_own_formula(tmp_path: Path, column: str, text: str, words: str) -> None:
    made = HandMade(formulas={})
    for step in range(made.rows):
        made.put(column, step, text)
    root = only_root(audited(tmp_path, made))
    assert root.column == column
    assert words in root.cause


def test_a_column_that_is_filled_down_in_variants_is_one_fault(tmp_path: Path) -> None:
    made = HandMade(rows=24)
    made.edit("h1", lambda text, row: f"{text}+{row}*C{row}^3")
    made.edit("∂E/∂w1", lambda text, row: text.replace(f"C{row}", f"D{row}*1^{row}"))
    report = audited(tmp_path, made)
    assert [(root.column, root.rows) for root in report.roots] == [("h1", 24), ("∂E/∂w1", 24)]
    assert report.roots[1].cause == "D5 is i2; i1 (C5) is expected"


def test_headers_of_errors_are_no_headers_of_losses(tmp_path: Path) -> None:
    headers = {"E1": "error1", "E2": "error2"}
    formulas = {"E1": "t1-a_o1", "E2": "t2-a_o2", "E_tot": "0.5*(t1-a_o1)^2 + 0.5*(t2-a_o2)^2"}
    report = audited(tmp_path, HandMade(headers=headers, formulas=formulas))
    assert (report.roots, list(report.tables[0].others.values())) == ([], ["error1", "error2"])
    assert only_root(audited(tmp_path, HandMade(headers=headers, formulas={"E1": "t1-a_o1"}))).column == "E_tot"


@pytest.mark.parametrize("text", ["SUM(w1:w4)", "SUMPRODUCT(w1:w2,i1:i2)^2", "MAX(w1:w2)*AVERAGE(i1:i2)-MIN(w1:w4)"])
def test_a_slip_with_ranges_is_a_fault(tmp_path: Path, text: str) -> None:
    made = HandMade(rows=5, formulas={})
    for step in range(made.rows):
        made.put("h1", step, text)
    assert only_root(audited(tmp_path, made)).column == "h1"


def test_names_of_parameters_below_one_another_beside_samples_are_no_table(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for line in (
        ("w1", 0.5, None, "x1", "x2", "h1", "a_h1", "E1", "∂E/∂w1"),
        ("b1", 0.1, None, 1.0, 2.0, "=B1*D2+B2", "=1/(1+EXP(-F2))", "=(G2-1)^2/2", "=(G2-1)*G2*(1-G2)*D2"),
        ("w2", 0.2, None, 2.0, 1.0, "=B1*D3+B2", "=1/(1+EXP(-F3))", "=(G3-1)^2/2", "=(G3-1)*G3*(1-G3)*D3"),
        ("b2", 0.3, None, 3.0, 0.5, "=B1*D4+B2", "=1/(1+EXP(-F4))", "=(G4-1)^2/2", "=(G4-1)*G4*(1-G4)*D4"),
    ):
        sheet.append(line)
    book.save(tmp_path / "theirs.xlsx")
    report = audit(tmp_path / "theirs.xlsx")
    assert report.roots == []
    assert "no training table found" in str(report.error)


@pytest.mark.parametrize(("cells", "faults"), [("U1:$V1", []), ("T1:$U1", ["E_tot"])])
def test_a_name_of_a_range_is_followed_to_its_cells(tmp_path: Path, cells: str, faults: list[str]) -> None:
    made = HandMade(rows=5)
    assert (made.cell("E1", 0), made.cell("E2", 0)) == ("U5", "V5")
    # The rows of a name are relative to the first row of the sheet; the values are those of the right sum.
    names = {"parts": f"'Sheet 1'!${cells}", "errors": "parts"}
    respelled: Cells = {(5 + step, OURS.index("E_tot") + 1): "=SUM(errors)" for step in range(5)}
    report = audit(save(tmp_path / "theirs.xlsx", made.cells, names=names, respelled=respelled))
    assert [root.column for root in report.roots] == faults
    assert "by its numbers alone" not in "".join(finding.cause for finding in report.tables[0].findings)
