"""Sheets of other networks as people lay them out, none with a row a step, and the slips that they make."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import ironcalc
import xlsxwriter
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.utils.cell import coordinate_from_string

Content = float | str
Slips = Mapping[str, str]


@dataclass
class Made:
    """A workbook in the making.

    Attributes:
        cells: numbers, texts and formulas (with their `=`) by sheet and address; of a range for an array formula.
        parameters, gradients, updates: what to name on the command line for the first step.
        places: where the quantities of the first step stand, by name.
    """

    cells: dict[tuple[str, str], Content] = field(default_factory=dict)
    loss: str = ""
    parameters: str = ""
    gradients: str = ""
    updates: str = ""
    places: dict[str, str] = field(default_factory=dict)

    def save(self, path: Path) -> Path:
        """Write it, with the values that IronCalc computes as caches."""
        self._write(path, {})
        model = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")
        model.evaluate()
        names = list(dict.fromkeys(sheet for sheet, _ in self.cells))
        found = {
            (names[sheet], row, column): model.get_cell_value(sheet, row, column)
            for sheet, row, column in model.get_all_cells()
        }
        self._write(path, found)
        return path

    def _write(self, path: Path, values: Mapping[tuple[str, int, int], object]) -> None:
        with xlsxwriter.Workbook(path, {"in_memory": True}) as book:
            sheets = {name: book.add_worksheet(name) for name in dict.fromkeys(sheet for sheet, _ in self.cells)}
            for (name, address), content in self.cells.items():
                left, top, right, bottom = corners(address)
                sheet, value = sheets[name], values.get((name, top, left), 0)
                if not (isinstance(content, str) and content.startswith("=")):
                    sheet.write(address, content)
                elif ":" in address:
                    sheet.write_array_formula(address, f"{{{content}}}", None, value)
                    for row in range(top, bottom + 1):
                        for column in range(left, right + 1):
                            if (row, column) != (top, left):
                                sheet.write_number(row - 1, column - 1, values.get((name, row, column), 0))
                else:
                    sheet.write_formula(address, content, None, value)


def corners(address: str) -> tuple[int, int, int, int]:
    """The first and last column and row of a cell or range: left, top, right, bottom."""
    ends = [coordinate_from_string(end) for end in address.replace("$", "").split(":")]
    (left, top), (right, bottom) = (ends[0], ends[-1])
    return column_index_from_string(left), top, column_index_from_string(right), bottom


# One step of a 2-2-2 network with logistic sigmoids and half squared errors, a cell a quantity.
GIVEN = {
    "x1": 0.05, "x2": 0.1, "t1": 0.01, "t2": 0.99,
    "w1": 0.15, "w2": 0.2, "w3": 0.25, "w4": 0.3, "w5": 0.4, "w6": 0.45, "w7": 0.5, "w8": 0.55,
    "b1": 0.35, "b2": 0.3, "b3": 0.6, "b4": 0.65,
}  # fmt: skip
PARAMETERS = [name for name in GIVEN if name[0] in "wb"]
FORWARD = {
    "h1": "w1*x1+w2*x2+b1", "ah1": "1/(1+EXP(-h1))", "h2": "w3*x1+w4*x2+b2", "ah2": "1/(1+EXP(-h2))",
    "o1": "w5*ah1+w6*ah2+b3", "ao1": "1/(1+EXP(-o1))", "o2": "w7*ah1+w8*ah2+b4", "ao2": "1/(1+EXP(-o2))",
    "e1": "(t1-ao1)^2/2", "e2": "(t2-ao2)^2/2", "loss": "e1+e2",
}  # fmt: skip
BACKWARD = {
    "do1": "(ao1-t1)*ao1*(1-ao1)", "do2": "(ao2-t2)*ao2*(1-ao2)",
    "dh1": "(do1*w5+do2*w7)*ah1*(1-ah1)", "dh2": "(do1*w6+do2*w8)*ah2*(1-ah2)",
    "gw1": "dh1*x1", "gw2": "dh1*x2", "gw3": "dh2*x1", "gw4": "dh2*x2",
    "gw5": "do1*ah1", "gw6": "do1*ah2", "gw7": "do2*ah1", "gw8": "do2*ah2",
    "gb1": "dh1", "gb2": "dh2", "gb3": "do1", "gb4": "do2",
}  # fmt: skip
UPDATE = {f"n{name}": f"{name}-eta*g{name}" for name in PARAMETERS}
LABELS = {
    "loss": "E total", **{name: name for name in GIVEN}, **{f"g{name}": f"∂E/∂{name}" for name in PARAMETERS},
    **{f"n{name}": f"new {name}" for name in PARAMETERS}, "do1": "δo1", "do2": "δo2", "dh1": "δh1", "dh2": "δh2",
}  # fmt: skip
NAME = re.compile(r"\b[a-z]+\d*\b")


def over_cells(text: str, place: Callable[[str], str | None]) -> str:
    """A formula over names as one over cells; a name that has no place stays as it is."""
    return "=" + NAME.sub(lambda match: place(match[0]) or match[0], text)


def one_step(place: Callable[[str], str], slips: Slips, sheet: str = "Sheet1", *, given: bool = True) -> Made:
    """One step, its quantities wherever `place` says."""
    made = Made()
    for name, value in {**GIVEN, "eta": 0.5}.items() if given else []:
        made.cells[sheet, place(name)] = value
    for name, text in {**FORWARD, **BACKWARD, **UPDATE}.items():
        made.cells[sheet, place(name)] = over_cells(slips.get(name, text), place)
    _name(made, place)
    return made


def _name(made: Made, place: Callable[[str], str]) -> None:
    made.loss = place("loss")
    made.parameters = ",".join(map(place, PARAMETERS))
    made.gradients = ",".join(place(f"g{name}") for name in PARAMETERS)
    made.updates = ",".join(place(f"n{name}") for name in PARAMETERS)
    made.places = {name: f"Sheet1!{place(name)}" for name in (*GIVEN, *FORWARD, *BACKWARD, *UPDATE)}


ORDER = ["eta", *GIVEN, *FORWARD, *BACKWARD, *UPDATE]


def wide_row(slips: Slips) -> Made:
    """Everything of a step in one row under its headers."""

    def place(name: str) -> str:
        return f"{get_column_letter(2 + ORDER.index(name))}5"

    made = one_step(place, slips)
    for name in ORDER:
        made.cells["Sheet1", place(name).replace("5", "4")] = LABELS.get(name, name)
    return made


def key_value_list(slips: Slips) -> Made:
    """A label and a number a row, with texts between."""

    def place(name: str) -> str:
        return f"C{3 + ORDER.index(name) + (name in BACKWARD) + 2 * (name in UPDATE)}"

    made = one_step(place, slips)
    for name in ORDER:
        made.cells["Sheet1", place(name).replace("C", "B")] = LABELS.get(name, name)
    made.cells["Sheet1", f"B{3 + len(GIVEN) + 1 + len(FORWARD)}"] = "Rückwärts"
    return made


def column_groups(slips: Slips, steps: int = 3) -> Made:
    """A quantity a row, a step a column; the next column's parameters are the last one's, updated."""
    rows = ["eta", *GIVEN, *FORWARD, *BACKWARD]

    def at(step: int) -> Callable[[str], str]:
        def place(name: str) -> str:
            if name[0] == "n" and name[1:] in PARAMETERS:
                return at(step + 1)(name[1:])
            column = get_column_letter(2 + (0 if name == "eta" else step))
            return f"${column}${2}" if name == "eta" else f"{column}{2 + rows.index(name)}"

        return place

    made = one_step(at(0), slips)
    made.cells["Sheet1", "B2"] = made.cells.pop(("Sheet1", "$B$2"))
    for step in range(1, steps):
        for name, text in {**FORWARD, **BACKWARD, **(UPDATE if step + 1 < steps else {})}.items():
            made.cells["Sheet1", at(step)(name)] = over_cells(slips.get(name, text), at(step))
        for name in ("x1", "x2", "t1", "t2"):
            made.cells["Sheet1", at(step)(name)] = f"={at(step - 1)(name)}"
    for name in rows:
        made.cells["Sheet1", f"A{2 + rows.index(name)}"] = LABELS.get(name, name)
    _name(made, at(0))
    return made


SAMPLES = [(0.05, 0.1, 0.01, 0.99), (0.9, 0.2, 0.8, 0.1), (0.4, 0.7, 0.3, 0.6), (0.6, 0.3, 0.9, 0.2)]
OF_SAMPLE = ["x1", "x2", "t1", "t2", *FORWARD, *BACKWARD]


class Stacked:
    """The geometry of stacked epochs: a block an epoch, the parameters in a row, samples as rows, means below."""

    height = len(SAMPLES) + 7

    def top(self, epoch: int) -> int:
        """The row of a block's title."""
        return 3 + epoch * self.height

    def first(self, epoch: int) -> int:
        """The row of the first sample."""
        return self.top(epoch) + 4

    def parameter(self, name: str, epoch: int) -> str:
        """A parameter's cell."""
        return f"{get_column_letter(2 + PARAMETERS.index(name))}{self.top(epoch) + 1}"

    def of_sample(self, name: str, row: int) -> str:
        """The cell of a quantity of the sample in a row, or of its mean."""
        return f"{get_column_letter(2 + OF_SAMPLE.index(name))}{row}"

    def mean(self, name: str, epoch: int) -> str:
        """The cell of a mean."""
        return self.of_sample(name, self.first(epoch) + len(SAMPLES))

    def in_row(self, row: int, epoch: int) -> Callable[[str], str | None]:
        """Where the names in the formulas of a row stand."""

        def place(name: str) -> str | None:
            if name in PARAMETERS:
                letters, number = coordinate_from_string(self.parameter(name, epoch))
                return f"{letters}${number}"
            return self.of_sample(name, row) if name in OF_SAMPLE else None

        return place

    def in_update(self, epoch: int) -> Callable[[str], str | None]:
        """Where the names in the updates that end an epoch stand."""

        def place(name: str) -> str | None:
            if name == "eta":
                return "$B$1"
            return self.mean(name, epoch) if name in BACKWARD else self.parameter(name, epoch)

        return place


