"""The derived backward pass: of kinds of layers that are built here, and of random ones, by central differences.

The formulas are asserted as textbooks print them; the numbers never come from the code under test.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from engine import Columns
from tests.workbook.test_trees import over_variables
from workbook.spreadsheet.algebra import call, less, over, own, plus, power, times
from workbook.spreadsheet.evaluator import evaluate
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Operation, Tree, Variable, leaves, replaced
from workbook.table.backward import Line, backward
from workbook.table.definition import Definition, over_names

Stages = Sequence[Sequence[Definition]]
Cells = dict[tuple[str, int], float]


def column(name: str, text: str, *others: str) -> Definition:
    """A column from a formula; `[-1]` and `[+1]` after a name are the rows above and below, `[:]` all of the update."""
    first, *rest = (over_variables(each) for each in (text, *others))
    return Definition(name, first, "", others=tuple(rest))


def in_rows(tree: Tree, row: int, rows: int) -> Tree:
    """The tree with h_before for the row above, and x_all for the range of the update's rows."""

    def change(leaf: Tree) -> Tree:
        if isinstance(leaf, Variable) and leaf.name.endswith("_before"):
            return Variable(leaf.name.removesuffix("_before"), -1)
        if isinstance(leaf, Variable) and leaf.name.endswith("_all"):
            name = leaf.name.removesuffix("_all")
            return Operation("block", tuple(Variable(name, other - row) for other in range(rows)))
        return leaf

    return replaced(tree, change)


def over_the_update(name: str, text: str, rows: int) -> Definition:
    """A column that reads whole columns of the update."""
    first, *others = (in_rows(over_variables(text), row, rows) for row in range(rows))
    return Definition(name, first, "", others=tuple(others))


def texts(lines: Sequence[Sequence[Line]], row: int = 0) -> dict[str, str]:
    """The lines as they are printed, with the row where that is another."""

    def cell(leaf: Variable) -> str:
        return leaf.name if leaf.row == 0 or leaf.name.endswith("of the batch") else f"{leaf.name}[{leaf.row:+}]"

    columns = Columns.plain((2, 2, 2))  # of no sequences
    flat = [line for stage in reversed(lines) for line in stage]
    return {line.name: printed(over_names(columns, line.trees[row % len(line.trees)]), cell) for line in flat}


class Update:
    """The rows of an update, computed from what is typed in; a cell may be overwritten."""

    def __init__(self, stages: Stages, typed: Cells, rows: int, changed: Mapping[tuple[str, int], float]) -> None:
        self.trees: dict[str, tuple[Tree, ...]] = {each.name: each.trees for stage in stages for each in stage}
        self.cells = typed | dict(changed)
        self.rows = rows

    def value(self, name: str, row: int) -> float:
        """A cell's number."""
        if (name, row) not in self.cells:
            trees = self.trees[name]
            tree = trees[row % len(trees)]
            read = {leaf: leaf for leaf in leaves(tree) if isinstance(leaf, Variable)}
            values = {leaf: np.float64(self.value(leaf.name, row + leaf.row)) for leaf in read}
            self.cells[name, row] = float(evaluate(tree, values))
        return self.cells[name, row]

    def loss(self) -> float:
        """That of all rows."""
        return sum(self.value("E_tot", row) for row in range(self.rows))


def assert_gradients_are_differences(stages: Stages, typed: Cells, trained: Sequence[str], rows: int = 1) -> None:
    """∂E/∂ of every column on the way, in every row, by nudging that one cell; a trained column is one number."""
    typed = typed | {(name, row): typed[name, 0] for name in trained for row in range(rows)}
    lines = [line for stage in reversed(backward(stages, trained, rows)) for line in stage]
    update = Update(stages, typed, rows, {})
    update.trees |= {line.name: line.trees for line in lines}
    step = 1e-6
    found = [line.name for line in lines if line.name.startswith("∂E/")]
    assert {f"∂E/∂{name}" for name in trained} <= set(found)
    for name in found:
        of = name.removeprefix("∂E/∂")
        for row in range(rows):
            at = update.value(of, row)
            more, fewer = (Update(stages, typed, rows, {(of, row): at + by}).loss() for by in (step, -step))
            expected = (more - fewer) / (2 * step)
            assert update.value(name, row) == pytest.approx(expected, rel=1e-6, abs=1e-8), (name, row)


def drawn(names: Sequence[str], rows: int = 1, seed: int = 1) -> Cells:
    generator = np.random.default_rng(seed)
    return {(name, row): float(generator.uniform(-1, 1)) for name in names for row in range(rows)}


def squared(*outputs: str) -> list[Definition]:
    """Half squared errors, without slopes of their own."""
    losses = [column(f"E{n}", f"0.5*(t{n}-{output})^2") for n, output in enumerate(outputs, start=1)]
    return [*losses, column("E_tot", " + ".join(loss.name for loss in losses))]


