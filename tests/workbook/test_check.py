"""The sheet `check` of any network: PASS where all is right, and the right place where one formula is not."""

import random
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine import Dense, Experiment, Method, Network, descend
from engine.activations import ACTIVATIONS
from engine.losses import LOSSES
from engine.optimizers import OPTIMIZERS, SCHEDULES
from tests.workbook.spreadsheets import Book, by_ironcalc, by_libreoffice, by_openpyxl, error_cells, poisoned
from workbook.sheets import check, differences
from workbook.sheets.check import CHANGED, COMPARED, NO_SHARES, NOT_COMPARED, NOT_RUN, by_dependence, check_sheet
from workbook.sheets.training import main_sheet
from workbook.stored import as_stored
from workbook.table.definitions import definitions
from workbook.table.layout import FIRST_ROW, Layout
from workbook.table.runs import sweep
from workbook.write import write


def experiment(
    layers: tuple[Dense, ...] = (Dense(3, "tanh", 3), Dense(2, "sigmoid", 1)),
    *,
    loss: str = "half-squared-error",
    samples: int = 4,
    deltas: bool = True,
    steps: int = 4,
    seed: int = 3,
    rates: tuple[float, ...] = (0.5, 0.1),
    constants: Mapping[str, float] | None = None,
    **method: object,
) -> Experiment:
    """A network with two inputs and random numbers; `method` are fields of Method."""
    draw, network = np.random.default_rng(seed), Network(2, layers, loss, deltas)
    sizes = network.sizes
    targets = draw.uniform(0, 1, (samples, sizes[-1]))
    if loss == "cross-entropy":
        targets /= targets.sum(axis=1, keepdims=True)
    schedule = SCHEDULES[str(method.get("schedule", "constant"))]
    taken = {**OPTIMIZERS[str(method.get("optimizer", "sgd"))].constants, **schedule.constants}
    return as_stored(
        Experiment(
            network=network,
            weights=tuple(draw.normal(size=(after, before)) for before, after in pairwise(sizes)),
            inputs=draw.normal(size=(samples, 2)),
            targets=targets,
            learning_rate=rates[0],
            learning_rates=rates,
            steps=steps,
            biases=tuple(draw.normal(size=layer.biases) for layer in layers),
            method=Method(**method, constants=tuple({**taken, **(constants or {})}.items())),  # type: ignore[arg-type] # its fields
        )
    )


def written(made: Experiment, path: Path) -> Path:
    """The main sheet and the check of an experiment."""
    layout, rate = Layout(made.columns, made.steps), made.learning_rate
    values = descend(made, [rate]).numbers.values[:, :, 0]
    runs = {table.run.learning_rate: table.values for table in sweep(made, made.steps)}
    write([main_sheet(layout, values, rate), check_sheet(layout, made, {rate: values} | runs)], path)
    return path


def cell(made: Experiment, name: str, row: int) -> str:
    """Where a column's number of a row, counted from 0, stands on the main sheet."""
    return f"{Layout(made.columns, made.steps).letters[name]}{FIRST_ROW + row}"


def slip(made: Experiment, name: str, row: int, correct: str, wrong: str) -> dict[str, float | str]:
    """One formula with one slip in it."""
    layout = Layout(made.columns, made.steps)
    formula = layout.formula(definitions(made.columns)[name].tree_of(row)).at(FIRST_ROW + row)
    assert correct in formula, formula
    return {cell(made, name, row): formula.replace(correct, wrong, 1)}


def shown(book: Book) -> tuple[object, object]:
    return book["check"]["B3"], book["check"]["C3"]


def difference_rows(book: Book) -> dict[object, int]:
    """The row of each gradient in the table of differences."""
    values = book["check"]
    top = next(row for row in range(1, 500) if values.get(f"A{row}") == "gradient at step 1") + 1
    rows = range(top, next(row for row in range(top, 500) if f"A{row}" not in values))
    return {values[f"A{row}"]: row for row in rows}


def verdicts(book: Book) -> dict[object, object]:
    """The verdict on each gradient by the differences."""
    return {name: book["check"][f"E{row}"] for name, row in difference_rows(book).items()}


