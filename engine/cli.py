"""What all commands share: one line for an error, its exit status, and readers of numbers."""

import gc
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from engine.errors import InputError, InputWarning
from engine.interrupts import INTERRUPTED, raise_from_now_on
from engine.reading import nearest


def number(text: str) -> float:
    """Parse an option's value, for typer.Option(parser=...)."""
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"got '{text}', expected a number") from None


def whole_number(text: str) -> int:
    """Parse an option's value, for typer.Option(parser=...)."""
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"got '{text}', expected a whole number") from None


def python() -> str:
    """This Python as one types it in the folder that one is in: .venv/bin/python, or python where that is elsewhere."""
    here, path = Path.cwd(), Path(sys.executable)
    return str(path.relative_to(here)) if path.is_relative_to(here) else "python"


# A command's objects live until it ends, and few of them are in circles. To look for circles whenever there are 700
# more, as Python does, takes a sixth of the time that a long workbook takes.
OBJECTS_BETWEEN_COLLECTIONS = 100_000


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        from importlib.metadata import version

        typer.echo(f"backprop-workbook {version('backprop-workbook')}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
]


def _one_line(message: Warning | str, category: type[Warning], *_: object, **__: object) -> str:
    return f"{'warning' if category is InputWarning else category.__name__}: {message}\n"


def _unraisable(left: "sys.UnraisableHookArgs") -> None:
    """Print no traceback for a file that cannot be closed since the disk is full: a line has said so already."""
    if not isinstance(left.exc_value, OSError):
        sys.__unraisablehook__(left)


def _drop_output() -> None:
    """Lose what could not be printed, so that it isn't tried again at the end."""
    if (stdout := sys.__stdout__) is not None and sys.stdout is stdout:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())


def _usage(error: typer.TyperException) -> str:
    """Typer's message; of an unknown word with the known word nearest to it, or with all known ones."""
    unknown = re.match(r"(No such (?:command|option):? '?([^' ]+)'?)", error.format_message())
    context = getattr(error, "ctx", None)
    if unknown is None or context is None:
        return error.format_message()
    options = [name for option in context.command.get_params(context) for name in option.opts if name.startswith("-")]
    known = context.command.commands if "command" in unknown[1] else options
    return unknown[1] + nearest(unknown[2], known)


def run(app: typer.Typer, program: str) -> NoReturn:
    """Run a command line and exit: 0 well, 2 bad input or a full disk (one line on stderr), 130 interrupted."""
    warnings.formatwarning = _one_line
    sys.unraisablehook = _unraisable
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    raise_from_now_on()
    try:
        status = app(prog_name=program, standalone_mode=False)
        sys.stdout.flush()
    except (InputError, typer.TyperException) as error:
        message = _usage(error) if isinstance(error, typer.TyperException) else str(error)
        if message:  # a command that printed its help has nothing to add
            sys.stderr.write(f"error: {' '.join(message.split())}\n")
        sys.exit(2)
    except OSError as error:  # such as where the output goes into a file, and the disk is full
        _drop_output()
        sys.stderr.write(f"error: {error.filename or 'the output'}: {error.strerror or error}\n")
        sys.exit(2)
    except MemoryError:
        sys.stderr.write("error: it takes more memory than this machine has; expected fewer steps, rows or runs\n")
        sys.exit(2)
    except (typer.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    if status == INTERRUPTED:  # what typer makes of Ctrl-C
        sys.stderr.write("error: interrupted\n")
    sys.exit(status)
