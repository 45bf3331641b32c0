import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console
from safetensors.torch import save_file

from cnn import checkpoint, commands, progress, trained
from cnn.data import Digits
from cnn.download import load
from cnn.model import load_model
from cnn.train import score

Command = Callable[..., Any]

RUN_FILES = [
    "confusion.png",
    "curves.png",
    "environment.json",
    "metrics.csv",
    "mistakes.png",
    "model-best.safetensors",
    "model.safetensors",
    "recipe.toml",
    "report.md",
    "result.json",
    "summary.txt",
]
# Small enough for seconds, long enough to be stopped in the middle.
QUICK = ["--recipe", "reference", "--limit", "300", "--batch-size", "50", "--epochs", "6", "--name", "quick"]


def _quick(data_folder: Path) -> list[str]:
    return ["train", *QUICK, "--device", "cpu", "--data", str(data_folder)]


def _metrics(folder: Path) -> list[dict[str, str]]:
    """metrics.csv without what the clock says."""
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [{key: value for key, value in row.items() if key not in ("seconds", "images_per_second")} for row in rows]


@pytest.fixture(scope="module")
def uninterrupted(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a quick run that nothing stopped."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    with _process(_quick(data_folder), folder) as process:
        out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert "19,298" in out
    assert "seed 1" in out
    return folder / "runs" / "quick"


def _process(arguments: list[str], folder: Path) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "200",
    }
    command = [sys.executable, "-m", "cnn", *arguments]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _stop_after_two_epochs(number: signal.Signals, data_folder: Path, folder: Path) -> tuple[int, str]:
    """Start the quick run, send it the signal once it has two checkpoints: its exit status and stderr."""
    with _process(_quick(data_folder), folder) as process:
        deadline = time.monotonic() + 600
        while not (folder / "runs/quick/checkpoint-00002.pt").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(number)
        _, err = process.communicate(timeout=600)
    return process.returncode, err


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_is_resumed_and_equals_the_uninterrupted_one(
    number: signal.Signals, command: Command, uninterrupted: Path, data_folder: Path, tmp_path: Path
) -> None:
    status, err = _stop_after_two_epochs(number, data_folder, tmp_path)
    if number == signal.SIGKILL:
        assert status == -9
    else:
        word = {signal.SIGTERM: "terminated", signal.SIGINT: "interrupted"}[number]
        assert status == 128 + number
        assert re.fullmatch(rf"error: {word}; \d of 6 epochs are kept; go on with: \S+ -m cnn train .* --resume\n", err)
    result = command(*_quick(data_folder), "--resume")
    assert (result.status, result.err) == (0, "")
    resumed = tmp_path / "runs/quick"
    assert _metrics(resumed) == _metrics(uninterrupted)
    for name in ("model.safetensors", "model-best.safetensors", "recipe.toml", "confusion.png", "mistakes.png"):
        assert (resumed / name).read_bytes() == (uninterrupted / name).read_bytes(), name


def test_a_run_folder_holds_all_about_the_run(uninterrupted: Path) -> None:
    names = [path.name for path in uninterrupted.iterdir() if not path.name.startswith("checkpoint-")]
    assert sorted(names) == RUN_FILES
    rows = _metrics(uninterrupted)
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert [float(row["learning_rate"]) for row in rows[:2]] == pytest.approx([0.03, 0.02823], abs=1e-5)
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"])


def test_a_terminal_sees_loss_speed_and_time_left(
    command: Command, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "console", Console(force_terminal=True, width=120))
    monkeypatch.setattr(progress, "REFRESH", 0.0)
    result = command("train", "--limit", 64, "--batch-size", 32, "--epochs", 2, "--data", data_folder)
    assert (result.status, result.err) == (0, "")
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", result.out)
    for seen in (r"epoch 2 ", r"loss \d\.\d+ ", r"[\d,]+ images/s", r"\d:\d\d:\d\d .*left"):
        assert re.search(seen, plain), seen


