"""How long the audit takes, by the table's number of rows: ten times the rows, ten times as long."""

from dataclasses import replace
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from engine import default_experiment
from workbook.inspect.audit import audit
from workbook.plan import plan
from workbook.write import write


@pytest.mark.benchmark(group="audit a workbook")
@pytest.mark.parametrize("rows", [1_000, 10_000])
def test_audit(benchmark: BenchmarkFixture, tmp_path: Path, rows: int) -> None:
    write(plan(replace(default_experiment(), steps=rows))[:1], tmp_path / "book.xlsx")
    report = benchmark.pedantic(lambda: audit(tmp_path / "book.xlsx"), rounds=3, warmup_rounds=1)
    assert report.verdict == "right"
