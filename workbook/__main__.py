"""`python -m workbook`: the commands."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import workbook
from engine import Experiment, InputError, cli, default_experiment, load_experiment
from engine.files import check_ending, check_outputs
from workbook.generated import FileKind, refuse_to_replace
from workbook.spreadsheet.limits import LIMITS

if TYPE_CHECKING:
    from workbook.classroom.roster import Roster

Force = Annotated[
    bool, typer.Option("--force", help="Replace the file even if it was changed, or was not made by this command.")
]

ExperimentFile = Annotated[
    Path | None, typer.Option("--experiment", help="A TOML file; the packaged 2-2-2 network by default.")
]

Exam = Annotated[bool, typer.Option("--exam", help="Leave out the marks and the hints.")]

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def commands(*, version: cli.Version = False) -> None:
    """The table of a small network's training as an Excel workbook."""


@app.command()
def build(
    out: Annotated[Path, typer.Argument(help="The .xlsx file to write.")] = Path("build/BackPropagation.xlsx"),
    steps: Annotated[
        int | None,
        typer.Option(parser=cli.whole_number, help="Steps (rows), from 1 up; the experiment's by default."),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(parser=cli.number, help="The value of eta, from 0 up; the experiment's by default.")
    ] = None,
    experiment_file: ExperimentFile = None,
    model_file: Annotated[
        str | None, typer.Option("--from", metavar="FILE", help="A network: of torch, model.py:net, or model.onnx.")
    ] = None,
    loss: Annotated[str | None, typer.Option(help="With model.onnx: the loss to train with, as in a file.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="With model.onnx: its samples, a CSV file with the columns i1, ..., t1, ...")
    ] = None,
    toml: Annotated[Path | None, typer.Option(help="Also write the experiment file of --from here.")] = None,
    *,
    force: Force = False,
) -> None:
    """Write the workbook: live formulas, cached values, the loss curve.

    Exit status 0: it is written. 1: it is, but torch trains the network of --from to other numbers.
    """
    from workbook.from_model import Asked, build_from, built  # the table's definitions take a while to load

    alone = {"--toml": toml, "--loss": loss, "--data": data}
    for option, value in alone.items():
        if model_file is None and value is not None:
            raise InputError(f"{option}: got {value} without --from, expected it with a network: --from model.py:net")
    if model_file is not None and experiment_file is not None:
        raise InputError("--from: got it with --experiment, expected one of them")
    _check_out(out, experiment_file)
    if model_file is not None:
        asked = Asked(steps, learning_rate, loss, data)
        raise typer.Exit(build_from(model_file, asked, toml, out, force=force))
    experiment = load_experiment(experiment_file) if experiment_file else default_experiment()
    if steps is not None:
        experiment = replace(experiment, steps=steps)
    if learning_rate is not None:
        experiment = replace(experiment, learning_rate=learning_rate)
    workbook.build(experiment, out, force=force)
    typer.echo(built(experiment, out))


@app.command()
def page(
    experiment_file: Annotated[
        Path, typer.Argument(metavar="[EXPERIMENT]", help="A TOML file, or a packaged experiment's name.")
    ] = Path("default"),
    out: Annotated[
        Path | None, typer.Argument(help="The .html file to write; build/EXPERIMENT.html by default.")
    ] = None,
) -> None:
    """Write a training as one HTML page, for a browser: sliders over its steps and learning rates."""
    from workbook.walk.render import write_walk

    path = out or Path("build") / f"{experiment_file.stem}.html"
    _check_out(path, experiment_file, (".html", ".htm"))
    experiment = load_experiment(experiment_file)
    shown = write_walk(experiment, path)
    cut = f" It has the first {shown.steps} of {shown.of} steps." if shown.steps < shown.of else ""
    typer.echo(f"Wrote {path}: open it in a browser.{cut}")


@app.command()
def playground(
    out: Annotated[Path, typer.Argument(help="The .html file to write.")] = Path("build/playground.html"),
) -> None:
    """Write the engine and this writer as one HTML page: they run in a browser, and nothing has to be installed there.

    The first time npm and pip fetch 83 MB of parts, which stay beside it in the folder `parts`.
    """
    from rich.console import Console

    from workbook.playground.parts import fetched
    from workbook.playground.render import write_playground

    _check_out(out, None, (".html", ".htm"))
    with Console(stderr=True).status("Fetching the parts and putting them together …"):
        write_playground(fetched(out.parent / "parts"), out)
    typer.echo(f"Wrote {out}: open it in a browser, here or on any other machine.")


@app.command()
def exercise(
    out: Annotated[Path, typer.Argument(help="The .xlsx file to write.")] = Path("build/exercise.xlsx"),
    seed: Annotated[
        int | None,
        typer.Option(
            parser=cli.whole_number, help="Draw other weights, inputs and targets; the same seed, the same file."
        ),
    ] = None,
    experiment_file: ExperimentFile = None,
    *,
    solution: Annotated[bool, typer.Option("--solution", help="Write the filled sheet.")] = False,
    exam: Exam = False,
    force: Force = False,
) -> None:
    """Write the exercise: a student fills the first rows, and marks judge every cell live."""
    kind: FileKind = "solution" if solution else "exercise"
    if solution and exam:
        raise InputError(
            "--exam: got it with --solution, expected one of them; the solution of an exam is that of the exercise"
        )
    _check_out(out, experiment_file)
    if not force:
        refuse_to_replace(out, kind)
    from workbook.drawn import drawn_experiment
    from workbook.sheets.exercise import exercise_sheets
    from workbook.write import write

    experiment = load_experiment(experiment_file) if experiment_file else default_experiment()
    if seed is not None:
        experiment = drawn_experiment(experiment, seed)
    sheets = exercise_sheets(experiment, solution=solution, exam=exam)
    write(sheets, out, kind)
    typer.echo(f"Wrote {out}: the {kind}{'' if seed is None else f' of seed {seed}'}.")


@app.command()
def digit(
    out: Annotated[Path, typer.Argument(help="The .xlsx file to write.")] = Path("build/digit.xlsx"),
    model: Annotated[
        Path | None,
        typer.Option(help="Weights that `make train` wrote, a .safetensors file; those that ship by default."),
    ] = None,
    *,
    backward: Annotated[bool, typer.Option("--backward", help="Add the gradients of every map and parameter.")] = False,
    step: Annotated[
        bool, typer.Option("--step", help="Add them, and a second forward pass after a step of gradient descent.")
    ] = False,
    force: Force = False,
) -> None:
    """Write the trained CNN as a workbook: paint a digit and see how it is read."""
    _check_out(out, model)
    if not force:
        refuse_to_replace(out, "digit")
    from workbook.digit.command import write_digit

    typer.echo(write_digit(model, out, backward=backward, step=step))


RosterFile = Annotated[
    Path | None,
    typer.Option("--roster", help="A CSV file: id, name, email; or an export of Moodle, Canvas, Gradescope."),
]
ClassSeed = Annotated[
    int, typer.Option(parser=cli.whole_number, help="The class's; with each id it draws the numbers.")
]
Rows = Annotated[
    int | None, typer.Option("--rows", parser=cli.whole_number, help="Steps of the table; the experiment's by default.")
]


@app.command("class")
def make_class(
    out: Annotated[Path, typer.Argument(help="The folder to write into.")] = Path("build/class"),
    roster: RosterFile = None,
    seed: ClassSeed = 1,
    experiment_file: ExperimentFile = None,
    rows: Rows = None,
    *,
    zipped: Annotated[bool, typer.Option("--zip", help="Write exercises.zip and solutions.zip.")] = False,
    exam: Exam = False,
    force: Force = False,
) -> None:
    """Write an exercise for each student of a roster, with their own numbers, and the solutions apart."""
    from workbook.classroom.command import make_class as write_class

    students, experiment = _class_of(roster, experiment_file, rows)
    write_class(students, experiment, seed, out, zipped=zipped, exam=exam, force=force)


@app.command()
def grade(
    folder: Annotated[Path | None, typer.Argument(help="The folder or the zip of the submissions.")] = None,
    roster: RosterFile = None,
    seed: ClassSeed = 1,
    experiment_file: ExperimentFile = None,
    rows: Rows = None,
    out: Annotated[Path, typer.Option(help="The folder for the gradebook and the pages.")] = Path("build/grades"),
    rubric: Annotated[Path | None, typer.Option(help="A TOML file: points, typed, and weights below [kinds].")] = None,
    typed: Annotated[
        float | None,
        typer.Option(parser=cli.number, help="The share of the points for a typed number; 0.5 by default."),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="moodle, canvas, gradescope or plain; the roster's by default.")
    ] = "",
    assignment: Annotated[str, typer.Option(help="The assignment's name in Canvas's gradebook.")] = "Backpropagation",
    jobs: Annotated[
        int | None, typer.Option(parser=cli.whole_number, help="Files to grade at once; one for each core by default.")
    ] = None,
    *,
    answers: Annotated[bool, typer.Option("--show-answers", help="Give the right formulas on the pages.")] = False,
) -> None:
    """Grade the exercises of a class: a table, the gradebook's file, and a page for each student.

    Exit status 0: all that was handed in is graded. 1: a file could not be read, is nobody's, or holds somebody else's
    numbers.
    """
    if folder is None:
        raise InputError("no submissions named; type `make grade FOLDER=submissions ROSTER=students.csv`")
    from workbook.classroom import command  # IronCalc takes a while to load
    from workbook.classroom.grade import Class

    students, experiment = _class_of(roster, experiment_file, rows)
    weights = command.rubric_of(rubric, typed)
    of = Class.of(students, experiment, seed)
    platform = command.platform_of(form, students)
    status = command.grade_class(of, folder, out, weights, platform, assignment, answers=answers, jobs=jobs)
    raise typer.Exit(status)