@pytest.mark.parametrize(
    ("units", "precision", "told"), [(False, "bf16", True), (True, "bf16", False), (False, "fp32", False)]
)
def test_16_bits_are_said_to_be_slow_where_the_processor_has_no_units(
    command: Command, data_folder: Path, monkeypatch: pytest.MonkeyPatch, *, units: bool, precision: str, told: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_f": True, "avx512_bf16": units}, raising=False)
    small = ["--limit", 32, "--batch-size", 32, "--epochs", 1, "--device", "cpu", "--name", "small"]
    result = command("train", *small, "--precision", precision, "--data", data_folder)
    assert (result.status, result.err) == (0, "")
    assert ("16 bits are slow here" in result.out) is told
    assert json.loads(Path("runs/small/environment.json").read_text())["bf16_units"] is units


@pytest.mark.parametrize("name", ["model.safetensors", "model-best.safetensors"])
def test_a_run_s_model_is_that_of_its_epoch(uninterrupted: Path, mnist: tuple[Digits, Digits], name: str) -> None:
    rows = _metrics(uninterrupted)
    row = rows[-1] if name == "model.safetensors" else max(rows, key=lambda row: float(row["test_accuracy"]))
    test = mnist[1].first(300)
    answers = score(load_model(uninterrupted / name, torch.device("cpu")), test).labels
    assert int((answers == test.labels).sum()) == int(row["test_right"])


@pytest.fixture
def quick_run(uninterrupted: Path, tmp_path: Path) -> Path:
    """A finished quick run in the current folder."""
    return Path(shutil.copytree(uninterrupted, tmp_path / "runs" / "quick"))


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(
    command: Command, quick_run: Path, uninterrupted: Path, data_folder: Path
) -> None:
    (quick_run / "checkpoint-00006.pt").write_bytes(b"damaged")
    result = command(*_quick(data_folder), "--resume")
    assert result.status == 0
    assert result.err == ("runs/quick/checkpoint-00006.pt: damaged checkpoint: its SHA-256 is wrong; it is not used\n")
    assert "epoch  6" in result.out
    assert "epoch  5" not in result.out
    assert _metrics(quick_run) == _metrics(uninterrupted)


def test_a_finished_run_is_not_overwritten_and_its_result_is_printed_again(
    command: Command, quick_run: Path, data_folder: Path
) -> None:
    before = {path.name: path.read_bytes() for path in quick_run.iterdir()}
    result = command(*_quick(data_folder))
    assert (result.status, result.err) == (0, "")
    first, last = result.out.splitlines()
    assert first == "runs/quick: finished before; another --seed or --name starts another run"
    assert re.fullmatch(r"last epoch [\d.]+ % of the test images, .*: runs/quick/report.md", last)
    assert {path.name: path.read_bytes() for path in quick_run.iterdir()} == before


def test_an_unfinished_run_is_not_overwritten(command: Command, quick_run: Path, data_folder: Path) -> None:
    (quick_run / "report.md").unlink()  # written last
    (quick_run / "checkpoint-00006.pt").unlink()
    result = command(*_quick(data_folder))
    assert (result.status, result.out) == (2, "")
    assert result.err == (
        "error: runs/quick: holds a run already, 5 of 6 epochs done: --resume goes on with it, "
        "--name NAME starts another\n"
    )


@pytest.mark.usefixtures("quick_run")
def test_a_run_is_not_resumed_with_other_settings(command: Command, data_folder: Path) -> None:
    result = command(*_quick(data_folder), "--resume", "--seed", 2)
    assert result.status == 2
    assert result.err == (
        "error: runs/quick: cannot resume with seed 2: that run has seed 1; --name NAME starts another\n"
    )


def test_a_run_from_before_a_recipe_had_a_key_goes_on(command: Command, quick_run: Path, data_folder: Path) -> None:
    state = checkpoint.load(quick_run, warn=print)
    assert state is not None
    del state["settings"]["recipe"]["teachers"]
    checkpoint.save(quick_run, state)
    assert command(*_quick(data_folder), "--resume").status == 0


@pytest.mark.usefixtures("quick_run")
def test_a_missed_target_accuracy_is_exit_status_1(command: Command, data_folder: Path) -> None:
    result = command(*_quick(data_folder), "--resume", "--target-accuracy", 99.9)
    assert result.status == 1
    assert re.search(r"target missed: [\d.]+ % is below 99.9 %", result.out)
    assert command(*_quick(data_folder), "--resume", "--target-accuracy", 1).status == 0


def test_validation_scores_training_images_that_were_held_out(command: Command, data_folder: Path) -> None:
    arguments = ["--recipe", "reference", "--epochs", 1, "--limit", 100, "--device", "cpu", "--data", data_folder]
    result = command("train", "--validation", *arguments)
    assert result.status == 0
    folder = Path("runs/reference-seed1-epochs1-limit100-validation")
    assert "of 100 held-out training images are read right" in (folder / "report.md").read_text()
    held_out = load(data_folder)[0].images[50_000:50_100], load(data_folder)[0].labels[50_000:50_100]
    model = load_model(folder / "model.safetensors", torch.device("cpu"))
    right = int((score(model, Digits(*held_out)).labels == held_out[1]).sum())
    assert _metrics(folder)[0]["test_right"] == str(right)


LONG = "a" * 300
BAD: list[tuple[list[object], str]] = [
    (["train", "--device", "tpu9"], "--device tpu9: no such device here, expected one of: {devices}"),
    (["train", "--batch-size", 0], "batch_size is 0, expected a whole number from 1 to 60,000"),
    (["train", "--seed", -1], "seed is -1, expected a whole number from 0 up"),
    (["train", "--limit", 0], "limit is 0, expected a whole number from 1 up"),
    (["train", "--epochs", 0], "epochs is 0, expected a whole number from 1 to 10,000"),
    (["train", "--learning-rate", "nan"], "learning_rate is nan, expected a number from 1e-09 to 100"),
    (["train", "--learning-rate", -1], "learning_rate is -1.0, expected a number from 1e-09 to 100"),
    (["train", "--recipe", "bad.toml"], "bad.toml: unknown key 'epoch'; did you mean 'epochs'?"),
    (["train", "--data", "text.txt"], "text.txt: is a file, expected the folder of MNIST's four files"),
    (["predict", "text.txt"], "text.txt: is no picture that can be read: cannot identify image file; "
        "expected PNG, JPEG or the like"),
    (["predict", "empty"], "empty: holds no picture, expected files such as PNG or JPEG in it"),
    (["predict", "nowhere.png"], "nowhere.png: no such file or folder, expected a picture of a digit"),
    (["predict", "even.png", "even.png", "--picture", "new.png"], "--picture new.png: got 2 pictures, expected one"),
    (["predict", "even.png", "even.png", "--explain", "new.png"], "--explain new.png: got 2 pictures, expected one"),
    (["predict", "even.png", "--picture", "x.txt"],
        "--picture x.txt: expected a name that ends with .png, .jpg, .jpeg, .tif, .tiff, .webp, .svg, .pdf"),
    (["predict", "even.png", "--explain", "x.foo"],
        "--explain x.foo: expected a name that ends with .png, .jpg, .jpeg, .tif, .tiff, .webp, .svg, .pdf"),
    (["predict", "even.png", "--picture", "even.png"],
        "--picture even.png: this file is read as well; give it another name"),
    (["predict", "even.png", "--picture", "hard.png"],
        "--picture hard.png: this file is read as well; give it another name"),
    (["predict", "even.png", "--explain", "soft.png"],
        "--explain soft.png: this file is read as well; give it another name"),
    (["predict", "even.png", "--picture", "new.png", "--explain", "empty/../new.png"],
        "--explain empty/../new.png: this file is written by --picture as well; give it another name"),
    (["predict", "even.png", "--explain", "nowhere/new.png"],
        "nowhere/new.png: the folder nowhere does not exist; create it first"),
    (["predict", "even.png", "--picture", "pipe.png"],
        "pipe.png: is no regular file and stays as it is; expected the name of a file to write"),
    (["export", "--onnx", "shape.safetensors", "--weights", "shape.safetensors"],
        "--onnx shape.safetensors: this file is read as well; give it another name"),
    (["train", "--name", "../x"], "--name '../x': expected the name of a folder in runs/, without a '/'"),
    (["train", "--name", ".."], "--name '..': expected the name of a folder in runs/, without a '/'"),
    (["train", "--name", ""], "--name '': expected the name of a folder in runs/, without a '/'"),
    (["train", "--set", "shift=far"], "shift is 'far', expected a number from 0 to 14"),
    (["xx"], "No such command 'xx'; expected train, seeds, keep, tables, evaluate, predict, export"),
    (["evaluat"], "No such command 'evaluat'; did you mean 'evaluate'?"),
    (["train", "--epohs", "3"], "No such option: --epohs; did you mean '--epochs'?"),
    (["train", "--set", "epoch=3"], "--set epoch=3: unknown key 'epoch'; did you mean 'epochs'?"),
    (["train", "--precision", "fp8"], "precision is 'fp8', expected 'fp32' or 'bf16'"),
    (["predict", LONG], f"{LONG}: File name too long"),
    (["export", "--onnx", LONG], f"{LONG}: File name too long"),
    (["predict", "even.png", "--weights", "shape.safetensors"],
        "shape.safetensors: layers.0.weight is 9×1×3×3, expected 8×1×3×3: weights of another network"),
    (["evaluate", "--weights", "nowhere.safetensors"],
        "nowhere.safetensors: cannot be read as weights: No such file or directory; expected a safetensors file, "
        "or one that ships: best, default, reference"),
    (["evaluate", "--weights", "empty"],
        "empty: cannot be read as weights: Is a directory; expected a safetensors file, "
        "or one that ships: best, default, reference"),
    (["export", "--onnx", "empty"], "empty: is a folder, expected the name of a file to write"),
    (["export", "--onnx", "nowhere/model.onnx"],
        "nowhere/model.onnx: the folder nowhere does not exist; create it first"),
    (["export", "--onnx", "text.txt/model.onnx"], "text.txt/model.onnx: cannot be written: text.txt is no folder"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "line"), BAD, ids=[" ".join(map(str, arguments)) for arguments, _ in BAD])
def test_bad_input_is_one_line_and_exit_status_2(
    command: Command, arguments: list[object], line: str, tmp_path: Path
) -> None:
    (tmp_path / "bad.toml").write_text("epoch = 3\n")
    (tmp_path / "text.txt").write_text("seven")
    (tmp_path / "empty").mkdir()
    Image.new("RGB", (20, 20), "white").save(tmp_path / "even.png")
    (tmp_path / "hard.png").hardlink_to(tmp_path / "even.png")
    (tmp_path / "soft.png").symlink_to(tmp_path / "even.png")
    os.mkfifo(tmp_path / "pipe.png")
    save_file({"layers.0.weight": torch.zeros(9, 1, 3, 3)}, tmp_path / "shape.safetensors")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    kinds = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    devices = ", ".join(kind for kind, there in kinds.items() if there)
    result = command(*arguments)
    assert (result.status, result.out, result.err) == (2, "", f"error: {line.format(devices=devices)}\n")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    assert not (tmp_path / "runs").exists()
    assert (tmp_path / "pipe.png").is_fifo()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "--batch-size", "abc"], "'--batch-size': got 'abc', expected a whole number"),
        (["train", "--colour"], "--colour"),
        (["tain"], "'tain'"),
        (["export"], "--onnx"),
    ],
    ids=["a word for a number", "an unknown option", "an unknown command", "no file"],
)
def test_bad_usage_is_one_line_and_exit_status_2(command: Command, arguments: list[str], said: str) -> None:
    result = command(*arguments)
    assert (result.status, result.out) == (2, "")
    assert re.fullmatch(r"error: .+\n", result.err)
    assert said in result.err.lower()


