"""The workbook of the packaged experiment, made once for all tests that only read it."""

from pathlib import Path

import pytest

from engine import default_experiment
from tests.workbook.spreadsheets import poisoned
from workbook.plan import plan
from workbook.write import write


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our workbook as `make workbook` writes it."""
    path = tmp_path_factory.mktemp("book") / "BackPropagation.xlsx"
    write(plan(default_experiment()), path)
    return path


@pytest.fixture(scope="session")
def poisoned_book(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its copy in which every formula's cache is wrong."""
    return poisoned(book, tmp_path_factory.mktemp("poisoned") / "poisoned.xlsx")