def _class_of(roster: Path | None, experiment_file: Path | None, rows: int | None) -> "tuple[Roster, Experiment]":
    from workbook.classroom.roster import read_roster

    if roster is None:
        raise InputError(
            "no roster named; expected ROSTER=students.csv (--roster students.csv), a CSV file with id, name, email"
        )
    experiment = load_experiment(experiment_file) if experiment_file else default_experiment()
    return read_roster(roster), experiment if rows is None else replace(experiment, steps=rows)


def _check_out(out: Path, read: Path | None, endings: Sequence[str] = (".xlsx",)) -> None:
    """Before the work: the file's name ends as it must, it can be written, and over nothing that is read."""
    check_ending(out, *endings)
    if out.parent == Path("build") and not out.parent.exists():
        out.parent.mkdir()
    check_outputs({"the workbook": out}, [] if read is None else [read])


@app.command()
def samples(
    folder: Annotated[Path, typer.Argument(help="The folder to write into.")] = Path("build/samples"),
    *,
    force: Force = False,
) -> None:
    """Write workbooks to try audit and gradcheck on: right.xlsx, theirs.xlsx with a slip, neuron.xlsx with another."""
    from workbook.samples import samples as made
    from workbook.write import write

    files = made(folder)
    if not force:
        for path in files:
            refuse_to_replace(path, "sample")
    folder.mkdir(parents=True, exist_ok=True)
    for path, sheets in files.items():
        write(sheets, path, "sample")
        typer.echo(f"Wrote {path}")


