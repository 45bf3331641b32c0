"""The README's pictures: the programs that make them are asked for before the work begins."""

from pathlib import Path

import pytest

from tests.commands import error_line


@pytest.mark.parametrize(
    ("there", "missing"),
    [([], "soffice: not found; install LibreOffice"), (["soffice"], "chromium: not found; install Chromium")],
)
def test_a_missing_program_gets_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: list[str], missing: str
) -> None:
    for program in there:
        (tmp_path / program).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert error_line("tests.pictures", str(tmp_path)) == f"error: {missing} to make the pictures"