CELLS = [f"{row}{column}" for row in range(3) for column in range(3)]


def convolution() -> tuple[Stages, list[str], list[str]]:
    """A 3×3 picture, a 2×2 kernel, max pooling of the 2×2 map, one output."""
    kernel = [(row, column) for row in range(2) for column in range(2)]
    maps = [column(f"z{r}{c}", " + ".join([*(f"k{i}{j}*x{r + i}{c + j}" for i, j in kernel), "b"])) for r, c in kernel]
    pooled = [column("m", "MAX(z00,z01,z10,z11)")]
    stages = [maps, pooled, [column("o", "v*m")], squared("o")]
    return stages, [*(f"k{i}{j}" for i, j in kernel), "b", "v"], [f"x{cell}" for cell in CELLS] + ["t1"]


def test_convolution_and_max_pooling_come_out_as_textbooks_have_them() -> None:
    stages, trained, given = convolution()
    got = texts(backward(stages, trained))
    assert got["∂E/∂k01"] == "∂E/∂z00*x01 + ∂E/∂z01*x02 + ∂E/∂z10*x11 + ∂E/∂z11*x12"
    assert got["∂E/∂b"] == "∂E/∂z00 + ∂E/∂z01 + ∂E/∂z10 + ∂E/∂z11"
    assert got["∂E/∂z00"] == "∂E/∂m*IF(m=z00,1,0)"
    assert got["∂E/∂z01"] == "∂E/∂m*IF(z01>z00,IF(m=z01,1,0),0)"
    assert_gradients_are_differences(stages, drawn([*trained, *given]), trained)


@pytest.mark.parametrize(("inputs", "winner"), [(dict.fromkeys(CELLS, 1.0), "z00"), ({"12": 1.0}, "z01")])
def test_of_equal_cells_in_a_window_the_first_takes_the_gradient(inputs: dict[str, float], winner: str) -> None:
    stages, trained, _ = convolution()
    typed: Cells = {(f"x{cell}", 0): inputs.get(cell, 0.0) for cell in CELLS}
    typed |= {(name, 0): 1.0 for name in trained} | {("t1", 0): 0.0}
    update = Update(stages, typed, 1, {})
    update.trees |= {line.name: line.trees for stage in backward(stages, trained) for line in stage}
    taken = {name: update.value(f"∂E/∂{name}", 0) for name in ("z00", "z01", "z10", "z11")}
    assert {name for name, gradient in taken.items() if gradient} == {winner}


def batch_norm(rows: int) -> Stages:
    """One neuron; normalised over the rows of the update; scaled and moved."""
    norm = [
        over_the_update("mu", "AVERAGE(z_all)", rows),
        column("c", "z-mu"),
        over_the_update("var", "SUMSQ(c_all)/" + str(rows), rows),
        column("s", "SQRT(var+0.00001)"),
        column("n", "c/s"),
        column("y", "gamma*n + beta"),
    ]
    return [[column("z", "w1*i1 + w2*i2")], norm, squared("y")]


def test_batch_norm_over_three_rows() -> None:
    trained, given = ["w1", "w2", "gamma", "beta"], ["i1", "i2", "t1"]
    stages = batch_norm(3)
    got = texts(backward(stages, trained, 3))
    assert got["∂E/∂n"] == "∂E/∂y*∂y/∂n"
    assert got["∂y/∂n"] == "gamma"
    assert got["∂E/∂gamma"] == "∂E/∂y*∂y/∂gamma"
    assert got["∂n/∂s"] == "-n/s"
    assert got["∂E/∂c"] == "AVERAGE(∂E/∂var of the batch)*2*c + ∂E/∂n/s"
    assert got["∂E/∂z"] == "AVERAGE(∂E/∂mu of the batch) + ∂E/∂c"
    assert_gradients_are_differences(stages, drawn([*trained, *given], 3), trained, 3)


def recurrent() -> Stages:
    """h[t] = tanh(w·x[t] + u·h[t−1]), its first state typed in; an output each step."""
    first, later = over_variables("w*x + u*h_start"), in_rows(over_variables("w*x + u*h_before"), 0, 3)
    cell = [
        Definition("z", first, "", others=(later, later)),
        Definition("h", over_variables("TANH(z)"), "", slopes={"z": over_variables("1-h^2")}),
    ]
    return [cell, [column("o", "v*h")], squared("o")]


def test_a_recurrent_cell_goes_back_through_time() -> None:
    stages, trained = recurrent(), ["w", "u", "v"]
    lines = backward(stages, trained, 3)
    assert texts(lines, 0)["∂E/∂h"] == "∂E/∂z[+1]*u + ∂E/∂o*v"
    assert texts(lines, 2)["∂E/∂h"] == "∂E/∂o*v"
    assert texts(lines, 1)["∂z/∂u"] == "h[-1]"
    assert_gradients_are_differences(stages, drawn([*trained, "x", "t1", "h_start"], 3), trained, 3)