@app.command()
def audit(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...", help=f"Workbooks (.ods and .csv by their values), or folders of them; each {LIMITS}."
        ),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(parser=cli.number, help="The learning rate, instead of the one found on the sheet.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object for each file, on a line of its own.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="Also write a CSV here, with a line for each file.")] = None,
    annotate: Annotated[
        Path | None, typer.Option(help="Write a copy of the one FILE with the wrong cells coloured and commented.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(parser=cli.whole_number, help="Files to audit at once; one for each core by default.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Print every fault and note, however many there are.")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Also write the whole report as one page for a browser.")] = None,
) -> None:
    """Find the slips in anybody's workbook of this table.

    Exit status 0: all that was found is right. 1: findings, or something in a file could not be judged. 2: none of
    these, but a whole file could not be judged.
    """
    if not files:
        raise InputError("no workbook named; type `make audit FILE=theirs.xlsx`, or here `audit theirs.xlsx`")
    from workbook.inspect.audit_command import run_audit  # IronCalc and openpyxl take a while to load

    status = run_audit(
        files, learning_rate, json=json, csv=csv, annotated=annotate, html=html, jobs=jobs, everything=everything
    )
    raise typer.Exit(status)


@app.command()
def gradcheck(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="An .xlsx workbook.")] = None,
    loss: Annotated[str, typer.Option(help='The cell with the loss, such as "Sheet1!I17", or a formula: "=..."')] = "",
    parameters: Annotated[str, typer.Option(help='Cells, ranges or defined names, such as "A13,C13:D13".')] = "",
    gradients: Annotated[str, typer.Option(help="What the sheet calls their gradients, in the same order.")] = "",
    updates: Annotated[str, typer.Option(help="Or the cells that hold the new parameters.")] = "",
    of_each: Annotated[
        int | None,
        typer.Option(parser=cli.whole_number, metavar="ROWS", help="Repeat the check so many rows further down."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(parser=cli.number, help="The learning rate, or the gradients' factor, if known.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each check.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write the whole report as one page for a browser.")] = None,
) -> None:
    """Differentiate anybody's sheet: are its gradients the derivatives of its loss?

    Exit status 0: right. 1: wrong. 2: could not tell.
    """
    if file is None:
        raise InputError("no workbook named; type `make gradcheck FILE=theirs.xlsx`, or here `gradcheck theirs.xlsx`")
    from workbook.inspect.gradcheck_command import run_gradcheck  # IronCalc takes a while to load
    from workbook.inspect.gradcheck_file import CheckOptions

    asked = CheckOptions(loss, parameters, gradients, updates, of_each, rate)
    raise typer.Exit(run_gradcheck(file, asked, json=json, html=html))


def main() -> None:
    """Run as `backprop-workbook`, the command of the installed package."""
    cli.run(app, "backprop-workbook")


if __name__ == "__main__":
    cli.run(app, "python -m workbook")
