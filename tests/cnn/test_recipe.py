import math
from dataclasses import replace
from pathlib import Path

import pytest

from cnn.errors import InputError
from cnn.recipe import Recipe, learning_rate, load_recipe, parse_values, to_toml

STEPS = 469  # of an epoch of 60,000 images


def test_the_reference_recipe_s_learning_rates_are_the_reference_s() -> None:
    recipe = load_recipe("reference")
    rates = [learning_rate(recipe, epoch * STEPS, STEPS) for epoch in range(5)]
    assert [round(rate, 5) for rate in rates] == [0.03, 0.02823, 0.02508, 0.0211, 0.01686]


def test_decay_is_cumulative_constant_within_an_epoch_and_never_under_its_minimum() -> None:
    recipe = load_recipe("reference")
    expected = 0.03
    for epoch in range(20):
        expected /= 1 + math.pi / 50 * epoch
        rates = {learning_rate(recipe, epoch * STEPS + step, STEPS) for step in (0, 200, STEPS - 1)}
        assert len(rates) == 1
        assert rates.pop() == pytest.approx(max(expected, 0.0005), rel=1e-12)


def test_one_cycle_rises_over_its_warm_up_and_falls_to_nothing() -> None:
    recipe = replace(load_recipe("default"), epochs=20, learning_rate=0.15, warm_up=0.2)
    rates = [learning_rate(recipe, step, STEPS) for step in range(20 * STEPS)]
    peak = rates.index(max(rates))
    assert peak in (4 * STEPS - 1, 4 * STEPS)
    assert rates[peak] == pytest.approx(0.15, rel=1e-3)
    assert rates[0] < 1e-4
    assert rates[-1] < 1e-4
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak + 1 :] == sorted(rates[peak + 1 :], reverse=True)
    assert rates[12 * STEPS] == pytest.approx(0.075, rel=1e-3)  # halfway down


@pytest.mark.parametrize("name", ["reference", "default", "quick", "teacher", "best", "wide-teacher", "long"])
def test_a_recipe_written_out_reads_back(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    (tmp_path / "again.toml").write_text(to_toml(recipe), encoding="utf-8")
    assert load_recipe(str(tmp_path / "again.toml")) == recipe


REFERENCE = to_toml(load_recipe("reference"))
KEYS = (
    "epochs, batch_size, optimizer, learning_rate, schedule, momentum, weight_decay, decay, minimum_learning_rate, "
    "warm_up, dropout, dropout_pooled, rotation, scale, shear, shift, average, precision, width, teacher, "
    "teachers, teacher_moves, teacher_weight, temperature"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (REFERENCE + "learning_rat = 1\n", "unknown key 'learning_rat'; did you mean 'learning_rate'?"),
        (REFERENCE + "colour = 1\n", f"unknown key 'colour'; expected {KEYS}"),
        ("epochs = 3\n", "the key 'batch_size' is missing; add it"),
        (REFERENCE.replace("epochs = 20", "epochs = 0"), "epochs is 0, expected a whole number from 1 to 10,000"),
        (REFERENCE.replace("epochs = 20", "epochs = 2.5"), "epochs is 2.5, expected a whole number from 1 to 10,000"),
        (REFERENCE.replace("epochs = 20", "epochs = true"), "epochs is True, expected a whole number from 1 to 10,000"),
        (REFERENCE.replace("dropout = 0.1", "dropout = nan"), "dropout is nan, expected a number from 0 to 0.99"),
        (REFERENCE.replace("'adam'", "'lion'"), "optimizer is 'lion', expected 'adam' or 'muon' or 'sgd'"),
        (REFERENCE.replace("'fp32'", "16"), "precision is 16, expected 'fp32' or 'bf16'"),
        (REFERENCE.replace("width = 1", "width = 0"), "width is 0, expected a whole number from 1 to 8"),
        (
            REFERENCE.replace("teacher = ''", "teacher = 2"),
            "teacher is 2, expected the name of a recipe or the path of a TOML file",
        ),
        (REFERENCE.replace("'decay'", "['decay']"), "schedule is ['decay'], expected 'decay' or 'one-cycle'"),
        ("epochs = = 3", "is not TOML: Invalid value (at line 1, column 10)"),
    ],
    ids=lambda value: value.splitlines()[0][:40],
)
def test_a_bad_recipe_is_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_recipe(str(path))
    assert str(caught.value) == f"{path}: {message}"


def test_a_recipe_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError) as caught:
        load_recipe("refrence")
    assert str(caught.value) == (
        "recipe refrence: No such file or directory; expected best or default or long or quick or reference or "
        "teacher or wide-teacher, "
        "or the path of a TOML file"
    )


def test_a_value_out_of_bounds_is_refused_wherever_it_comes_from() -> None:
    recipe: Recipe = load_recipe("reference")
    with pytest.raises(InputError, match="batch_size is 0, expected a whole number from 1 to 60,000"):
        replace(recipe, batch_size=0)


def test_values_of_the_command_line_are_those_of_toml_and_words_need_no_quotes() -> None:
    given = parse_values(["epochs=30", "shift = 1.5", "optimizer=adam", "schedule='decay'", "teacher="])
    assert given == {"epochs": 30, "shift": 1.5, "optimizer": "adam", "schedule": "decay", "teacher": ""}


def test_a_word_more_than_two_letters_away_is_not_taken_for_a_key() -> None:
    with pytest.raises(InputError, match=r"unknown key 'batch'; expected epochs, batch_size, "):
        parse_values(["batch=3"])


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("epochs", "--set epochs: expected KEY=VALUE, such as epochs=30"),
        ("epoch=3", "--set epoch=3: unknown key 'epoch'; did you mean 'epochs'?"),
    ],
)
def test_a_value_without_a_key_of_the_recipe_is_named(setting: str, line: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_values([setting])
    assert str(caught.value) == line