def stacked_epochs(slips: Slips, epochs: int = 2) -> Made:
    """A block an epoch: the parameters in a row, the samples as rows, their means below."""
    made, at = Made(cells={("Sheet1", "A1"): "Lernrate", ("Sheet1", "B1"): 0.5}), Stacked()
    for epoch in range(epochs):
        made.cells["Sheet1", f"A{at.top(epoch)}"] = f"Epoche {epoch + 1}"
        for name in PARAMETERS:
            place = at.parameter(name, epoch)
            update = over_cells(slips.get(f"n{name}", f"{name}-eta*g{name}"), at.in_update(epoch - 1))
            made.cells["Sheet1", place.replace(str(at.top(epoch) + 1), str(at.top(epoch)))] = name
            made.cells["Sheet1", place] = update if epoch else GIVEN[name]
        _samples(made, at, epoch, slips)
    made.loss = at.mean("loss", 0)
    made.parameters = ",".join(at.parameter(name, 0) for name in PARAMETERS)
    made.gradients = ",".join(at.mean(f"g{name}", 0) for name in PARAMETERS)
    made.updates = ",".join(at.parameter(name, 1) for name in PARAMETERS)
    first, last = at.first(0), at.first(0) + len(SAMPLES) - 1
    made.places = {name: f"Sheet1!{at.of_sample(name, first)}:{at.of_sample(name, last)}" for name in BACKWARD}
    made.places |= {f"mean {name}": f"Sheet1!{at.mean(name, 0)}" for name in BACKWARD}
    made.places |= {f"n{name}": f"Sheet1!{at.parameter(name, 1)}" for name in PARAMETERS}
    return made


