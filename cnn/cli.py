"""What every command does alike: one line for an error, clean ends, and their exit statuses."""

import signal
import sys
from types import FrameType
from typing import NoReturn

import typer

from cnn.errors import InputError

TERMINATED = 128 + signal.SIGTERM
INTERRUPTED = 128 + signal.SIGINT


def run(app: typer.Typer, program: str) -> NoReturn:
    """Run a command line and exit: 0 well, 1 'no', 2 bad input (one line on stderr), 130 or 143 interrupted."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        status = app(prog_name=program, standalone_mode=False)
    except (InputError, typer.TyperException) as error:
        message = error.format_message() if isinstance(error, typer.TyperException) else str(error)
        sys.exit(fail(message, 2))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(fail("interrupted", INTERRUPTED))
    sys.exit(status)


def fail(message: str, status: int) -> int:
    """Print one line on stderr and return the exit status."""
    sys.stderr.write(f"error: {' '.join(message.split())}\n")
    return status


def _terminate(_number: int, _frame: FrameType | None) -> None:
    sys.exit(TERMINATED)  # as an exception, so that half-written files are removed on the way out
