"""The page of a training, in a real browser: its numbers are the engine's, and its formulas come to them."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By

from engine import Experiment, FloatArray, descend, load_experiment
from tests.commands import error_line, run
from tests.workbook.browser import browser, emulate, log, requests
from workbook.sheets.story import TEXT, TOP, story_sheet
from workbook.spreadsheet.evaluator import evaluate
from workbook.spreadsheet.parser import parse
from workbook.stored import as_stored
from workbook.table.layout import Layout
from workbook.walk.model import MOST_NUMBERS, cut
from workbook.walk.render import write_walk

NAMES = ("xor", "batch-norm", "conv", "optimizers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("walks")
    for name in (*NAMES, "default"):
        write_walk(load_experiment(name), out / f"{name}.html")
    return out


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def opened(chrome: Chrome, path: Path) -> None:
    chrome.get(path.as_uri())
    log(chrome, "browser")


def tiles(chrome: Chrome) -> dict[str, str]:
    """The numbers as they are shown, by name."""
    read = (
        "return [...document.querySelectorAll('#numbers button')].map((b) => [...b.children].map((c) => c.textContent))"
    )
    return {name: text.replace("−", "-") for name, text in chrome.execute_script(read)}


def slide(chrome: Chrome, slider: str, key: str, times: int = 1) -> None:
    """Move a slider as a keyboard does."""
    element = chrome.find_element(By.ID, slider)
    for _ in range(times):
        element.send_keys(key)


def row(experiment: Experiment, sweep_run: int, at: int) -> FloatArray:
    of = experiment.sweep[sweep_run]
    numbers: FloatArray = descend(experiment.as_run(of), [of.learning_rate], keep_overflow=True).numbers.values[
        at, :, 0
    ]
    return numbers


def check_tiles(chrome: Chrome, experiment: Experiment, sweep_run: int, at: int) -> None:
    columns = experiment.as_run(experiment.sweep[sweep_run]).columns
    shown = tiles(chrome)
    assert shown.keys() == set(columns.names)
    for name, number in zip(columns.names, row(experiment, sweep_run, at).tolist(), strict=True):
        assert float(shown[name]) == pytest.approx(number, rel=1e-3 if abs(number) < 1e-4 else 0, abs=5.1e-8), name


@pytest.mark.parametrize("name", NAMES)
def test_the_keys_move_the_sliders_and_every_number_is_the_engines(chrome: Chrome, folder: Path, name: str) -> None:
    experiment = load_experiment(name)
    size = experiment.method.batch_size
    opened(chrome, folder / f"{name}.html")
    check_tiles(chrome, experiment, _own(experiment), 0)
    slide(chrome, "step", Keys.ARROW_RIGHT, 3)
    if size > 1:
        slide(chrome, "sample", Keys.END)
    check_tiles(chrome, experiment, _own(experiment), 4 * size - 1)
    slide(chrome, "run", Keys.HOME)
    check_tiles(chrome, experiment, 0, 4 * size - 1)
    assert log(chrome, "browser") == []
    assert requests(chrome)[-1].startswith("file:")


def _own(experiment: Experiment) -> int:
    rates = [abs(run.learning_rate - experiment.learning_rate) for run in experiment.sweep]
    return rates.index(min(rates))


@pytest.mark.parametrize("name", NAMES)
def test_each_formula_with_its_numbers_comes_to_the_number(chrome: Chrome, folder: Path, name: str) -> None:
    opened(chrome, folder / f"{name}.html")
    slide(chrome, "step", Keys.ARROW_RIGHT, 2)
    slide(chrome, "sample", Keys.ARROW_RIGHT)
    explain = """return [...document.querySelectorAll('#numbers button')].map((button) => {
      button.focus();
      return [...document.querySelectorAll('#detail p')].map((line) => line.textContent);
    })"""
    computed = 0
    for lines in chrome.execute_script(explain):
        shown = re.match(r"\S+ = (\S+) ", lines[0].replace("−", "-"))
        assert shown is not None
        if len(lines) < 3 or "…" in lines[2]:
            continue
        tree = parse(lines[2].removeprefix("= ").replace("−", "-"))
        assert float(evaluate(tree, {})) == pytest.approx(float(shown[1]), rel=1e-3, abs=2e-6), lines
        computed += 1
        if re.match(r"w\d+ ", lines[0]):
            assert "eta" in lines[1], "it is computed in the first row of its batch"
    assert computed > 10


def test_what_is_pointed_at_in_the_drawing_is_explained(chrome: Chrome, folder: Path) -> None:
    opened(chrome, folder / "default.html")
    circle = chrome.find_elements(By.CSS_SELECTOR, "#network g")[2]
    ActionChains(chrome).move_to_element(circle).perform()
    lines = [line.text for line in chrome.find_elements(By.CSS_SELECTOR, "#detail p")]
    assert lines[0].startswith("a_h1 = 0.5068746 ")
    assert lines[1:] == ["= 1/(1+EXP(MIN(709,-h1)))", "= 1/(1+EXP(MIN(709,-0.0275000)))"]


@pytest.mark.parametrize("name", ["xor", "optimizers", "conv"])
def test_the_story_is_that_of_the_sheet(chrome: Chrome, folder: Path, name: str) -> None:
    """At the first row, of which the sheet has its sentences as they are cached."""
    experiment = as_stored(load_experiment(name))
    run_of = experiment.sweep[_own(experiment)]
    values = descend(experiment, [run_of.learning_rate]).numbers.values[:, :, 0]
    sheet = story_sheet(Layout(experiment.columns, experiment.steps), values, run_of.learning_rate)
    assert sheet is not None
    lines = [str(cell.value) for row in sheet.rows() for cell in row if cell.column == TEXT and cell.row >= TOP]
    opened(chrome, folder / f"{name}.html")
    shown = [line.text.replace("−", "-") for line in chrome.find_elements(By.CSS_SELECTOR, "#story p")]
    assert shown == lines


def test_the_story_follows_the_sliders(chrome: Chrome, folder: Path) -> None:
    experiment = load_experiment("default")
    opened(chrome, folder / "default.html")
    slide(chrome, "step", Keys.ARROW_RIGHT, 6)
    slide(chrome, "run", Keys.HOME)
    numbers = dict(zip(experiment.columns.names, row(experiment, 0, 6).tolist(), strict=True))
    after = dict(zip(experiment.columns.names, row(experiment, 0, 7).tolist(), strict=True))
    results = [result.text for result in chrome.find_elements(By.CSS_SELECTOR, "#story h3 span")]
    expected = [numbers["a_h1"], numbers["E_tot"], None, None, numbers["∂E/∂w1"], after["w1"]]
    for result, number in zip(results, expected, strict=True):
        assert number is None or float(result) == pytest.approx(number, abs=5.1e-8)


def test_no_drawing_where_not_all_layers_are_dense(chrome: Chrome, folder: Path) -> None:
    opened(chrome, folder / "conv.html")
    assert not chrome.find_element(By.ID, "network-figure").is_displayed()
    assert chrome.find_element(By.ID, "curve").is_displayed()


def test_nothing_sticks_out_on_a_phone_in_dark_and_light(chrome: Chrome, folder: Path) -> None:
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        for scheme in ("dark", "light"):
            emulate(chrome, "prefers-color-scheme", scheme)
            for name in NAMES:
                opened(chrome, folder / f"{name}.html")
                chrome.execute_script("document.querySelectorAll('#numbers button')[9].focus()")
                assert chrome.execute_script("return document.documentElement.scrollWidth") == 390, (name, scheme)
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_every_slider_has_a_name_and_says_its_value_and_so_do_the_pictures(chrome: Chrome, folder: Path) -> None:
    opened(chrome, folder / "xor.html")
    names = [chrome.find_element(By.ID, name).accessible_name for name in ("run", "step", "sample")]
    assert names == ["learning rate", "step", "sample"]
    slide(chrome, "run", Keys.END)
    assert chrome.find_element(By.ID, "run").get_attribute("aria-valuetext") == "100"
    assert "0.6788027 at step 1" in str(chrome.find_element(By.ID, "curve").get_attribute("aria-label"))
    assert "2-3-1" in str(chrome.find_element(By.ID, "network").get_attribute("aria-label"))


def test_a_long_training_is_cut_to_the_size_that_the_readme_tells(tmp_path: Path) -> None:
    experiment = replace(load_experiment("seed-block"), steps=5000)
    shown = write_walk(experiment, tmp_path / "long.html")
    assert (shown, shown.of) == (cut(experiment), 5000)
    numbers = shown.steps * experiment.method.batch_size * len(experiment.columns.names) * len(experiment.sweep)
    assert 0.8 * MOST_NUMBERS < numbers <= MOST_NUMBERS
    text = (tmp_path / "long.html").read_text(encoding="utf-8")
    assert len(text) < 8e6
    assert f"the first {shown.steps} of 5000 steps" in text


def test_no_text_of_an_experiment_becomes_a_part_of_the_page(tmp_path: Path) -> None:
    experiment = replace(load_experiment("default"), name="</script><script>alert(1)</script>")
    write_walk(experiment, tmp_path / "bad.html")
    text = (tmp_path / "bad.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    found = re.search(r'id="model">(.*?)</script>', text)
    assert found is not None
    assert np.isfinite(json.loads(found[1])["runs"][0]["rate"])


def test_the_command_writes_the_page_and_bad_input_gets_one_line(tmp_path: Path) -> None:
    done = run("workbook", "page", "xor", "xor.html", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Wrote xor.html: open it in a browser.\n"
    assert "neither a file nor a packaged experiment" in error_line("workbook", "page", "xyzzy", folder=tmp_path)
    line = error_line("workbook", "page", "xor", "x.txt", folder=tmp_path)
    assert line == "error: x.txt: expected a file name that ends in .html"
    line = error_line("workbook", "page", "xor", "nowhere/x.html", folder=tmp_path)
    assert line == "error: nowhere/x.html: the folder nowhere does not exist; create it first"