def _samples(made: Made, at: Stacked, epoch: int, slips: Slips) -> None:
    """The rows of an epoch's samples, and their means."""
    first = at.first(epoch)
    for name in OF_SAMPLE:
        made.cells["Sheet1", at.of_sample(name, first - 1)] = LABELS.get(name, name)
        text = slips.get(name, {**FORWARD, **BACKWARD}.get(name, ""))
        for row, sample in enumerate(SAMPLES, start=first):
            content = over_cells(text, at.in_row(row, epoch)) if text else sample[OF_SAMPLE.index(name)]
            made.cells["Sheet1", at.of_sample(name, row)] = content
        if name == "loss" or name[0] == "g":
            function = slips.get(f"mean {name}", "AVERAGE")
            cells = f"{at.of_sample(name, first)}:{at.of_sample(name, first + len(SAMPLES) - 1)}"
            made.cells["Sheet1", at.mean(name, epoch)] = f"={function}({cells})"
    made.cells["Sheet1", f"A{first + len(SAMPLES)}"] = "Mittel"


# Matrices with array formulas: ReLU, softmax, cross-entropy, 4 samples as columns; name: (rows, columns, content).
MATRICES: dict[str, tuple[int, int, str | Sequence[Sequence[float]]]] = {
    "X": (2, 4, [[0.5, -0.3, 0.8, 0.1], [0.2, 0.7, -0.6, 0.4]]),
    "T": (3, 4, [[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]]),
    "W1": (3, 2, [[0.3, -0.2], [-0.4, 0.5], [0.6, 0.1]]),
    "b1": (3, 1, [[0.05], [-0.02], [0.1]]),
    "W2": (3, 3, [[0.2, -0.5, 0.3], [0.4, 0.1, -0.6], [-0.3, 0.7, 0.25]]),
    "b2": (3, 1, [[0.01], [0.02], [-0.03]]),
    "Z1": (3, 4, "MMULT(W1,X)+b1"),
    "A1": (3, 4, "IF(Z1>0,Z1,0)"),
    "Z2": (3, 4, "MMULT(W2,A1)+b2"),
    "S": (3, 4, "EXP(Z2)"),
    "P": (3, 4, "S/MMULT({1,1,1},S)"),
    "L": (1, 1, "-SUMPRODUCT(T,LN(P))/4"),
    "dZ2": (3, 4, "(P-T)/4"),
    "dW2": (3, 3, "MMULT(dZ2,TRANSPOSE(A1))"),
    "db2": (3, 1, "MMULT(dZ2,{1;1;1;1})"),
    "dA1": (3, 4, "MMULT(TRANSPOSE(W2),dZ2)"),
    "dZ1": (3, 4, "dA1*(Z1>0)"),
    "dW1": (3, 2, "MMULT(dZ1,TRANSPOSE(X))"),
    "db1": (3, 1, "MMULT(dZ1,{1;1;1;1})"),
}
MATRIX = re.compile(r"\b(?:d?[WbZA][12]|[XTPSL])\b(?!\()")
WEIGHTS = ["W1", "b1", "W2", "b2"]