SOFTMAX = (Dense(3, "tanh", 3), Dense(3, "softmax", 3))
KINDS = {
    "one sample": experiment(samples=1),
    "one sample a batch, shared biases, no errors": experiment((Dense(2, "relu", 1), Dense(2)), deltas=False),
    "mean of a batch": experiment(batch_size=4),
    "sum of a batch that is no divisor of the samples": experiment(batch_size=3, reduction="sum"),
    "softmax": experiment(SOFTMAX, loss="cross-entropy", batch_size=2),
    "binary cross-entropy": experiment((Dense(1, "sigmoid", 1),), loss="binary-cross-entropy", batch_size=4),
    "leaky ReLU, identity": experiment(
        (Dense(2, "leaky-relu", 2, train_bias=False), Dense(1, "identity", 1)), loss="mean-squared-error"
    ),
    "adam with a cosine": experiment(optimizer="adam", schedule="cosine", batch_size=2),
    "adamw": experiment(optimizer="adamw", batch_size=2),
    "nesterov with a decay": experiment(optimizer="nesterov", constants={"weight_decay": 0.1}),
    "rmsprop with steps": experiment(optimizer="rmsprop", schedule="step", samples=1),
    "output-first": experiment(update="output-first"),
}


@pytest.mark.parametrize("made", KINDS.values(), ids=KINDS)
def test_check_passes_every_kind_of_network(made: Experiment, tmp_path: Path) -> None:
    path = written(made, tmp_path / "book.xlsx")
    cached, recalculated = by_openpyxl(path), by_ironcalc(poisoned(path, tmp_path / "poisoned.xlsx"))
    for book in (cached, recalculated):
        assert shown(book) == ("PASS", COMPARED)
        assert error_cells(book) == []
    texts = {at: text for at, text in cached["check"].items() if isinstance(text, str)}
    assert {at: recalculated["check"].get(at) for at in texts} == texts
    for at, number in cached["check"].items():
        if isinstance(number, int | float):
            assert recalculated["check"][at] == pytest.approx(number, rel=1e-9, abs=1e-9), at
    assert set(verdicts(recalculated)) == {f"∂E/∂{name}" for name in made.columns.trained}


def random_experiment(seed: int) -> Experiment:
    """A small network of any kind: at most three neurons a layer, and four steps."""
    draw = random.Random(seed)  # noqa: S311 - a seeded draw of test data
    loss = draw.choice(list(LOSSES))
    hidden = [draw.choice(list(ACTIVATIONS)[:-1]) for _ in range(draw.randint(0, 2))]
    layers = []
    for activation in (*hidden, LOSSES[loss].activation or draw.choice(list(ACTIVATIONS)[:-1])):
        neurons = draw.randint(1, 3)
        layers.append(Dense(neurons, activation, draw.choice((0, 1, neurons)), draw.random() < 0.8))
    samples, first = draw.randint(1, 4), draw.random() < 0.15
    return experiment(
        tuple(layers),
        loss=loss,
        samples=samples,
        deltas=draw.random() < 0.7,
        steps=draw.randint(1, 4),
        seed=seed,
        rates=(0.3, 0.1),
        batch_size=1 if first else draw.randint(1, samples),
        reduction=draw.choice(("mean", "sum")),
        optimizer="sgd" if first else draw.choice(list(OPTIMIZERS)),
        schedule=draw.choice(list(SCHEDULES)),
        update="output-first" if first else "simultaneous",
        constants={"weight_decay": 0.1} if draw.random() < 0.3 and not first else {},
    )


@pytest.mark.parametrize("seed", range(10))
def test_check_passes_random_networks(seed: int, tmp_path: Path) -> None:
    path = written(random_experiment(seed), tmp_path / "book.xlsx")
    recalculated = by_ironcalc(poisoned(path, tmp_path / "poisoned.xlsx"))
    assert (shown(by_openpyxl(path)), shown(recalculated)) == (("PASS", COMPARED),) * 2
    assert error_cells(recalculated) == []