def test_without_a_command_the_help_is_shown_and_the_status_is_that_of_bad_usage(command: Command) -> None:
    result = command()
    assert (result.status, result.err) == (2, "")
    for name in ("train", "evaluate", "predict", "export"):
        assert f" {name} " in result.out


def _stroke(path: Path) -> None:
    picture = Image.new("L", (40, 60), 255)
    picture.paste(0, (18, 8, 23, 52))
    picture.save(path)


def test_predict_prints_a_line_of_80_characters_for_each_picture(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = ["one.png", "two[bold][copy].png", "a-name-of-32-letters-and-more.jpeg"]
    for name in names:
        _stroke(tmp_path / name)
    result = command("predict", *names)
    assert (result.status, result.err) == (0, "")
    header, *lines = result.out.splitlines()
    assert header.split() == ["picture", "reads", "sure", "of", "each,", "%"]
    assert max(map(len, lines)) <= 80
    for name, line in zip(names, lines, strict=True):
        assert line.split()[:2] == [name, "1"]
        assert 50 <= int(line.split()[2]) <= 100


def test_a_picture_that_cannot_be_read_leaves_the_others_their_results(command: Command, tmp_path: Path) -> None:
    _stroke(tmp_path / "one.png")
    (tmp_path / "damaged.png").write_text("seven")
    result = command("predict", "damaged.png", "one.png")
    assert result.status == 2
    assert result.out.splitlines()[1].split()[:2] == ["one.png", "1"]
    (damaged,) = result.err.splitlines()
    assert damaged.startswith("error: damaged.png: is no picture that can be read")


def test_predict_says_what_is_doubtful_and_where_there_is_no_digit(command: Command, tmp_path: Path) -> None:
    blot = Image.new("L", (60, 60), 255)
    blot.paste(0, (15, 15, 45, 45))
    blot.save(tmp_path / "blot.png")
    nine = Image.new("L", (120, 120), 255)
    typeface = ImageFont.truetype(f"{mpl.get_data_path()}/fonts/ttf/cmr10.ttf", 60)
    ImageDraw.Draw(nine).text((36, 18), "9", font=typeface, fill=0)
    nine.rotate(-45, fillcolor=255).save(tmp_path / "leaning.png")
    _stroke(tmp_path / "one.png")
    Image.new("L", (20, 20), 255).save(tmp_path / "white.png")
    # Of weights that stay: others may be sure of this.
    result = command("predict", "blot.png", "white.png", "leaning.png", "one.png", "--weights", "default")
    assert (result.status, result.err) == (1, "")  # the answer is no
    _, blank, white, doubtful, sure = result.out.splitlines()
    for line in (blank, white):
        assert line.split(maxsplit=1)[1].strip() == "no digit here"
    assert re.fullmatch(r"leaning\.png +9 +\d+  unsure: 9 or \d", doubtful)
    assert "unsure" not in sure


def test_predict_draws_what_it_read_and_how_the_network_sees_it(command: Command, tmp_path: Path) -> None:
    _stroke(tmp_path / "one.png")
    result = command("predict", "one.png", "--picture", "read.png", "--explain", "view.png")
    assert (result.status, result.err) == (0, "")
    for name in ("read.png", "view.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 300


def test_predict_prints_json_for_programs(command: Command, tmp_path: Path) -> None:
    _stroke(tmp_path / "one.png")
    Image.new("L", (20, 20), 255).save(tmp_path / "white.png")
    result = command("predict", "one.png", "white.png", "--json")
    assert (result.status, result.err) == (1, "")
    one, white = json.loads(result.out)
    assert {key: one[key] for key in ("picture", "width", "height", "text", "left_out")} == {
        "picture": "one.png", "width": 40, "height": 60, "text": "1", "left_out": 0,
    }  # fmt: skip
    (digit,) = one["digits"]
    assert (digit["digit"], digit["box"]) == (1, [18, 8, 23, 52])
    assert sum(digit["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert (white["text"], white["digits"]) == ("", [])


@pytest.mark.parametrize("kind", ["png", "jpg", "tif", "webp", "svg", "pdf"])
def test_a_folder_s_pictures_are_read_without_those_that_predict_wrote(
    kind: str, command: Command, tmp_path: Path
) -> None:
    _stroke(tmp_path / "one.png")
    options = ["--picture", f"read.{kind}", "--explain", f"view.{kind}"]
    first, second = (command("predict", tmp_path, *options) for _ in range(2))
    assert (first.status, first.err) == (0, "")
    assert len(first.out.splitlines()) == 2
    assert second == first


def test_a_link_stays_a_link_and_what_it_leads_to_is_written(command: Command, tmp_path: Path) -> None:
    _stroke(tmp_path / "one.png")
    (tmp_path / "read.png").symlink_to(tmp_path / "kept.png")
    assert command("predict", "one.png", "--picture", "read.png").status == 0
    assert (tmp_path / "read.png").is_symlink()
    assert (tmp_path / "kept.png").stat().st_size > 1000


def test_a_run_does_not_write_over_its_recipe(command: Command, tmp_path: Path) -> None:
    (tmp_path / "runs/own").mkdir(parents=True)
    recipe = tmp_path / "runs/own/recipe.toml"
    recipe.write_text(
        "epochs = 1\nbatch_size = 50\noptimizer = 'sgd'\nlearning_rate = 0.1\nschedule = 'decay' # mine\n"
    )
    before = recipe.read_bytes()
    result = command("train", "--recipe", "runs/own/recipe.toml", "--name", "own")
    assert result.status == 2
    assert result.err.startswith("error: --recipe runs/own/recipe.toml: the run would write over it")
    assert recipe.read_bytes() == before


def test_evaluate_tells_the_average_over_shifts_beside_the_plain_figure(
    command: Command, data_folder: Path, mnist: tuple[Digits, Digits], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = mnist[0].first(10), mnist[1].first(500)
    monkeypatch.setattr(trained, "load", lambda _folder: few)
    plain, both = (command("evaluate", *option, "--data", data_folder) for option in ([], ["--average-shifts"]))
    assert both.status == 0
    assert both.out.startswith(plain.out)
    assert re.fullmatch(r"averaged over five shifts: \d+ right, [\d.]+ %\n", both.out.removeprefix(plain.out))


def test_predict_without_a_picture_says_what_to_type(command: Command) -> None:
    result = command("predict")
    assert (result.status, result.out) == (2, "")
    assert result.err == (
        'error: no picture given; type make predict ARGS="digit.png", or python -m cnn predict digit.png\n'
    )


def test_without_torch_the_extra_is_named() -> None:
    script = (
        "import sys; sys.modules['torch'] = None; from cnn.__main__ import main; sys.argv = ['', 'evaluate']; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: the package torch is not installed, and the CNN needs it: pip install '.[cnn]'\n"


def test_the_version_needs_no_package_of_the_cnn(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torch", "typer", "torchinfo", "cnn.commands", "cnn.run"):
        monkeypatch.setitem(sys.modules, name, None)
    result = command("--version")
    assert (result.status, result.err) == (0, "")
    assert re.fullmatch(r"backprop-workbook \d+\.\d+.*\n", result.out)


def test_ctrl_c_is_awaited_before_any_package_is_imported() -> None:
    script = (
        "import sys, cnn.__main__; late = ('torch', 'numpy', 'typer', 'importlib.metadata');"
        "print([name for name in late if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", script], cwd=Path(__file__).parents[2]) == b"[]\n"


@pytest.mark.parametrize("seconds", [0, 0.4, 0.8])
def test_ctrl_c_while_packages_are_imported_is_one_line(seconds: float, tmp_path: Path) -> None:
    with _process(["predict", "nowhere.png"], tmp_path) as process:
        while not _awaits(signal.SIGTERM, process.pid):
            time.sleep(0.005)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=600)
    assert (process.returncode, err) == (130, "error: interrupted\n") or "no such file" in err  # it had read it before


def _awaits(number: int, process: int) -> bool:
    """Whether a process has a handler for the signal."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        pytest.skip("needs Linux")
    caught = re.search(r"SigCgt:\s*(\w+)", status.read_text())
    return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)


def test_resuming_a_run_that_does_not_exist_says_so(command: Command, data_folder: Path, tmp_path: Path) -> None:
    result = command(*_quick(data_folder), "--resume")
    assert result.status == 2
    assert result.err == (
        "error: runs/quick: no such run, so --resume has nothing to go on with; leave it out to start one\n"
    )
    assert not (tmp_path / "runs").exists()