class Blocks:
    """The geometry of matrix blocks: an epoch below the other, or on a sheet of its own."""

    def __init__(self, *, sheet_each: bool) -> None:
        self.sheet_each = sheet_each
        self.tops, row = {}, 3
        for name, (rows, _, _) in MATRICES.items():
            self.tops[name] = row + 1
            row += rows + 2
        self.height = 0 if sheet_each else row

    def sheet(self, epoch: int) -> str:
        """The name of an epoch's sheet."""
        return f"epoch {epoch + 1}" if self.sheet_each else "network"

    def area(self, name: str, epoch: int) -> str:
        """A matrix's cells."""
        rows, columns, _ = MATRICES[name]
        first = f"B{self.tops[name] + epoch * self.height}"
        last = f"{get_column_letter(1 + columns)}{self.tops[name] + epoch * self.height + rows - 1}"
        return first if first == last else f"{first}:{last}"

    def cells(self, name: str, epoch: int) -> list[list[str]]:
        """A matrix's cells one by one."""
        left, top, right, bottom = corners(self.area(name, epoch))
        columns = [get_column_letter(column) for column in range(left, right + 1)]
        return [[f"{column}{row}" for column in columns] for row in range(top, bottom + 1)]

    def over_cells(self, formula: str, epoch: int, home: int) -> str:
        """A formula over an epoch's matrices, as it stands in an epoch."""
        there = "" if self.sheet(epoch) == self.sheet(home) else f"'{self.sheet(epoch)}'!"
        text = MATRIX.sub(lambda match: there + self.area(match[0], epoch), formula)
        return "=" + text.replace("RATE", f"'{self.sheet(0)}'!$B$1")


def matrix_blocks(slips: Slips, epochs: int = 2, *, sheet_each: bool = False) -> Made:
    """Blocks of matrices with their labels beside, an epoch below the other, or on a sheet of its own."""
    made, at = Made(), Blocks(sheet_each=sheet_each)
    for epoch in range(epochs):
        for name in MATRICES:
            label = f"A{at.tops[name] + epoch * at.height}"
            made.cells[at.sheet(epoch), label] = "cross-entropy" if name == "L" else name
            _matrix(made, at, epoch, name, slips)
    made.cells[at.sheet(0), "A1"], made.cells[at.sheet(0), "B1"] = "learning rate", 0.3
    made.loss = f"'{at.sheet(0)}'!{at.area('L', 0)}"
    made.parameters = ",".join(at.area(name, 0) for name in WEIGHTS)
    made.gradients = ",".join(at.area(f"d{name}", 0) for name in WEIGHTS)
    made.updates = ",".join(f"'{at.sheet(1)}'!{at.area(name, 1)}" for name in WEIGHTS)
    made.places = {name: f"{at.sheet(0)}!{at.area(name, 0)}" for name in MATRICES}
    made.places |= {f"n{name}": f"{at.sheet(1)}!{at.area(name, 1)}" for name in WEIGHTS}
    return made


def _matrix(made: Made, at: Blocks, epoch: int, name: str, slips: Slips) -> None:
    """One matrix of one epoch."""
    content, sheet = MATRICES[name][2], at.sheet(epoch)
    if isinstance(content, str):
        # IronCalc takes LN of a range only in an array formula.
        place = f"{at.area('L', epoch)}:{at.area('L', epoch)}" if name == "L" else at.area(name, epoch)
        made.cells[sheet, place] = at.over_cells(slips.get(name, content), epoch, epoch)
    elif epoch and name in WEIGHTS:
        step = slips.get(f"n{name}", f"{name}-RATE*d{name}")
        made.cells[sheet, at.area(name, epoch)] = at.over_cells(step, epoch - 1, epoch)
    else:
        before = at.cells(name, epoch - 1) if epoch else []
        for row, cells in enumerate(at.cells(name, epoch)):
            for column, cell in enumerate(cells):
                copied = f"='{at.sheet(epoch - 1)}'!{before[row][column]}" if epoch else ""
                made.cells[sheet, cell] = copied or content[row][column]


def sheets_each(slips: Slips) -> Made:
    """One sheet an epoch."""
    return matrix_blocks(slips, sheet_each=True)
