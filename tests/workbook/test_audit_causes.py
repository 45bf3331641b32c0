"""Every slip that people make, planted in every column where it can occur: found, named, and no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workbook.handmade import FIRST, NAME, OURS, ROWS, HandMade, audited, only_root, ours, roots

HIDDEN = {"h1": ("w1", "w2"), "h2": ("w3", "w4")}
OUTPUT = {"o1": ("w5", "w6"), "o2": ("w7", "w8")}
GRADIENTS = [f"∂E/∂w{n}" for n in range(1, 9)]
WEIGHTS = [f"w{n}" for n in range(1, 9)]
OTHER = {"1": "2", "2": "1"}
# Where the activations of the first computed row stand.
AT = {a: HandMade().cell(a, 0) for a in ("a_h1", "a_h2", "a_o1", "a_o2")}

Slip = tuple[str, str, str, str]


def slips() -> Iterator[Slip]:
    """(column, what stands in its formula, what the slip makes of it, words of the cause)."""
    yield from _of_neurons()
    yield from _of_losses()
    yield from _of_output_gradients()
    yield from _of_hidden_gradients()
    yield from _of_updates()


def _of_neurons() -> Iterator[Slip]:
    for neuron, (a, b) in {**HIDDEN, **OUTPUT}.items():
        x, y = ("i1", "i2") if neuron in HIDDEN else ("a_h1", "a_h2")
        yield neuron, f"{b}*{y}", f"{b}*{x}", f"is {x}; {y} ("
        yield neuron, f"{a}*{x}", f"{b}*{x}", f"is {b}; {a} ("
        yield neuron, f" + {b}*{y}", "", "a missing term"
        yield neuron, f"{b}*{y}", y, "a missing factor"
        yield neuron, f"{a}*{x}", f"{a}+{x}", "a sum instead of a product"
        yield neuron, f"{a}*{x}", f"0.3*{a}*{x}", "an extra factor 0.3"
        if neuron in OUTPUT:
            yield neuron, "a_h2", "h2", "is h2, the pre-activation; the activation a_h2 ("
    for neuron in (*HIDDEN, *OUTPUT):
        a = f"a_{neuron}"
        other = neuron[0] + OTHER[neuron[1]]
        yield a, f"-{neuron}", neuron, "the minus of"
        yield a, f"-{neuron}", f"-{other}", f"is {other}; {neuron} ("
        yield a, f"1/(1+EXP(-{neuron}))", f"1/1+EXP(-{neuron})", "parentheses are missing around 1+EXP(-"
        yield a, "1+EXP", "EXP", "a missing term: 1"
        yield a, f"EXP(-{neuron})", f"2.718^(-{neuron})", "2.718"


def _of_losses() -> Iterator[Slip]:
    for n in "12":
        t, a, e = f"t{n}", f"a_o{n}", f"E{n}"
        yield e, t, f"t{OTHER[n]}", f"is t{OTHER[n]}; {t} ("
        yield e, a, f"a_o{OTHER[n]}", f"is a_o{OTHER[n]}; {a} ("
        yield e, a, f"o{n}", f"is o{n}, the pre-activation; the activation {a} ("
        yield e, "0.5*", "", "a missing factor: 0.5"
        yield e, "^2", "", "the power in"
        yield e, f"({t}-{a})", f"{t}-{a}", "parentheses are missing around"
        yield e, f"{t}-{a}", f"{t}*{a}", "a product instead of a difference"
        yield e, "0.5", "0.05", "0.05 stands where 0.5 belongs"
    yield "E_tot", " + E2", "", "a missing term"
    yield "E_tot", "E2", "E1", "is E1; E2 ("
    yield "E_tot", "E1 + E2", "0.5*(E1 + E2)", "an extra factor 0.5"
    yield "E_tot", "E1 + E2", "E1 * E2", "a product instead of a sum"


def _of_output_gradients() -> Iterator[Slip]:
    for place, gradient in enumerate(GRADIENTS[4:]):
        n, hidden = "12"[place // 2], "12"[place % 2]
        t, a, x = f"t{n}", f"a_o{n}", f"a_h{hidden}"
        yield gradient, f"*{x}", f"*a_h{OTHER[hidden]}", f"is a_h{OTHER[hidden]}; {x} ("
        yield gradient, f"*{x}", f"*h{hidden}", f"is h{hidden}, the pre-activation; the activation {x} ("
        yield gradient, f"*{x}", "", "a missing factor"
        yield gradient, f"({a}-{t})", f"({t}-{a})", "is turned round: its sign is wrong"
        yield gradient, f"({a}-{t})", f"({a}*{t})", "a product instead of a difference"
        yield gradient, f"({a}-{t})", f"{a}-{t}", "parentheses are missing around"
        yield gradient, t, f"t{OTHER[n]}", f"is t{OTHER[n]}; {t} ("
        yield gradient, f"*(1-{a})", "", "a missing factor"
        yield gradient, f"*(1-{a})", f"*1-{a}", "parentheses are missing around 1-"
        yield gradient, f"*{a}*(1-{a})", f"*a_o{OTHER[n]}*(1-a_o{OTHER[n]})", f"is a_o{OTHER[n]}; {a} ("
        yield gradient, f"*{a}*(1-{a})", "", f"missing factors: {AT[a]}, 1-{AT[a]}"
        yield gradient, f"*{a}*(1-{a})", f"*{a}*(1-{a})*{a}*(1-{a})", f"doubled factors: {AT[a]}, 1-{AT[a]}"


def _of_hidden_gradients() -> Iterator[Slip]:
    for place, gradient in enumerate(GRADIENTS[:4]):
        n, i = "12"[place // 2], "12"[place % 2]
        a, to_1, to_2 = f"a_h{n}", f"w{4 + int(n)}", f"w{6 + int(n)}"
        wrong_a = f"a_h{OTHER[n]}"
        yield gradient, f"*{a}*(1-{a})", f"*{wrong_a}*(1-{wrong_a})", f"is {wrong_a}; {a} ("
        yield gradient, f"*i{i}", f"*i{OTHER[i]}", f"is i{OTHER[i]}; i{i} ("
        yield gradient, f"*i{i}", "", "a missing factor"
        yield gradient, f"*{to_1}", f"*w{4 + int(OTHER[n])}", f"is w{4 + int(OTHER[n])}; {to_1} ("
        yield gradient, f"*{to_2}", "", "a missing factor"
        yield gradient, f" + (a_o2-t2)*a_o2*(1-a_o2)*{to_2}", "", "a missing term"
        yield gradient, "((a_o1", "(a_o1", "parentheses are missing around"
        yield gradient, "(a_o2-t2)", "(a_o2-t1)", "is t1; t2 ("
        yield gradient, f"*(1-{a})", f"*(1-{a})*{a}", "an extra factor"
        yield gradient, f"*{a}*(1-{a})", "", f"missing factors: {AT[a]}, 1-{AT[a]}"
        yield gradient, "*a_o1*(1-a_o1)", "", f"missing factors: {AT['a_o1']}, 1-{AT['a_o1']}"
        yield (
            gradient,
            f"((a_o1-t1)*a_o1*(1-a_o1)*{to_1} + (a_o2-t2)*a_o2*(1-a_o2)*{to_2})",
            f"((a_o1-t1)*{to_1} + (a_o2-t2)*{to_2})",
            f"missing factors: {AT['a_o1']}, 1-{AT['a_o1']}, {AT['a_o2']}, 1-{AT['a_o2']}",
        )


def _of_updates() -> Iterator[Slip]:
    for place, w in enumerate(WEIGHTS):
        g, other = f"∂E/∂{w}", f"∂E/∂w{(place + 1) % 8 + 1}"
        yield w, g, other, f"is {other}, another weight's gradient; {g} ("
        yield w, " - eta", " + eta", "a sum instead of a difference"
        yield w, "eta*", "", "a missing factor"
        yield w, f"{w} -", f"w{(place + 1) % 8 + 1} -", f"is w{(place + 1) % 8 + 1}; {w} ("
        yield w, "eta*", "2*eta*", "an extra factor 2"


def fixed(slip: Slip) -> Slip:
    """A pair of parentheses is left out as a whole."""
    column, old, _, words = slip
    if old == "((a_o1":
        text = ours(column)
        end = text.rindex(")*a_h")
        return column, text, text[1:end] + text[end + 1 :], words
    return slip


SLIPS = [fixed(slip) for slip in slips()]


@pytest.mark.parametrize(("column", "old", "new", "words"), SLIPS, ids=[f"{c}: {o} -> {n}" for c, o, n, _ in SLIPS])
def test_a_slip_in_a_whole_column(tmp_path: Path, column: str, old: str, new: str, words: str) -> None:
    made = HandMade().plant(column, old, new)
    root = only_root(audited(tmp_path, made))
    first = 1 if column in FIRST else 0
    assert (root.column, root.cell, root.rows) == (column, made.cell(column, first), ROWS - first)
    assert words in root.cause, root.cause
    assert root.formula == made.cells[made.top + 1 + first, 1 + OURS.index(column)]


@pytest.mark.parametrize("column", [name for name in OURS if name[0] in "hao"])
def test_a_slip_in_one_cell(tmp_path: Path, column: str) -> None:
    old, new = ("-", "") if column.startswith("a_") else ("*", "+")
    made = HandMade()
    made.put(column, 6, ours(column).replace(old, new, 1))
    root = only_root(audited(tmp_path, made))
    assert (root.column, root.cell, root.rows) == (column, made.cell(column, 6), 1)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_a_learning_rate_that_is_not_frozen(tmp_path: Path, weight: str) -> None:
    column = HandMade().cell(weight, 0).rstrip("0123456789")
    made = HandMade(eta=f"${column}$3", label=None)
    made.edit(weight, lambda text, row: text.replace(f"${column}$3", f"${column}{row - 3}"), range(3, ROWS))
    root = only_root(audited(tmp_path, made))
    assert (root.column, root.cell, root.rows) == (weight, made.cell(weight, 3), ROWS - 3)
    assert root.cause.startswith(
        f"${column}5 is not frozen: filled down, it has drifted from {column}3 and reads {column}5"
    )
    assert root.expected is not None
    assert f"${column}$3" in root.expected


def test_a_learning_rate_that_drifts_from_the_start_is_one_root(tmp_path: Path) -> None:
    made = HandMade(eta="$G$3", label=None)
    made.edit("w3", lambda text, row: text.replace("$G$3", f"$G{row - 3}"), range(1, ROWS))
    root = only_root(audited(tmp_path, made))
    assert (root.column, root.cell) == ("w3", made.cell("w3", 2))
    assert "not frozen" in root.cause


@pytest.mark.parametrize("column", [name for name in OURS if name not in ("t1", "t2", "i1", "i2")])
def test_a_reference_frozen_where_it_should_move(tmp_path: Path, column: str) -> None:
    operands = [name for name in NAME.findall(ours(column)) if name in OURS and name != column]
    operand = next(name for name in operands if name[0] not in "ti")
    made = HandMade()
    first = made.cell(operand, 0)
    frozen = f"${first[:-1]}${first[-1]}"
    step = 1 if column in FIRST else 0
    made.edit(column, lambda text, row: text.replace(made.cell(operand, row - 5 - step), frozen, 1), range(step, ROWS))
    root = only_root(audited(tmp_path, made))
    assert (root.column, root.cell, root.rows) == (column, made.cell(column, step + 1), ROWS - step - 1)
    assert f"{frozen} is frozen and does not move with the row; {operand} (" in root.cause, root.cause


@pytest.mark.parametrize("column", OURS)
def test_a_typed_number_over_a_formula(tmp_path: Path, column: str) -> None:
    made = HandMade()
    made.put(column, 7, 0.123)
    root = only_root(audited(tmp_path, made))
    assert (root.column, root.cell, root.rows) == (column, made.cell(column, 7), 1)
    assert "0.123 is typed" in root.cause


def test_a_rounded_number_over_a_formula(tmp_path: Path) -> None:
    made = HandMade()
    made.put("a_h1", 7, 0.5069)
    root = only_root(audited(tmp_path, made))
    assert root.cell == made.cell("a_h1", 7)
    assert "0.5069 is typed over the formula: a rounded number" in root.cause


def test_a_rounded_formula(tmp_path: Path) -> None:
    made = HandMade().plant("h1", "w1*i1 + w2*i2", "ROUND(w1*i1 + w2*i2,3)")
    assert "ROUND" in only_root(audited(tmp_path, made)).cause


@pytest.mark.parametrize("columns", [OURS, OURS[4:]])
def test_a_row_that_the_fill_handle_overwrote(tmp_path: Path, columns: list[str]) -> None:
    made = HandMade()
    for place, name in enumerate(columns):
        made.put(name, 5, 0.5 + place)
    root = only_root(audited(tmp_path, made))
    assert root.rows == 1
    assert root.cell == made.cell(columns[0], 5)
    assert f"{len(columns)} formulas of row 10 are overwritten with typed numbers, as by the fill handle" in root.cause


@pytest.mark.parametrize("column", ["t1", "t2", "i1", "i2"])
def test_an_input_that_the_fill_handle_counted_up(tmp_path: Path, column: str) -> None:
    made = HandMade()
    for step in range(ROWS):
        made.put(column, step, FIRST[column] + step)
    root = only_root(audited(tmp_path, made))
    assert (root.column, root.cell, root.rows) == (column, made.cell(column, 1), ROWS - 1)
    assert "counted it up" in root.cause


def test_t1_and_t2_are_told_apart_even_where_they_are_equal(tmp_path: Path) -> None:
    made = HandMade(first={**FIRST, "t1": 0.5, "t2": 0.5}).plant("E2", "t2", "t1")
    root = only_root(audited(tmp_path, made))
    assert (root.column, root.cell, root.deviation) == ("E2", made.cell("E2", 0), 0)
    assert "A5 is t1; t2 (B5) is expected" in root.cause


def test_two_slips_are_two_roots(tmp_path: Path) -> None:
    made = HandMade().plant("∂E/∂w3", "a_h2*(1-a_h2)", "a_h1*(1-a_h1)").plant("w6", "∂E/∂w6", "∂E/∂w5")
    assert roots(audited(tmp_path, made)) == [("w6", made.cell("w6", 1)), ("∂E/∂w3", made.cell("∂E/∂w3", 0))]


def test_two_slips_in_one_column_are_two_roots(tmp_path: Path) -> None:
    made = HandMade()
    made.put("h2", 3, "w3*i1 + w4*i1")
    made.put("h2", 8, "w3*i1")
    assert roots(audited(tmp_path, made)) == [("h2", made.cell("h2", 3)), ("h2", made.cell("h2", 8))]


def test_weights_that_are_updated_already_are_of_the_wrong_row(tmp_path: Path) -> None:
    made = HandMade()
    for row in range(ROWS - 1):
        new = [(made.cell(name, row), made.cell(name, row + 1)) for name in ("w5", "w7")]
        place = made.top + 1 + row, 1 + OURS.index("∂E/∂w1")
        for old, later in new:
            made.cells[place] = str(made.cells[place]).replace(old, later)
    root = only_root(audited(tmp_path, made))
    (old_5, new_5), (old_7, new_7) = ((made.cell(name, 0), made.cell(name, 1)) for name in ("w5", "w7"))
    assert root.cause == f"{new_5} and {new_7} are of the wrong row; w5 ({old_5}) and w7 ({old_7}) are expected"
