"""A Python file with a network and its training: what `model.py:net` names."""

import importlib.util
import sys
import traceback
from pathlib import Path
from typing import Any, NamedTuple

from engine.errors import InputError
from engine.experiment import Experiment
from engine.imports.beside import Agreement, beside_torch
from engine.imports.from_torch import from_torch

REQUIRED = ("loss", "optimizer", "inputs", "targets")
OPTIONAL = ("steps", "batch_size", "scheduler", "name")


class Model(NamedTuple):
    """What a file names: a network and its training."""

    net: Any
    training: dict[str, Any]

    def experiment(self) -> Experiment:
        """The same as an experiment; raises as `from_torch` does."""
        return from_torch(self.net, **self.training)

    def beside(self, experiment: Experiment) -> Agreement:
        """Train in torch beside the experiment that this is."""
        training = {name: value for name, value in self.training.items() if name in (*REQUIRED, "scheduler")}
        return beside_torch(experiment, self.net, **training)


def read_model(named: str) -> Model:
    """Run a Python file and take what it names: `net`, or another name after a colon, and its training.

    Raises:
        InputError: the file is missing, fails, or lacks one of the names; torch is not installed.
    """
    if importlib.util.find_spec("torch") is None:
        raise InputError("torch is not installed; pip install 'backprop-workbook[cnn]'")
    file, _, net = named.partition(":")
    path, net = Path(file), net or "net"
    names = _run(path)
    for name in (net, *REQUIRED):
        if name not in names:
            raise InputError(f"{path}: it names no '{name}', expected {net}, {', '.join(REQUIRED)}")
    import torch

    if not isinstance(names[net], torch.nn.Module):
        raise InputError(f"{path}: {net}: got {type(names[net]).__name__}, expected a network: nn.Sequential(...)")
    return Model(names[net], {name: names[name] for name in (*REQUIRED, *OPTIONAL) if name in names})


def _run(path: Path) -> dict[str, Any]:
    """The names of a file when it has run, as an import does it: not what stands below `if __name__ == "__main__":`."""
    if not path.is_file():
        raise InputError(f"{path}: no such file, expected a Python file: model.py:net")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: expected a name that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))  # as if the file was run where it stands
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001 - whatever a file of one's own may raise
        frames = traceback.extract_tb(error.__traceback__)
        at = [frame.lineno for frame in frames if Path(frame.filename).resolve() == path.resolve()]
        line = f"line {at[-1]}: " if at else ""
        raise InputError(f"{path}: {line}{type(error).__name__}: {' '.join(str(error).split())}") from None
    finally:
        sys.path.pop(0)
    return vars(module)