def test_attention_over_the_tokens_of_an_update() -> None:
    # Each token asks the others: a share of each value, by a softmax over the products of query and keys.
    rows = 3
    shares = []
    for other in range(rows):
        trees = tuple(call("EXP", times(own("q"), Variable("k", other - row))) for row in range(rows))
        shares.append(Definition(f"e{other}", trees[0], "", others=trees[1:]))
    names = [share.name for share in shares]
    mixed = tuple(
        plus(*(times(over(own(e), own("sum")), Variable("u", other - row)) for other, e in enumerate(names)))
        for row in range(rows)
    )
    stages = [
        [column("q", "wq*x"), column("k", "wk*x"), column("u", "wv*x")],
        [*shares, column("sum", "+".join(names)), Definition("y", mixed[0], "", others=mixed[1:])],
        squared("y"),
    ]
    trained = ["wq", "wk", "wv"]
    assert_gradients_are_differences(stages, drawn([*trained, "x", "t1"], rows), trained, rows)


def test_what_does_not_lead_to_the_loss_has_no_line() -> None:
    stages = [[column("z", "w*i"), column("idle", "INT(z*w)")], squared("z")]
    assert list(texts(backward(stages, ["w", "never"]))) == [
        "∂E_tot/∂E1", "∂E/∂E1", "∂E/∂z", "∂z/∂w", "∂E/∂w",
    ][1:]  # fmt: skip


def random_stages(seed: int, rows: int) -> tuple[Stages, list[str], list[str]]:
    """Columns that read trained ones, inputs and one another, in their own row, others, or all of the update."""
    draw = np.random.default_rng(seed)
    trained, given = [f"w{n}" for n in range(4)], ["x1", "x2"]
    known, stages = [*trained, *given], []
    for number in range(3):
        stage = []
        for index in range(3):
            trees = _random_trees(draw, known, rows)
            stage.append(Definition(f"c{number}{index}", trees[0], "", others=trees[1:]))
            known.append(stage[-1].name)
        stages.append(stage)
    ends = [known[-1], known[-2], known[-3]]
    return [*stages, squared(*ends)], trained, [*given, "t1", "t2", "t3"]


def _random_trees(draw: np.random.Generator, known: Sequence[str], rows: int) -> tuple[Tree, ...]:
    a, b, c = (str(name) for name in draw.choice(known, 3, replace=False))
    whole = plus(over_variables("1"), power(own(a), over_variables("2")))
    one_row: list[Tree] = [
        times(own(a), own(b)), less(own(a), times(own(b), own(c))), over(own(b), whole), call("SQRT", whole),
        call("LN", whole), call("TANH", own(a)), call("EXP", call("MIN", own(a), own(b))),
        call("MAX", own(a), own(b), own(c)),
        call("IF", Operation(">", (own(a), own(b))), times(own(a), own(c)), own(b)), call("ABS", own(a)),
        call("SUMSQ", own(a), own(b)), call("PRODUCT", own(a), own(b), own(c)),
        call("neg", own(a)), times(own(a), own(a)),
    ]  # fmt: skip
    ranges: list[Callable[[Tree, Tree], Tree]] = [
        lambda first, _: call("AVERAGE", first), lambda first, _: times(call("SUM", first), own(c)),
        lambda first, second: call("SUMPRODUCT", first, second),
    ]  # fmt: skip
    if rows == 1 or draw.random() < 0.6:
        return (one_row[draw.integers(len(one_row))],)
    made = ranges[draw.integers(len(ranges))]
    blocks = [
        [Operation("block", tuple(Variable(n, o - row) for o in range(rows))) for n in (a, b)] for row in range(rows)
    ]
    return tuple(made(*pair) for pair in blocks)


@pytest.mark.parametrize("seed", range(40))
def test_random_columns_over_rows_that_read_one_another(seed: int) -> None:
    rows = 1 + seed % 3
    stages, trained, given = random_stages(seed, rows)
    found = backward(stages, trained, rows)
    used = {line.name.removeprefix("∂E/∂") for stage in found for line in stage}
    assert_gradients_are_differences(
        stages, drawn([*trained, *given], rows, seed + 100), [name for name in trained if name in used], rows
    )


def test_a_trained_column_that_some_rows_read_has_a_gradient_in_these() -> None:
    # As a weight of a position of a sequence; the first row reads another one than the second.
    placed = Definition(
        "z", over_variables("x + p0"), "", others=(over_variables("x + p1"), over_variables("x + p0*p1"))
    )
    stages, trained = [[placed], [column("o", "v*z")], squared("o")], ["p0", "p1", "v"]
    assert texts(backward(stages, trained, 3), 0)["∂E/∂p1"] == "0"
    assert_gradients_are_differences(stages, drawn([*trained, "x", "t1"], 3), trained, 3)
