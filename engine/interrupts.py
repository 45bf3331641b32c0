"""Ctrl-C while a command's modules still load: the process ends at once, with status 130 and without a traceback.

The package imports this first of all, before NumPy, whose own code prints a traceback when it is interrupted.
"""

import os
import signal
import sys

INTERRUPTED = 130
# How the first argument ends while `python -m` looks for the package, and in the scripts of the installed package.
COMMANDS = ("-m", "backprop-engine", "backprop-workbook", "backprop-engine.exe", "backprop-workbook.exe")


def _end_while_loading() -> None:
    """Let Ctrl-C end a command that has begun nothing yet; not under nohup, nor where a program imports the package."""
    is_worker = "--multiprocessing-fork" in sys.orig_argv
    is_command = is_worker or (bool(sys.argv) and sys.argv[0].endswith(COMMANDS))
    if is_command and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: _end(b"" if is_worker else b"error: interrupted\n"))


def _end(line: bytes) -> None:
    """End at once; a command's own processes leave the line to it."""
    os.write(2, line)
    os._exit(INTERRUPTED)


def raise_from_now_on() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again, so that what a command has begun is put away."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


_end_while_loading()
