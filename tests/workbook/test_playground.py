"""The page that has the engine and the writer inside: its Python here, and all of it in a browser without a network."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

import engine
import workbook
from engine import InputError
from tests.commands import ROOT
from tests.workbook.browser import browser, log, requests
from tests.workbook.spreadsheets import by_openpyxl
from workbook.playground import parts
from workbook.playground.render import write_playground

BUILT = ROOT / "build" / "playground.html"
# What is not there in the browser.
MISSING = ("pandas", "rich", "typer", "openpyxl", "jinja2", "ironcalc", "matplotlib", "torch")
ALONE = f"""
import json, sys
sys.modules |= dict.fromkeys({MISSING})
sys.platform = "emscripten"
from workbook.playground import in_browser
texts = json.loads(in_browser.experiments())
for name, text in texts.items():
    losses = json.loads(in_browser.train(text))["losses"]
    print(name, len(losses), repr(losses[-1]))
print(in_browser.train("[network]"), in_browser.build("steps = 1"), in_browser.build(texts["regression"]))
"""


def test_every_packaged_experiment_trains_and_one_is_written_with_what_a_browser_has(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *trained, errors = done.stdout.splitlines()
    for line in trained:
        name, steps, loss = line.split()
        experiment = engine.load(name)
        assert (int(steps), float(loss)) == (experiment.steps, experiment.train().curve[-1, 0]), name
    assert len(trained) == len(list((ROOT / "engine/experiments").glob("*.toml"))) + 1
    assert errors == (
        '{"error": "missing key \'training\'"} {"error": "unknown key \'steps\'; expected name, look_for, '
        'network, training, samples, data"} {}'
    )
    written = by_openpyxl(tmp_path / "workbook.xlsx")
    assert "assignment6-calculations" in written


def test_parts_that_are_not_pyodides_own_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that holds another NumPy; and no npm."""

    def held(*command: str) -> None:
        import zipfile

        with zipfile.ZipFile(Path(command[-2]) / "other.whl", "w") as wheel:
            wheel.writestr("assets/numpy-2.whl", b"another one")

    for name in parts.FILES:
        (tmp_path / name).write_text("")
    listed = {"packages": {"numpy": {"file_name": "numpy-2.whl", "sha256": "0" * 64}}}
    (tmp_path / parts.LIST).write_text(json.dumps(listed), encoding="utf-8")
    monkeypatch.setattr(parts, "_run", held)
    with pytest.raises(InputError, match=r"its numpy-2\.whl is not the one that pyodide 0\.27\.7 names"):
        parts.fetched(tmp_path)
    assert not (tmp_path / "numpy-2.whl").exists()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="npm is not installed"):
        parts.fetched(tmp_path / "new")


def test_the_page_holds_its_parts(tmp_path: Path) -> None:
    listed = {"packages": {"numpy": {"file_name": "numpy-2.whl"}, "scipy": {}}}
    given = dict.fromkeys((*parts.FILES, "numpy-2.whl"), b"/* some part */") | {parts.LIST: json.dumps(listed).encode()}
    write_playground(given, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text("utf-8")
    assert text.count("/* some part */") == 2
    for name in ("pyodide.asm.wasm", "python_stdlib.zip", parts.LIST, "numpy-2.whl", "packages.zip"):
        assert text.count(f'data-part="{name}"') == 1


def test_a_training_that_fails_leaves_no_curve_of_the_one_before(tmp_path: Path) -> None:
    """The page's own script, over a Python that knows one text."""
    stub = """async function loadPyodide() {
      const ours = { experiments: () => '{"xor": "good"}',
        train: (text) => text === "good" ? '{"losses": [1, 0.5]}' : text === "bad" ? '{"error": "no"}' : "" };
      return { loadPackage() {}, FS: { writeFile() {} }, runPython() {}, pyimport: () => ours };
    }"""
    given = dict.fromkeys((*parts.FILES, "numpy-2.whl"), b"") | {parts.LIST: b'{"packages": {"numpy": {}}}'}
    write_playground(given | {"pyodide.js": stub.encode()}, tmp_path / "page.html")
    with browser(tmp_path / "profile") as chrome:
        chrome.get((tmp_path / "page.html").as_uri())
        error, curve, text, train = (chrome.find_element(By.ID, name) for name in ("error", "curve", "text", "train"))
        wait = WebDriverWait(chrome, 60)
        for typed, message in (("bad", "no"), ("no JSON", "Unexpected end of JSON input")):
            for words in ("good", typed):
                wait.until(lambda _: train.is_enabled())
                text.clear()
                text.send_keys(words)
                train.click()
                wait.until(lambda _: train.is_enabled())
                assert curve.is_displayed() == (words == "good")
            assert error.text == message


@pytest.mark.skipif(not BUILT.is_file(), reason="make playground writes the page, whose parts are large")
def test_the_page_trains_and_writes_a_workbook_without_a_network(tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as chrome:
        chrome.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
        chrome.get(BUILT.as_uri())
        chrome.set_network_conditions(offline=True, latency=0, throughput=0)
        wait = WebDriverWait(chrome, 120)
        status = chrome.find_element(By.ID, "status")
        wait.until(lambda _: status.text.startswith("Trained"))
        loss = engine.load("xor").train().curve[-1, 0]
        assert f"{loss:#.4g} in step" in chrome.find_element(By.ID, "words").text
        chrome.find_element(By.ID, "download").click()
        wait.until(lambda _: status.text.startswith("Wrote xor.xlsx"))
        wait.until(lambda _: (tmp_path / "xor.xlsx").is_file())
        text = chrome.find_element(By.ID, "text")
        text.clear()
        text.send_keys("[network]")
        chrome.find_element(By.ID, "train").click()
        wait.until(lambda _: chrome.find_element(By.ID, "error").is_displayed())
        assert chrome.find_element(By.ID, "error").text == "missing key 'training'"
        assert [address for address in requests(chrome) if address.startswith("http")] == []
        assert [entry for entry in log(chrome, "browser") if entry["level"] == "SEVERE"] == []
    workbook.build(engine.load("xor"), tmp_path / "here.xlsx")
    there, here = (by_openpyxl(tmp_path / name)["assignment6-calculations"] for name in ("xor.xlsx", "here.xlsx"))
    # A browser's e^x may differ in the last digit.
    assert there.keys() == here.keys()
    for at, value in here.items():
        number = isinstance(value, int | float)
        assert there[at] == (pytest.approx(value, rel=1e-9, abs=1e-12) if number else value), at
