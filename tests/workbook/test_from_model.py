"""`build --from model.py:net`: a file of torch becomes a workbook."""

from pathlib import Path

import pytest

import workbook
from engine import InputError, load
from tests.commands import ROOT, error_line, run
from workbook.from_model import Asked, build_from

MODEL = """\
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1), nn.Sigmoid())
loss = nn.BCELoss()
optimizer = torch.optim.SGD(net.parameters(), lr=1.0, momentum=0.5)
inputs = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
targets = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
steps = 3
"""


def test_the_readmes_model_becomes_a_workbook_and_a_file(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    start = readme.index("```python\nimport torch\n") + len("```python\n")
    model = readme[start : readme.index("```", start)] + "steps = 3\n"
    (tmp_path / "model.py").write_text(model, encoding="utf-8")
    done = run("workbook", "build", "--from", "model.py:net", "--toml", "xor.toml", "xor.xlsx", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    wrote, also, beside = done.stdout.splitlines()
    assert wrote.startswith("Wrote xor.xlsx: 3 steps, learning rate ")
    assert also.startswith("Wrote xor.toml: ")
    assert beside.startswith("torch beside it: 3 steps, largest difference ")
    assert float(beside.rpartition(" ")[2]) < 1e-12
    assert workbook.audit(tmp_path / "xor.xlsx").verdict == "right"
    assert load(tmp_path / "xor.toml").steps == 3


def test_an_experiment_file_that_exists_is_not_replaced(tmp_path: Path) -> None:
    model, mine = tmp_path / "model.py", tmp_path / "mine.toml"
    model.write_text(MODEL, encoding="utf-8")
    mine.write_text("# my own notes\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^--toml: .* exists; .* replace it with --force"):
        build_from(str(model), Asked(None, None, None, None), mine, tmp_path / "x.xlsx", force=False)
    assert mine.read_text(encoding="utf-8") == "# my own notes\n"
    assert not (tmp_path / "x.xlsx").exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("nn.Tanh()", "nn.GELU()"), "net.1: got nn.GELU, which no column can show; the nearest: nn.Tanh or nn.ReLU "
         "for an activation, nn.Linear or nn.Conv2d for weights"),
        (("loss =", "error ="), "model.py: it names no 'loss', expected net, loss, optimizer, inputs, targets"),
        (("net = nn.Sequential", "net = tuple"),
         "model.py: line 5: TypeError: tuple expected at most 1 argument, got 4"),
        (("steps = 3", "net = 3"), "model.py: net: got int, expected a network: nn.Sequential(...)"),
        (("steps = 3", "steps ="), "model.py: SyntaxError: invalid syntax (model.py, line 10)"),
    ],
)  # fmt: skip
def test_a_bad_model_is_one_line_and_nothing_is_written(tmp_path: Path, changed: tuple[str, str], message: str) -> None:
    (tmp_path / "model.py").write_text(MODEL.replace(*changed), encoding="utf-8")
    assert error_line("workbook", "build", "--from", "model.py", "out.xlsx", folder=tmp_path) == f"error: {message}"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["model.py"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "none.py:net"], "none.py: no such file, expected a Python file: model.py:net"),
        (["--from", "m.py", "--experiment", "xor"],
         "--from: got it with --experiment, expected one of them"),
        (["--from", "net.onnx", "--steps", "9"], "--steps: got it without --loss, expected a loss to train with"),
        (["--from", "m.py", "--learning-rate", "1"],
         "--from: got it with --learning-rate, expected the model's file to say all"),
        (["--toml", "x.toml"],
         "--toml: got x.toml without --from, expected it with a network: --from model.py:net"),
    ],
)  # fmt: skip
def test_what_the_command_cannot_take_is_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    assert error_line("workbook", "build", *arguments, "out.xlsx", folder=tmp_path) == f"error: {message}"


def test_what_torch_trains_otherwise_is_said_with_exit_status_1(tmp_path: Path) -> None:
    """A loss of one's own name for something else: its forward pass counts, its gradient is another."""
    loss = "loss = lambda a, t: nn.functional.binary_cross_entropy(a, t) * 2\nloss.__name__ = 'binary_cross_entropy'"
    (tmp_path / "model.py").write_text(MODEL.replace("loss = nn.BCELoss()", loss), encoding="utf-8")
    done = run("workbook", "build", "--from", "model.py:net", "out.xlsx", folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith("torch beside it differs from step 1 on: E_batch is ")
