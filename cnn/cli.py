"""What every command does alike: one line for an error, clean ends, and their exit statuses."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from cnn.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    import typer
    from typer import TyperException

STOPPING = (signal.SIGINT, signal.SIGTERM)
WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


class Stopped(BaseException):
    """Ctrl-C or SIGTERM. Its notes say how to go on; half-written files are removed as it passes."""

    def __init__(self, number: int) -> None:
        super().__init__(WORDS[signal.Signals(number)])
        self.status = 128 + number


def run(load_app: Callable[[], typer.Typer], program: str) -> NoReturn:
    """Run the command line and exit: 0 well, 1 'no', 2 bad input (one line on stderr), 130 or 143 stopped."""
    _when_stopped(_exit_at_once)
    try:
        sys.exit(_run(load_app, program))
    except InputError as error:
        sys.exit(fail(str(error)))
    except OSError as error:  # a path that may not even be looked at, say
        sys.exit(fail(f"{error.filename or 'the output'}: {error.strerror or error}"))
    except Stopped as stop:
        sys.exit(fail("; ".join([str(stop), *getattr(stop, "__notes__", [])]), stop.status))


def _run(load_app: Callable[[], typer.Typer], program: str) -> int | None:
    arguments = sys.argv[1:]
    if arguments[:1] == ["--version"]:  # needs none of the packages that the commands need
        print_version()
        return None
    try:
        from typer import TyperException

        app = load_app()
    except ModuleNotFoundError as error:
        raise InputError(
            f"the package {error.name} is not installed, and the CNN needs it: pip install '.[cnn]'"
        ) from None
    _when_stopped(_stop)
    try:
        status: int | None = app(args=arguments or ["--help"], prog_name=program, standalone_mode=False)
    except TyperException as error:
        raise InputError(_message(error)) from None
    return status if arguments else 2  # no command is bad usage, though it gets the help


def _message(error: TyperException) -> str:
    """What typer says, but where it knows no such word: the one that was meant, or all that there are."""
    unknown = re.match(r"(No such (?:command|option):? '?([^' ]+)'?)", error.format_message())
    context = getattr(error, "ctx", None)
    if unknown is None or context is None:
        return error.format_message()
    options = [name for option in context.command.get_params(context) for name in option.opts if name.startswith("-")]
    known = context.command.commands if "command" in unknown[1] else options
    return f"{unknown[1]}; {nearest(unknown[2], known)}"


def print_version() -> None:
    """Print the version of the installed package, of which the CNN is a part."""
    from importlib.metadata import version  # takes a tenth of a second, in which Ctrl-C would give a traceback

    sys.stdout.write(f"backprop-workbook {version('backprop-workbook')}\n")


def again(*options: str) -> str:
    """The command line that is running, with these options too, as it can be typed from here."""
    import shlex

    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    arguments = [argument for argument in sys.argv[1:] if argument not in options]
    return shlex.join([str(python), "-m", "cnn", *arguments, *options])


def fail(message: str, status: int = 2) -> int:
    """Print one line on stderr, and give the status to exit with."""
    sys.stderr.write(f"error: {' '.join(message.split())}\n")
    return status


def _when_stopped(handle: Callable[[int, FrameType | None], NoReturn]) -> None:
    for number in STOPPING:
        signal.signal(number, handle)


def _exit_at_once(number: int, _frame: FrameType | None) -> NoReturn:
    # While packages are imported there is nothing to tidy up, and an exception might be swallowed by one of them.
    fail(WORDS[signal.Signals(number)])
    os._exit(128 + number)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped(number)
