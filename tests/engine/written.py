"""Experiment files that a test writes."""

from pathlib import Path

from engine import Experiment, load_experiment


def load(folder: Path, text: str) -> Experiment:
    """The experiment of a TOML file with that text, which it writes into the folder."""
    path = folder / "my.toml"
    path.write_text(text, encoding="utf-8")
    return load_experiment(path)