MUTATIONS = {
    "bias in a pre-activation": ("mean of a batch", "h1", 4, "+ M", "- M", "FAIL: h1 from step 2"),
    "bias's gradient": ("mean of a batch", "∂E/∂b1", 9, "=", "=2*", "FAIL: ∂E/∂b1 from step 3"),
    "shared bias's gradient": (
        "one sample a batch, shared biases, no errors", "∂E/∂b1", 2, "*IF(", "*2*IF(", "FAIL: ∂E/∂b1 from step 3",
    ),
    "mean of a batch": ("mean of a batch", "w1", 4, "AVERAGE(", "SUM(", "FAIL: w1 from step 2"),
    "weight in a batch": ("mean of a batch", "w1", 6, "=", "=1.001*", "FAIL: w1 from step 2"),
    "loss of a batch": ("mean of a batch", "E_batch", 5, "AVERAGE(", "SUM(", "FAIL: E_batch from step 2"),
    "tanh's slope": ("mean of a batch", "∂E/∂h1", 4, "(1-", "(2-", "FAIL: ∂E/∂h1 from step 2"),
    "softmax": ("softmax", "a_o2", 6, "EXP(", "1.01*EXP(", "FAIL: a_o2 from step 4"),
    "cross-entropy": ("softmax", "E2", 6, "LN(", "1.01*LN(", "FAIL: E2 from step 4"),
    "Adam's m": ("adam with a cosine", "m_w1", 4, "(1-", "(2-", "FAIL: m_w1 from step 3"),
    "Adam's s": ("adam with a cosine", "s_b2", 4, "(1-", "(2-", "FAIL: s_b2 from step 3"),
    "Adam's correction": ("adam with a cosine", "w2", 4, "(1-", "(1.1-", "FAIL: w2 from step 3"),
    "the schedule": ("adam with a cosine", "eta", 4, "COS(", "SIN(", "FAIL: eta from step 3"),
    "Nesterov's velocity": ("nesterov with a decay", "v_w8", 2, "*", "*2*", "FAIL: v_w8 from step 3"),
    "new weights in output-first": ("output-first", "∂E/∂h2", 1, "-", "+", "FAIL: ∂E/∂h2 from step 2"),
    "order of the samples": ("output-first", "sample", 2, "+1", "+2", "FAIL: sample from step 3"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "row", "right", "wrong", "verdict"), MUTATIONS.values(), ids=MUTATIONS)
def test_one_slip_in_a_formula_is_a_failure_at_its_place(
    kind: str, name: str, row: int, right: str, wrong: str, verdict: str, tmp_path: Path
) -> None:
    made = KINDS[kind]
    recalculated = by_ironcalc(written(made, tmp_path / "book.xlsx"), slip(made, name, row, right, wrong))
    assert shown(recalculated) == (verdict, COMPARED)


def test_a_wrong_gradient_inside_the_first_batch_fails_by_its_difference_whatever_the_inputs(tmp_path: Path) -> None:
    made = KINDS["mean of a batch"]
    typed = {cell(made, "i1", 2): 0.7, **slip(made, "∂E/∂b2", 1, "=", "=1.01*")}
    recalculated = by_ironcalc(written(made, tmp_path / "book.xlsx"), typed)
    assert shown(recalculated) == ("FAIL: ∂E/∂b2", CHANGED)


@pytest.mark.parametrize(
    ("kind", "typed", "compared"),
    [
        ("mean of a batch", {"G19": 0.1}, COMPARED),
        ("mean of a batch", {"G19": 0.3}, NOT_RUN),
        ("adam with a cosine", {"J19": 0.5}, CHANGED),
        ("mean of a batch", {"i2 of row 4": 0.3}, CHANGED),
        ("one sample", {"b1 of row 1": -0.3}, CHANGED),
        ("softmax", {"t1 of row 4": 0.3}, CHANGED),
    ],
)
def test_what_a_user_changes_passes_in_both_engines(
    kind: str, typed: dict[str, float], compared: str, tmp_path: Path
) -> None:
    made = KINDS[kind]
    parts_of = {key: key.split(" of row ") for key in typed}
    typed = {
        cell(made, parts[0], int(parts[1]) - 1) if len(parts) > 1 else key: typed[key]
        for key, parts in parts_of.items()
    }
    copy = poisoned(written(made, tmp_path / "book.xlsx"), tmp_path / "poisoned.xlsx", typed)
    for recalculated in (by_ironcalc(copy), *by_libreoffice([copy], tmp_path)):
        assert shown(recalculated) == ("PASS" if compared == COMPARED else NOT_COMPARED, compared)
        assert error_cells(recalculated) == []


def test_a_number_typed_over_a_count_of_the_steps_is_a_failure(tmp_path: Path) -> None:
    recalculated = by_ironcalc(written(KINDS["mean of a batch"], tmp_path / "book.xlsx"), {"A21": 2})
    assert shown(recalculated) == ("FAIL: step from step 1", COMPARED)


def test_targets_that_are_no_shares_are_said_to_be_so(tmp_path: Path) -> None:
    made = KINDS["softmax"]
    copy = poisoned(written(made, tmp_path / "book.xlsx"), tmp_path / "poisoned.xlsx", {cell(made, "t1", 1): 0.9})
    for recalculated in (by_ironcalc(copy), *by_libreoffice([copy], tmp_path)):
        assert shown(recalculated) == ("Σt ≠ 1", NO_SHARES)
        assert set(verdicts(recalculated).values()) == {"Σt ≠ 1"}


