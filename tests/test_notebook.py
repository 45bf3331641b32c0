"""The example notebook runs, and shows what it says."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.commands import ROOT


def data(cell: Any, kind: str) -> list[str]:
    """What a cell shows in one form."""
    return [output["data"][kind] for output in cell.outputs if kind in output.get("data", {})]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the notebook's own packages
def test_the_tour_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(ROOT / "workbook" / "tour.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    _, table, plot, rates, build, report, printed = cells
    assert "<th>w1</th>" in data(table, "text/html")[0]
    assert len(data(plot, "image/png")) == 1
    assert "progress" in data(rates, "text/html")[0]
    assert data(build, "text/plain") == ["'right'"]
    assert data(report, "text/html")[0].startswith("<iframe srcdoc=")
    assert "1. ∂E/∂w3 from Z21 on: J21 is a_h1; a_h2 (L21) is expected" in printed.outputs[0]["text"]


def test_the_notebook_is_stored_without_what_it_shows() -> None:
    notebook = nbformat.read(ROOT / "workbook" / "tour.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
