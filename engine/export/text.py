"""What both kinds of scripts are put together from: numbers as Python writes them, and parts that are copied whole."""

import ast
import re
from collections.abc import Collection, Sequence
from itertools import chain
from pathlib import Path
from textwrap import fill, indent

from engine.arrays import FloatArray
from engine.errors import InputError
from engine.experiment import Experiment
from engine.layers import LAYERS, Layer

WIDTH = 100


def literal(array: FloatArray) -> str:
    """An array as nested lists of numbers with all their digits: on one line, or a line for each element."""
    line = repr(array.tolist())
    if len(line) <= WIDTH:
        return line
    if array.ndim == 1:
        return fill(line, WIDTH)
    return f"[\n{indent(''.join(f'{literal(element)},' + chr(10) for element in array), '    ')}]"


def number(value: float) -> str:
    """A number in short: 30 for 30.0."""
    return str(int(value)) if value == int(value) and abs(value) >= 1 else repr(float(value))


def parts(files: Sequence[Path], text: str) -> str:
    """The functions and classes of some files that a text uses, and what these use in turn, as they stand there."""
    found = {
        node.name: str(ast.get_source_segment(source, node))
        for source in (file.read_text(encoding="utf-8") for file in files)
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    used: set[str] = set()
    while more := {name for name in found if re.search(rf"(?<![\w.]){name}\(", text)} - used:
        used |= more
        text += "".join(found[name] for name in more)
    return "".join(f"\n\n{code}\n" for name, code in found.items() if name in used)


def trained_names(experiment: Experiment) -> list[str]:
    """The columns of what gradient descent changes, in their order."""
    columns = experiment.columns
    return list(chain.from_iterable(columns.trained_names(layer) for layer in range(columns.depth)))


def about(names: list[str]) -> str:
    """Columns in short: w1 to w4."""
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def kind_of(layer: Layer) -> str:
    """A layer's kind as an experiment file has it."""
    return next(kind for kind, of in LAYERS.items() if type(layer) is of)


def check_kinds(experiment: Experiment, known: Collection[type[Layer]]) -> None:
    """Raise for the first layer of a kind that is not known.

    Raises:
        InputError: there is one.
    """
    for number, layer in enumerate(experiment.network.layers):
        if type(layer) not in known:
            kinds = ", ".join(kind for kind, of in LAYERS.items() if of in known)
            raise InputError(f"network.layers[{number}].kind: got {kind_of(layer)}, a script can have {kinds}")


def title(experiment: Experiment, package: str) -> str:
    """The script's docstring."""
    name = experiment.name or f"A network of {'-'.join(map(str, experiment.sizes))} neurons"
    lines = [
        f'"""{name.rstrip(".")}.'.replace("\\", "/"),
        "",
        f"The same training as in the workbook, in plain {package}. It prints a line for each step: the loss, and the",
        "weights and biases before the update, as the sheet has them.",
        '"""',
    ]
    return "\n".join(lines)