def test_a_difference_across_a_kink_is_no_failure(tmp_path: Path) -> None:
    """A sample of zeros puts ReLUs without a bias of their own at exactly 0."""
    made = experiment((Dense(2, "relu", 2), Dense(1, "sigmoid", 1)), batch_size=4)
    made = replace(made, biases=(np.zeros(2), np.zeros(1)), inputs=np.array([[0, 0], [0, 1.0], [1, 0], [1, 1]]))
    path = written(made, tmp_path / "book.xlsx")
    copy = poisoned(path, tmp_path / "poisoned.xlsx")
    for recalculated in (by_openpyxl(path), by_ironcalc(copy), *by_libreoffice([copy], tmp_path)):
        assert shown(recalculated) == ("PASS", COMPARED)
        words = verdicts(recalculated)
        assert {name for name, word in words.items() if word == "kink"} == {"∂E/∂b1", "∂E/∂b2"}
        values, row = recalculated["check"], difference_rows(recalculated)["∂E/∂b1"]
        table, difference, allowed = (float(str(values[f"{column}{row}"])) for column in "BCD")
        assert abs(table - difference) > allowed, "without the word it would fail"


def test_output_first_has_slopes_in_the_last_layer_alone(tmp_path: Path) -> None:
    made = KINDS["output-first"]
    words = verdicts(by_ironcalc(written(made, tmp_path / "book.xlsx")))
    last = {f"∂E/∂{name}" for name in made.columns.trained_names(1)}
    assert {name for name, word in words.items() if word == "PASS"} == last
    assert {word for name, word in words.items() if name not in last} == {"order"}
    typed = slip(made, "∂E/∂w7", 0, "=", "=1.01*")
    assert str(shown(by_ironcalc(tmp_path / "book.xlsx", typed))[0]).endswith(" ∂E/∂w7")


def test_numbers_that_overflow_at_a_users_rate_are_no_failure(tmp_path: Path) -> None:
    layers = (Dense(3, "relu", 3), Dense(1, "identity", 1))
    made = experiment(layers, loss="mean-squared-error", batch_size=2, steps=60, rates=(0.01, 1e6))
    path = written(made, tmp_path / "book.xlsx")
    assert by_openpyxl(path)["check"]["C4"] == "of the learning rates 0.01", "the run that overflows is left out"
    (recalculated,) = by_libreoffice([poisoned(path, tmp_path / "p.xlsx", {"G19": 5000.0})], tmp_path)
    assert shown(recalculated) == (NOT_COMPARED, NOT_RUN)
    assert str(recalculated["check"]["C6"]) == "of 60; the others are no numbers"


def test_an_error_that_follows_an_ordinary_loss_is_a_failure(tmp_path: Path) -> None:
    made = KINDS["leaky ReLU, identity"]
    typed: dict[str, float | str] = {"G19": 0.3, cell(made, "E_tot", 2): "=1/0"}
    assert shown(by_ironcalc(written(made, tmp_path / "book.xlsx"), typed)) == ("FAIL: number of steps", NOT_RUN)


def test_the_check_of_a_large_network_is_bounded() -> None:
    made = experiment((Dense(20, "tanh", 20), Dense(10)), samples=8, steps=50, batch_size=2)
    layout, values = Layout(made.columns, made.steps), descend(made, [0.5]).numbers.values[:, :, 0]
    cells = sum(map(len, check_sheet(layout, made, {0.5: values}).rows()))
    assert cells < check.MOST_CELLS + differences.MOST_CELLS + 20 * len(made.columns.names)


def test_what_is_checked_in_part_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "MOST_CELLS", 1_000)
    monkeypatch.setattr(differences, "MOST_CELLS", 1_000)
    made = KINDS["one sample"]
    recalculated = by_ironcalc(poisoned(written(made, tmp_path / "book.xlsx"), tmp_path / "p.xlsx"))
    assert shown(recalculated) == ("PASS", COMPARED)
    values, words = recalculated["check"], verdicts(recalculated)
    assert (values["B6"], values["C6"]) == (3, "of the first 3; the table has 4")
    assert "Differences for 8 of 16 weights and biases, evenly spaced." in values.values()
    assert list(words) == [f"∂E/∂{name}" for name in ("w1", "w3", "w5", "b1", "b3", "w8", "w10", "w12")]


def test_the_columns_stand_after_those_that_they_are_computed_from() -> None:
    for made in KINDS.values():
        names, defined = by_dependence(made.columns), definitions(made.columns)
        assert sorted(names) == sorted(made.columns.names)
        assert all(defined[name].name == name for name in names)
    adam = by_dependence(KINDS["adam with a cosine"].columns)
    assert adam.index("m_w1") < adam.index("w1")
