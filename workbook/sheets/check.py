"""The sheet `check`: the proof inside the file, live.

Every column against the engine's frozen numbers, for every learning rate that the engine has run from these inputs; the
gradients of step 1 against central differences, for any inputs.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from engine import Experiment, FloatArray, descend
from engine.columns import gradient_name
from workbook.definitions import definitions, given_names
from workbook.layout import ETA, FIRST_ROW, Layout, letter, on_sheet, over_cells
from workbook.records import Cell, Highlight, Sheet, Style, small_sheet
from workbook.sheets.training import MAIN_SHEET
from workbook.trees import Variable

SHEET = "check"
TOP = 8  # the first row of the comparison by column
# Which of the engine's runs has the learning rate that is typed on the main sheet; 0: none.
RUN = "$B$4"
COMPARED = "compared: every column with the engine's numbers, and the gradients of step 1"
CHANGED = "compared: the gradients of step 1 alone; the engine has not run these inputs"
NOT_RUN = "compared: the gradients of step 1 alone; the engine has not run this learning rate"
# A number passes within 1e-12 + 1e-9 of the column's largest.
ABSOLUTE, RELATIVE = 1e-12, 1e-9
# A nudge on a network whose largest number is S is 1e-4/(1 + S): small steps where the loss bends sharply.
NUDGE = 1e-4
# A gradient passes within 1e-9 + 1e-5 of itself, and the rounding of the loss divided by the nudge.
GRADIENT_ABSOLUTE, GRADIENT_RELATIVE, ROUNDING = 1e-9, 1e-5, 1e-13


class _Check:
    """The sheet's geometry: the comparison by column, the differences by weight below, the frozen table below that."""

    def __init__(self, layout: Layout, experiment: Experiment, runs: dict[float, FloatArray]) -> None:
        self.layout, self.columns, self.runs = layout, layout.columns, runs
        self.experiment, self.values = experiment, runs[experiment.learning_rate]
        self.names = self.columns.names
        self.weights = self.columns.of("weight")
        self.given = set(given_names(self.columns))
        self.forward = list(self.names[: self.names.index("E_tot") + 1])
        self.gradients_top = TOP + len(self.names) + 4
        self.nudged_top = self.gradients_top + len(self.weights) + 4
        self.frozen_top = self.nudged_top + 2 * len(self.weights) + 4
        self.frozen_last = self.frozen_top + layout.rows - 1
        self.runs_top = self.frozen_last + 4

    def sheet(self) -> Sheet:
        verdicts = f"E{TOP}:E{self.gradients_top + len(self.weights)}"
        return small_sheet(
            SHEET,
            [*self.summary(), *self.by_column(), *self.by_weight(), *self.nudged(), *self.frozen(), *self.all_runs()],
            widths={"A": 19, "B:D": 20, "E": 12, "F": 17, f"G:{letter(3 * len(self.names) + 3)}": 12},
            heights={1: 24.0},
            highlights=[Highlight(cells, "PASS", "green") for cells in (verdicts, "B3")]
            + [Highlight(cells, "FAIL", "red") for cells in (verdicts, "B3")],
            print_area=f"A1:F{self.gradients_top + len(self.weights) - 1}",
        )

    def main(self, name: str, row: int | None = None) -> str:
        """A column of the main sheet: the part that is frozen here, or one cell."""
        column = self.layout.letters[name]
        if row is not None:
            return on_sheet(MAIN_SHEET, f"{column}{row}")
        return on_sheet(MAIN_SHEET, f"{column}${FIRST_ROW}:{column}${self.layout.last_row}")

    def summary(self) -> list[Cell]:
        columns, last = f"F{TOP}:F{TOP + len(self.names) - 1}", self.gradients_top + len(self.weights) - 1
        changed, complete, differences = "B5", f"B6={self.layout.steps}", f"F{last}"
        names = f"A{TOP}:A{TOP + len(self.names) - 1}"
        first = f'INDEX({names},MATCH(MIN({columns}),{columns},0))&" from step "&MIN({columns})'
        verdict = (
            f'=IF(AND(COUNT({columns})=0,{differences}="",{complete}),"PASS",'
            f'"FAIL:"&IF(COUNT({columns})=0,""," "&{first})&{differences}&IF({complete},""," number of steps"))'
        )
        compared = f'=IF({changed}=0,"{COMPARED}",IF({RUN}=0,"{NOT_RUN}","{CHANGED}"))'
        inputs = f"B{TOP}:B{TOP + len(self.names) - 1}"
        loss = self.main("E_tot")
        run = f"IFERROR((MATCH({on_sheet(MAIN_SHEET, ETA)},{self.every_run(-1)},0)-1)/{self.layout.rows}+1,0)"
        return [
            Cell(1, 0, "title", "Is the sheet right?"),
            Cell(3, 0, "label", "all checks"),
            Cell(3, 1, "summary", "PASS", verdict),
            Cell(3, 2, "beside", COMPARED, compared),
            Cell(4, 0, "label", "engine's run"),
            Cell(4, 1, "result", 1.0, f"={run}"),
            Cell(4, 2, "beside", self.run_text()),
            Cell(5, 0, "label", "inputs changed"),
            Cell(5, 1, "result", 0.0, f'=COUNTIF({inputs},"changed")+IF({RUN}=0,1,0)'),
            Cell(6, 0, "label", "steps"),
            Cell(6, 1, "result", float(self.layout.steps), f"=COUNT({loss})"),
            Cell(6, 2, "beside", f"of {self.layout.steps}"),
        ]

    def run_text(self) -> str:
        return f"of the learning rates {', '.join(f'{rate:g}' for rate in self.runs)}"

    def by_column(self) -> list[Cell]:
        headers = ("column", "given cell", "largest difference", "allowed", "verdict", "wrong from step")
        cells = [Cell(TOP - 1, position, "header", text) for position, text in enumerate(headers)]
        for position, name in enumerate(self.names):
            row, frozen = TOP + position, self.block(0, position)
            differences, wrong = self.block(1, position), self.block(2, position)
            largest = float(np.abs(self.values[:, position]).max())
            cells += [
                Cell(row, 0, "label", name),
                Cell(row, 2, "tolerance", 0.0, f"=MAX(MAX({differences}),0-MIN({differences}))"),
                Cell(
                    row, 3, "tolerance", ABSOLUTE + RELATIVE * largest,
                    f"={ABSOLUTE:.12f}+{RELATIVE:.9f}*MAX(MAX({frozen}),-MIN({frozen}))",
                ),
                Cell(row, 4, "verdict", "PASS", f'=IF($B$5>0,"off",IF(SUM({wrong})=0,"PASS","FAIL"))'),
                Cell(row, 5, "step", "", f'=IF(OR($B$5>0,SUM({wrong})=0),"",MATCH(1,{wrong},0))'),
            ]  # fmt: skip
            if name in self.given:
                first = f"{self.block_column(0, position)}{self.frozen_top}"
                same = f'=IF({self.main(name, FIRST_ROW)}={first},"same","changed")'
                cells.append(Cell(row, 1, "beside", "same", same))
        return cells

    def block_column(self, block: int, position: int) -> str:
        """A column of one of the three blocks at the bottom: the engine's numbers, differences, wrong steps."""
        return letter(1 + block * (len(self.names) + 1) + position)

    def block(self, block: int, position: int) -> str:
        column = self.block_column(block, position)
        return f"{column}${self.frozen_top}:{column}${self.frozen_last}"

    def failed_so_far(self, row: int, first: int) -> list[Cell]:
        """The names of the failed rows from the first to this one."""
        before = f"F{row - 1}&" if row > first else ""
        return [Cell(row, 5, "text", "", f'={before}IF(E{row}="FAIL"," "&A{row},"")')]

    def nudge(self) -> float:
        first = self.values[0]
        return NUDGE / (1 + max(abs(float(first[self.names.index(name)])) for name in self.given))

    def by_weight(self) -> list[Cell]:
        top = self.gradients_top
        headers = ("gradient at step 1", "in the table", "central difference", "allowed", "verdict")
        cells = [
            Cell(
                top - 3, 0, "heading", "The gradients of step 1 against central differences: (E(w + ε) - E(w - ε)) / 2ε"
            ),
            Cell(top - 2, 0, "label", "ε"),
            Cell(top - 2, 1, "tolerance", self.nudge(), self.nudge_formula()),
        ]
        cells += [Cell(top - 1, position, "header", text) for position, text in enumerate(headers)]
        losses, loss = self.nudged_traces(), letter(self.names.index("E_tot"))
        for position, weight in enumerate(self.weights):
            row, up, down = top + position, self.nudged_top + 2 * position, self.nudged_top + 2 * position + 1
            column = letter(self.names.index(weight))
            table = float(self.values[0, self.names.index(gradient_name(weight))])
            (upper, lower), e = losses[position], self.names.index("E_tot")
            w = self.names.index(weight)
            apart = float(upper[w] - lower[w])
            # A weight so large that the nudge is lost in it has no difference: the formula below says so too.
            difference = float(upper[e] - lower[e]) / apart if apart else table
            cells += [
                Cell(row, 0, "label", gradient_name(weight)),
                Cell(row, 1, "result", table, f"={self.main(gradient_name(weight), FIRST_ROW)}"),
                Cell(
                    row, 2, "result", difference,
                    f"=IF({column}{up}={column}{down},B{row},({loss}{up}-{loss}{down})/({column}{up}-{column}{down}))",
                ),
                Cell(row, 3, "tolerance", self.allowed(table), self.allowed_formula(row)),
                Cell(row, 4, "verdict", "PASS", f"={_verdict(f'ABS(B{row}-C{row})<=D{row}')}"),
                *self.failed_so_far(row, top),
            ]  # fmt: skip
        return cells

    def nudge_formula(self) -> str:
        cells = ",".join(f"ABS({self.main(name, FIRST_ROW)})" for name in given_names(self.columns))
        return f"={NUDGE}/(1+MAX({cells}))"

    def allowed(self, gradient: float) -> float:
        loss, nudge = float(self.values[0, self.names.index("E_tot")]), self.nudge()
        rounding = ROUNDING * (loss + (NUDGE / nudge) ** 2) / nudge
        return GRADIENT_ABSOLUTE + GRADIENT_RELATIVE * abs(gradient) + rounding

    def allowed_formula(self, row: int) -> str:
        nudge, loss = f"$B${self.gradients_top - 2}", self.main("E_tot", FIRST_ROW)
        rounding = f"{ROUNDING:.13f}*({loss}+({NUDGE}/{nudge})^2)/{nudge}"
        return f"={GRADIENT_ABSOLUTE:.9f}+{GRADIENT_RELATIVE:.5f}*ABS(B{row})+{rounding}"

    def nudged_traces(self) -> list[list[FloatArray]]:
        """For each weight, the first step's numbers with the weight nudged up and down, each (C,)."""
        return [[self.nudged_numbers(weight, sign) for sign in (1, -1)] for weight in self.weights]

    def nudged_numbers(self, weight: str, sign: int) -> FloatArray:
        matrices = [matrix.copy() for matrix in self.experiment.weights]
        for layer, matrix in enumerate(matrices):
            for row, names in enumerate(self.columns.weight_names(layer)):
                if weight in names:
                    matrix[row, names.index(weight)] += sign * self.nudge()
        nudged = replace(self.experiment, weights=tuple(matrices), steps=1)
        numbers: FloatArray = descend(nudged, [0.0]).numbers.values[0, :, 0]
        return numbers

    def nudged(self) -> list[Cell]:
        """Two forward passes for each weight, spelled out in cells."""
        top, defined = self.nudged_top, definitions(self.columns)
        cells = [Cell(top - 2, 0, "heading", "The forward passes with one weight nudged by ε, up and down")]
        cells += [Cell(top - 1, position, "header", f"{name} nudged") for position, name in enumerate(self.forward)]
        numbers = [row for pair in self.nudged_traces() for row in pair]
        for offset, (values, sign) in enumerate(zip(numbers, "+-" * len(self.weights), strict=True)):
            row, weight = top + offset, self.weights[offset // 2]
            references = {name: f"{letter(position)}{row}" for position, name in enumerate(self.names)}
            for position, name in enumerate(self.forward):
                if name in self.given:
                    nudge = f"{sign}$B${self.gradients_top - 2}" if name == weight else ""
                    formula = f"={self.main(name, FIRST_ROW)}{nudge}"
                else:
                    formula = over_cells(defined[name].tree, partial(_cell, references))
                style: Style = "box" if name == weight else "number"
                cells.append(Cell(row, position, style, float(values[position]), formula))
        return cells

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
        cells = [Cell(top - 1, 0, "header", "step")]
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
        """A column of that table; a place of -1 is that of the learning rates."""
        column = letter(1 + position)
        return f"{column}${self.runs_top}:{column}${self.runs_top + len(self.runs) * self.layout.rows - 1}"


def check_sheet(layout: Layout, experiment: Experiment, runs: dict[float, FloatArray]) -> Sheet:
    """The checks of a table.

    Args:
        layout: the table's.
        experiment: what the engine has run.
        runs: the engine's numbers, (T, C), by learning rate, the experiment's own rate first.
    """
    return _Check(layout, experiment, runs).sheet()


def _cell(cells: dict[str, str], leaf: Variable) -> str:
    return cells[leaf.name]


def _verdict(condition: str) -> str:
    """An error in a cell is a failure too."""
    return f'IFERROR(IF({condition},"PASS","FAIL"),"FAIL")'
