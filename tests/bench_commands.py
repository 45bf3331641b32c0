"""How long people wait, as ratios of processor time to something in the same run: `python -m tests.bench_commands`.

The yardsticks: Python's own start with NumPy and openpyxl, and XlsxWriter writing as many plain numbers as the default
workbook has cells. On another machine the seconds differ, the ratios hardly. Each is the least of some runs: whatever
else the machine does adds to the others.
"""

import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.commands import environment
from tests.workbook import large_sheets
from tests.workbook.handmade import HandMade, save

ROUNDS = 5
FEW = 2  # of what takes long
CELLS = 52_000  # of the default workbook
START = [sys.executable, "-c", "import numpy, openpyxl"]
NUMBERS = f"""
import xlsxwriter
with xlsxwriter.Workbook("numbers.xlsx", {{"constant_memory": True}}) as book:
    sheet = book.add_worksheet()
    for number in range({CELLS}):
        sheet.write_number(number // 31, number % 31, number / 7)
"""
WORKBOOK = [sys.executable, "-m", "workbook"]
# Python compiles what it imports the first time, and keeps that: nobody waits for it again.
IMPORTED = "from workbook import __main__, plan, write; from workbook.inspect import audit_command, gradcheck_command"
XOR = [*WORKBOOK, "build", "xor.xlsx", "--experiment", "xor", "--steps", "5000", "--force"]
# What one types, and how many runs of it are measured.
COMMANDS = {
    "build, the default": ([*WORKBOOK, "build", "default.xlsx", "--force"], ROUNDS),
    "--help": ([*WORKBOOK, "--help"], ROUNDS),
    "audit of the default's workbook": ([*WORKBOOK, "audit", "default.xlsx"], ROUNDS),
    "audit of a sheet made by hand, 80 rows": ([*WORKBOOK, "audit", "hand.xlsx"], ROUNDS),
    "gradcheck of the default's workbook": ([*WORKBOOK, "gradcheck", "default.xlsx"], FEW),
    "build, 2,000 steps": ([*WORKBOOK, "build", "long.xlsx", "--steps", "2000", "--force"], FEW),
    "build, xor with 5,000 steps": (XOR, FEW),
}
# Sheets that the benchmark makes, with how each is called.
LARGE = {
    large_sheets.neuron: "gradcheck of a neuron, 3,007 formulas",
    large_sheets.digits: "gradcheck of digits in cells, 784-100-10",
    large_sheets.perceptron: "gradcheck of a perceptron, 10,000 steps",
}
LIBREOFFICE = ["soffice", "-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", "ods"]


def processor_seconds(command: list[str], folder: Path, rounds: int) -> float:
    """The least of some runs, of the command and all that it starts."""
    return min(_seconds(command, folder) for _ in range(rounds))


def _seconds(command: list[str], folder: Path) -> float:
    kept = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=environment() | kept, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(folder: Path) -> Table:
    """All commands, in their order: the second reads what the first wrote."""
    shown = Console(stderr=True)
    save(folder / "hand.xlsx", HandMade(rows=80).cells)
    for make in track(LARGE, "Writing large sheets", console=shown, transient=True):
        make(folder / f"{make.__name__}.xlsx")
    _seconds([sys.executable, "-c", IMPORTED], folder)
    start = processor_seconds(START, folder, ROUNDS)
    numbers = processor_seconds([sys.executable, "-c", NUMBERS], folder, ROUNDS)
    table = Table("what one types", "× Python's start", "× XlsxWriter's numbers", title="Processor time")
    large = {words: ([*WORKBOOK, "gradcheck", f"{make.__name__}.xlsx"], FEW) for make, words in LARGE.items()}
    commands = COMMANDS | large
    if shutil.which("soffice"):
        convert = [part.format(folder=folder) for part in LIBREOFFICE] + ["default.xlsx"]
        commands["LibreOffice opens the default's workbook"] = (convert, ROUNDS)
    for name, (command, rounds) in track(commands.items(), "Measuring", console=shown, transient=True):
        seconds = processor_seconds(command, folder, rounds)
        table.add_row(name, f"{seconds / start:.1f}", f"{seconds / numbers:.1f}")
    table.caption = (
        f"Python's start with NumPy and openpyxl: {start:.2f} s; {CELLS:,} numbers by XlsxWriter: {numbers:.2f} s"
    )
    return table


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        Console().print(measured(Path(made)))
