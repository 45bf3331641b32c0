"""How long writing the workbook takes, by its number of steps."""

from dataclasses import replace
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from engine import default_experiment
from workbook.plan import plan
from workbook.write import write


@pytest.mark.benchmark(group="write the workbook")
@pytest.mark.parametrize("steps", [80, 2000])
def test_plan_and_write(benchmark: BenchmarkFixture, tmp_path: Path, steps: int) -> None:
    experiment = replace(default_experiment(), steps=steps)
    benchmark.pedantic(lambda: write(plan(experiment), tmp_path / "book.xlsx"), rounds=5, warmup_rounds=1)
