"""The functions that the page calls in the browser's Python, which has only NumPy and XlsxWriter."""

import json
import shutil
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import engine
from engine.experiment_file import packaged_experiments
from workbook.plan import plan
from workbook.write import write

WORKBOOK = Path("workbook.xlsx")
# Where a text that somebody edits stands, beside the data that the packaged experiments read.
OWN = Path("mine")


def experiments() -> str:
    """The packaged experiments as JSON: the text of each one's file by its name."""
    own, packaged = resources.files("engine"), resources.files("engine.experiments")
    folders = {name: own if name == "default" else packaged for name in packaged_experiments()}
    return json.dumps({name: folder.joinpath(f"{name}.toml").read_text("utf-8") for name, folder in folders.items()})


def train(text: str) -> str:
    """The training of an experiment's text as JSON: the loss of each step, or the error that stops it."""

    def losses(experiment: engine.Experiment) -> dict[str, object]:
        return {"losses": experiment.train().curve[:: experiment.method.batch_size, 0].tolist()}

    return _answer(text, losses)


def build(text: str) -> str:
    """Write the workbook to WORKBOOK; the error that stops it as JSON."""

    def written(experiment: engine.Experiment) -> dict[str, object]:
        write(plan(experiment), WORKBOOK)
        return {}

    return _answer(text, written)


def _answer(text: str, asked: Callable[[engine.Experiment], dict[str, object]]) -> str:
    try:
        return json.dumps(asked(_read(text)))
    except engine.InputError as error:
        return json.dumps({"error": str(error).removeprefix(f"{OWN / 'experiment.toml'}: ")})


def _read(text: str) -> engine.Experiment:
    OWN.mkdir(exist_ok=True)
    for data in resources.files("engine.experiments").iterdir():
        if data.name.endswith(".csv"):
            with data.open("rb") as source, (OWN / data.name).open("wb") as copy:
                shutil.copyfileobj(source, copy)
    path = OWN / "experiment.toml"
    path.write_text(text, encoding="utf-8")
    return engine.load(path)
