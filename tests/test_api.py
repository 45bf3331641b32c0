"""The few functions that a notebook needs, as the README shows them."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

import engine
import workbook
from tests.commands import ROOT
from tests.workbook.handmade import HandMade, save

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_an_experiment_trains_to_a_table() -> None:
    experiment = engine.load("xor")
    trace = experiment.train()
    frame = trace.table()
    assert list(frame.columns) == list(experiment.columns.names)
    assert len(frame) == experiment.rows
    # The first update by hand: the mean of the batch's gradients.
    size, first = experiment.method.batch_size, frame["w1"]
    step = experiment.learning_rate * frame["∂E/∂w1"].iloc[:size].mean()
    assert first.iloc[size] == pytest.approx(first.iloc[0] - step, rel=1e-12)


def test_a_trace_draws_the_loss_of_each_step_and_run() -> None:
    experiment = engine.load("xor")
    trace = engine.descend(experiment, [0.5, 2.0])
    figure, axes = plt.subplots()
    try:
        assert trace.plot(axes) is axes
        assert axes.get_yscale() == "log"
        assert axes.get_legend_handles_labels()[1] == ["learning rate 0.5", "learning rate 2"]
        for run, line in enumerate(axes.get_lines()):
            losses = trace.table(run)["E_batch"].iloc[:: experiment.method.batch_size]
            np.testing.assert_array_equal(np.asarray(line.get_ydata()), losses)
    finally:
        plt.close(figure)


def test_build_writes_a_workbook_but_leaves_somebodys_work_alone_unless_forced(tmp_path: Path) -> None:
    experiment = replace(engine.load("or"), steps=3)
    path = tmp_path / "mine.xlsx"
    path.write_text("notes", encoding="utf-8")
    with pytest.raises(engine.InputError, match="is not an unchanged workbook"):
        workbook.build(experiment, path)
    assert path.read_text(encoding="utf-8") == "notes"
    workbook.build(experiment, str(path), force=True)
    assert workbook.audit(path).verdict == "right"


def test_the_lines_in_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (lines,) = re.findall(r"```python\n(import engine.*?)```", README, flags=re.DOTALL)
    assert len(lines.splitlines()) <= 12
    made = HandMade(rows=3).plant("∂E/∂w3", "a_h2", "a_h1")
    monkeypatch.chdir(tmp_path)
    Path("build/samples").mkdir(parents=True)
    save(Path("build/samples/theirs.xlsx"), made.cells)
    names: dict[str, Any] = {}
    try:
        exec(lines.replace("xor", "or"), names)  # noqa: S102 - the lines that we tell others to run; `or` is a small sheet
    finally:
        plt.close("all")
    assert Path("or.xlsx").exists()
    assert names["report"].verdict == "wrong"
    assert names["check"].verdict == "wrong"


class Frame(HTMLParser):
    """The page inside of a frame."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.page = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "iframe":
            self.page = dict(attributes)["srcdoc"] or ""


def test_a_slip_is_a_finding_in_words_and_on_the_notebooks_page(tmp_path: Path) -> None:
    made = HandMade(rows=3).plant("∂E/∂w3", "a_h2", "a_h1")
    path = save(tmp_path / "theirs.xlsx", made.cells)
    report = workbook.audit(str(path))
    assert report.verdict == "wrong"
    assert [finding.column for finding in report.findings if finding.kind == "root"] == ["∂E/∂w3"]
    assert "∂E/∂w3" in str(report)
    page = Frame(report._repr_html_()).page
    assert page.lstrip().startswith("<!DOCTYPE html>")
    assert report.roots[0].cause in page

    check = workbook.gradcheck(path)
    assert check.verdict == "wrong"
    assert check.findings
    assert "wrong" in str(check)
    assert "Gradient check of theirs.xlsx" in Frame(check._repr_html_()).page


def test_gradcheck_takes_what_the_command_takes(tmp_path: Path) -> None:
    path = save(tmp_path / "sheet.xlsx", {(1, 1): 3.0, (1, 2): "=A1^2", (1, 3): "=2*A1"})
    assert workbook.gradcheck(path, loss="B1", parameters="A1", gradients="C1", rate=1).verdict == "right"
    with pytest.raises(engine.InputError, match="--gradients, --updates: got neither"):
        workbook.gradcheck(path, loss="B1", parameters="A1")


def test_what_cannot_be_audited_says_so(tmp_path: Path) -> None:
    report = workbook.audit(tmp_path / "none.xlsx")
    assert report.verdict is None
    assert "none.xlsx" in str(report)
