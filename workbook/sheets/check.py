"""The sheet `check`: the proof inside the file, live.

Every column against the engine's frozen numbers, for every learning rate that the engine has run from these inputs; the
gradients of step 1 against central differences, for any inputs.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from engine import Columns, Experiment, FloatArray
from workbook.records import Cell, Highlight, SheetPlan, small_sheet
from workbook.sheets.course import overflows
from workbook.sheets.differences import SHARES, Differences
from workbook.sheets.live import live
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.algebra import largest_size, plus, times
from workbook.spreadsheet.trees import Number, Variable, leaves
from workbook.table.definitions import constant_names, definitions, given_names
from workbook.table.layout import ETA, FIRST_ROW, Layout, letter, on_sheet

SHEET = "check"
TOP = 8  # the first row of the comparison by column
# Which of the engine's runs has the learning rate that is typed on the main sheet; 0: none.
RUN = "$B$4"
NOT_COMPARED = "not compared"
COMPARED = "compared: every column with the engine's numbers, and the gradients of step 1"
CHANGED = "compared: the gradients of step 1 alone; the engine has not run these inputs"
NOT_RUN = "compared: the gradients of step 1 alone; the engine has not run this learning rate"
NO_SHARES = "compared: nothing, since the targets of a sample do not add up to 1"
# A number passes within 1e-12 + 1e-9 of the column's largest.
ABSOLUTE, RELATIVE = 1e-12, 1e-9
ENGINE = Variable("the engine's column", 0)
ALLOWED = plus(Number(ABSOLUTE), times(Number(RELATIVE), largest_size(ENGINE)))
# The blocks at the bottom repeat the table several times over: they have at most so many cells, which 230 steps of the
# default network at seven learning rates fill.
MOST_CELLS = 80_000
# Where numbers overflow, the last loss before that is larger; a slip that shows an error follows an ordinary one.
OVERFLOWING = "10^20"


def check_sheet(layout: Layout, experiment: Experiment, runs: dict[float, FloatArray]) -> SheetPlan:
    """The checks of a table.

    Args:
        layout: the table's.
        experiment: what the engine has run.
        runs: the engine's numbers, (T, C), by learning rate, the experiment's own rate first; what overflows is left
            out.
    """
    finite = {rate: values for rate, values in runs.items() if np.isfinite(values).all()}
    cells_a_step = layout.columns.method.batch_size * len(layout.columns.names) * (3 + len(finite))
    compared = replace(layout, steps=min(layout.steps, max(1, MOST_CELLS // cells_a_step)))
    return _Check(compared, experiment, {rate: values[: compared.rows] for rate, values in finite.items()}).sheet()


class _Check:
    """The sheet's geometry: the comparison by column, the differences by weight below, the frozen table below that."""

    def __init__(self, layout: Layout, experiment: Experiment, runs: dict[float, FloatArray]) -> None:
        self.layout, self.columns, self.experiment = layout, layout.columns, experiment
        self.batch = self.columns.method.batch_size
        self.names = by_dependence(self.columns)
        self.constants = constant_names(self.columns)[1:]
        self.constants_top = TOP + len(self.names) + 2
        below = self.constants_top + len(self.constants) + 1 if self.constants else TOP + len(self.names) + 1
        self.differences = Differences(layout, experiment, runs[experiment.learning_rate], below)
        self.frozen_top = self.differences.below + 4
        self.frozen_last = self.frozen_top + layout.rows - 1
        self.runs_top = self.frozen_last + 4
        order = [self.columns.index[name] for name in self.names]
        self.runs = {rate: values[:, order] for rate, values in runs.items()}
        self.values = self.runs[experiment.learning_rate]

    def sheet(self) -> SheetPlan:
        verdicts = f"E{TOP}:E{self.differences.last + 1}"
        return small_sheet(
            SHEET,
            [
                *self.summary(),
                *self.by_column(),
                *self.by_constant(),
                *self.differences.table(),
                *self.differences.passes.cells(),
                *self.frozen(),
                *self.all_runs(),
            ],
            widths={"A": 19, "B:D": 20, "E": 12, "F": 17, f"G:{letter(3 * len(self.names) + 3)}": 12},
            tab="prove",
            heights={1: 24.0},
            gridlines=False,
            highlights=[Highlight(cells, "PASS", "green") for cells in (verdicts, "B3")]
            + [Highlight(cells, "FAIL", "red") for cells in (verdicts, "B3")],
            print_area=f"A1:F{self.differences.last}",
        )

    def main(self, name: str, row: int | None = None) -> str:
        """A column of the main sheet: the part that is frozen here, or one cell."""
        column = self.layout.letters[name]
        if row is not None:
            return on_sheet(MAIN_SHEET, f"{column}{row}")
        return on_sheet(MAIN_SHEET, f"{column}${FIRST_ROW}:{column}${self.layout.last_row}")

    def summary(self) -> list[Cell]:
        differences, inputs = f"F{self.differences.last}", f"B{TOP}:B{self.differences.top - 3}"
        if not self.constants:
            inputs = f"B{TOP}:B{TOP + len(self.names) - 1}"
        verdict, compared = self.verdict(differences), f'IF({RUN}=0,"{NOT_RUN}","{CHANGED}")'
        if shares := self.differences.targets_add_up_over_cells:
            compared = f'IF({shares},{compared},"{NO_SHARES}")'
        compared = f'=IF(B5=0,"{COMPARED}",{compared})'
        run = f"IFERROR((MATCH({on_sheet(MAIN_SHEET, ETA)},{self.every_run(-1)},0)-1)/{self.layout.rows}+1,0)"
        failed = self.differences.failed()
        steps = f"of {self.layout.steps}"
        if self.layout.steps < self.experiment.steps:
            steps = f"of the first {self.layout.steps}; the table has {self.experiment.steps}"
        overflowing = f'="{steps}"&IF(B6<{self.layout.steps},"; the others are no numbers","")'
        return [
            Cell(1, 0, "title", "Is the sheet right?"),
            Cell(3, 0, "label", "all checks"),
            Cell(3, 1, "summary", f"FAIL:{failed}" if failed else "PASS", verdict),
            Cell(3, 2, "beside", COMPARED, compared),
            Cell(4, 0, "label", "engine's run"),
            Cell(4, 1, "result", 1.0, f"={run}"),
            Cell(4, 2, "beside", f"of the learning rates {', '.join(f'{rate:g}' for rate in self.runs)}"),
            Cell(5, 0, "label", "inputs changed"),
            Cell(5, 1, "result", 0.0, f'=COUNTIF({inputs},"changed")+IF({RUN}=0,1,0)'),
            Cell(6, 0, "label", "steps"),
            Cell(6, 1, "result", float(self.layout.steps), self.steps_formula()),
            Cell(6, 2, "beside", steps, overflowing if overflows(self.layout) else None),
        ]

    def steps_formula(self) -> str:
        losses = f"COUNT({self.main('E_tot')})"
        return f"={losses}" if self.batch == 1 else f"={losses}/{self.batch}"

    def verdict(self, differences: str) -> str:
        columns, names = (f"{column}{TOP}:{column}{TOP + len(self.names) - 1}" for column in "FA")
        complete = f"B6={self.layout.steps}"
        if overflows(self.layout):
            losses = self.main("E_tot")
            complete = f"OR({complete},AND(B5>0,IFERROR(INDEX({losses},COUNT({losses}))>{OVERFLOWING},FALSE)))"
        first = f'INDEX({names},MATCH(MIN({columns}),{columns},0))&" from step "&MIN({columns})'
        # Without a run of the engine from these inputs no column is compared: that is no proof of the table.
        passed = f'IF(B5>0,"{NOT_COMPARED}","PASS")'
        if shares := self.differences.targets_add_up_over_cells:
            passed = f'IF({shares},{passed},"{SHARES}")'
        return (
            f'=IF(AND(COUNT({columns})=0,{differences}="",{complete}),{passed},'
            f'"FAIL:"&IF(COUNT({columns})=0,""," "&{first})&{differences}&IF({complete},""," number of steps"))'
        )

    def by_column(self) -> list[Cell]:
        headers = ("column", "given cell", "largest difference", "allowed", "verdict", "wrong from step")
        cells = [Cell(TOP - 1, position, "header", text) for position, text in enumerate(headers)]
        given = set(given_names(self.columns))
        for position, name in enumerate(self.names):
            row, frozen = TOP + position, self.block(0, position)
            differences, wrong = self.block(1, position), self.block(2, position)
            allowed = live(ALLOWED, {ENGINE.name: self.values[:, [position]]}, {ENGINE: frozen}.__getitem__)
            furthest = f"MAX(MAX({differences}),0-MIN({differences}))"
            if overflows(self.layout):
                furthest = f'IFERROR({furthest},"")'
            step = f"MATCH(1,{wrong},0)"
            if self.batch > 1:
                step = f"INT(({step}-1)/{self.batch})+1"
            cells += [
                Cell(row, 0, "label", name),
                Cell(row, 2, "tolerance", 0.0, f"={furthest}"),
                Cell(row, 3, "tolerance", *allowed),
                Cell(row, 4, "verdict", "PASS", f'=IF($B$5>0,"{NOT_COMPARED}",IF(SUM({wrong})=0,"PASS","FAIL"))'),
                Cell(row, 5, "step", "", f'=IF(OR($B$5>0,SUM({wrong})=0),"",{step})'),
            ]
            if name in given:
                cells.append(Cell(row, 1, "beside", "same", self.same_formula(name, position)))
        return cells

    def same_formula(self, name: str, position: int) -> str:
        """Whether what is typed into the first rows is what the engine started from."""
        typed = min(definitions(self.columns)[name].typed_in, self.layout.rows)
        column = self.block_column(0, position)
        if typed == 1:
            return f'=IF({self.main(name, FIRST_ROW)}={column}{self.frozen_top},"same","changed")'
        first, last = self.layout.letters[name] + str(FIRST_ROW), self.layout.letters[name] + str(FIRST_ROW + typed - 1)
        frozen = f"{column}{self.frozen_top}:{column}{self.frozen_top + typed - 1}"
        return f'=IF(SUMPRODUCT(({on_sheet(MAIN_SHEET, f"{first}:{last}")}<>{frozen})*1)=0,"same","changed")'

    def by_constant(self) -> Iterator[Cell]:
        """The constants beside the table, apart from eta, against those of the engine's runs."""
        if self.constants:
            headers = ("constant", "given cell", "the engine's")
            for column, text in enumerate(headers):
                yield Cell(self.constants_top - 1, column, "header", text)
        numbers = dict(self.columns.method.constants)
        for row, name in enumerate(self.constants, start=self.constants_top):
            same = f'=IF({on_sheet(MAIN_SHEET, self.layout.constants[name])}=C{row},"same","changed")'
            yield Cell(row, 0, "label", name)
            yield Cell(row, 1, "beside", "same", same)
            yield Cell(row, 2, "result", numbers[name])

    def block_column(self, block: int, position: int) -> str:
        """A column of one of the three blocks at the bottom: the engine's numbers, differences, wrong steps."""
        return letter(1 + block * (len(self.names) + 1) + position)

    def block(self, block: int, position: int) -> str:
        column = self.block_column(block, position)
        return f"{column}${self.frozen_top}:{column}${self.frozen_last}"

    def frozen(self) -> list[Cell]:
        """Three blocks side by side: the engine's numbers, the live cells less these, the wrong steps."""
        top, width = self.frozen_top, len(self.names) + 1
        titles = (
            "The engine's numbers of this run",
            "The live cells less the engine's numbers",
            "1 where that is not allowed",
        )
        # Words that say that this is not one more training table, to readers and to the audit.
        prefixes = ("engine: ", "Δ ", "wrong: ")
        cells = [Cell(top - 1, 0, "header", "step" if self.batch == 1 else "row")]
        for block, (title, prefix) in enumerate(zip(titles, prefixes, strict=True)):
            first = 1 + block * width
            cells.append(Cell(top - 2, first, "heading", title))
            cells += [
                Cell(top - 1, first + position, "header", prefix + name) for position, name in enumerate(self.names)
            ]
        for step, numbers in enumerate(self.values.tolist()):
            row = top + step
            at = f"(MAX({RUN},1)-1)*{self.layout.rows}+$A{row}"
            cells.append(Cell(row, 0, "step", step + 1))
            for position, (name, value) in enumerate(zip(self.names, numbers, strict=True)):
                engine, difference = (f"{self.block_column(block, position)}{row}" for block in (0, 1))
                within = f"ABS({difference})<=$D${TOP + position}"
                cells += [
                    Cell(row, 1 + position, "number", value, f"=INDEX({self.every_run(position)},{at})"),
                    Cell(row, 1 + width + position, "number", 0.0, f"={self.main(name, FIRST_ROW + step)}-{engine}"),
                    Cell(row, 1 + 2 * width + position, "step", 0.0, f"=IFERROR(IF({within},0,1),1)"),
                ]
        return cells

    def all_runs(self) -> list[Cell]:
        """The frozen table of every run, one below the other."""
        top = self.runs_top
        cells = [Cell(top - 2, 1, "heading", "The engine's numbers of every run"), Cell(top - 1, 0, "header", "run at")]
        cells += [Cell(top - 1, 1 + position, "header", f"frozen: {name}") for position, name in enumerate(self.names)]
        row = top
        for rate, values in self.runs.items():
            for numbers in values.tolist():
                cells.append(Cell(row, 0, "step", rate))
                cells += [Cell(row, 1 + position, "number", value) for position, value in enumerate(numbers)]
                row += 1
        return cells

    def every_run(self, position: int) -> str:
        """A column of that table; an index of -1 is that of the learning rates."""
        column = letter(1 + position)
        return f"{column}${self.runs_top}:{column}${self.runs_top + len(self.runs) * self.layout.rows - 1}"


def by_dependence(columns: Columns) -> list[str]:
    """The columns in the order of the table, but each after those of its own row that it is computed from.

    So the first wrong one of a row is where the slip is.
    """
    defined = definitions(columns)
    ordered: dict[str, None] = {}

    def put(name: str) -> None:
        if name in ordered:
            return
        for leaf in leaves(defined[name].tree):
            if isinstance(leaf, Variable) and leaf.row == 0 and leaf.name in defined:
                put(leaf.name)
        ordered[name] = None

    for name in columns.names:
        put(name)
    return list(ordered)
