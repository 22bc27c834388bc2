"""How a command ends: its exit status, and at most one line on standard error.

======  ======================================================================================
status  when
======  ======================================================================================
0       done; also ``run``, ``tail`` and ``top`` ended by Ctrl-C, and a closed pipe (``| head``)
1..6    a :class:`~zerofeed.base.errors.ZerofeedError`, by its ``exit_code``
2       a wrong option or argument
3       an operation that the system refused
70      a mistake of zerofeed's own; ``ZEROFEED_DEBUG=1`` shows where
130     Ctrl-C
143     SIGTERM
======  ======================================================================================

Every failure is one line on standard error.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn

import click

__all__ = [
    "PipeClosedError",
    "Terminated",
    "complete_streams",
    "raised_on_sigterm",
    "status_of",
    "until_interrupted",
]

_DEBUG = "ZEROFEED_DEBUG"
_BUG = 70
_REFUSED = 3
_INTERRUPTED = 128 + signal.SIGINT
_TERMINATED = 128 + signal.SIGTERM


class Terminated(BaseException):
    """SIGTERM: unwind, so that terminals and sockets are put in order."""


class PipeClosedError(Exception):
    """Nobody reads standard output any more. Not an OSError: click has its own way with those."""


@contextlib.contextmanager
def raised_on_sigterm() -> Iterator[None]:
    """Make SIGTERM an exception; not possible, and not needed, outside the main thread."""

    def unwind(_number: int, _frame: object) -> NoReturn:
        raise Terminated

    try:
        previous = signal.signal(signal.SIGTERM, unwind)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def status_of(run: Callable[[], int]) -> int:
    """Run, and turn whatever comes out of it into an exit status and at most one line."""
    try:
        return run()
    except Terminated:
        return _TERMINATED
    except (KeyboardInterrupt, click.Abort):
        return _INTERRUPTED
    except PipeClosedError:
        _forget_stdout()
        return 0
    except click.ClickException as error:
        return _say_usage(error)
    except Exception as error:
        if os.environ.get(_DEBUG, "0") not in {"", "0"}:
            raise
        return _say_error(error)


def _say(line: str) -> None:
    one_line = " ".join(line.split())
    with contextlib.suppress(OSError):
        click.echo(f"zerofeed: error: {one_line}", err=True)


def _say_usage(error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return error.exit_code
    hint = f"; `{context.command_path} --help` lists what there is" if context else ""
    _say(f"{error.format_message().rstrip('.')}{hint}")
    return error.exit_code


def _say_error(error: Exception) -> int:
    from zerofeed.base.errors import BugError, ZerofeedError  # noqa: PLC0415

    if isinstance(error, BugError):
        _say(f"{error}; please report it with the output of {_DEBUG}=1")
        return error.exit_code
    if isinstance(error, ZerofeedError):
        _say(str(error))
        return error.exit_code
    if isinstance(error, OSError) and error.strerror:
        what = f"{error.filename}: " if error.filename else ""
        _say(f"{what}{error.strerror}")
        return _REFUSED
    _say(
        f"unexpected {type(error).__name__}: {error}; this is a mistake in zerofeed, "
        f"please report it with the output of {_DEBUG}=1"
    )
    return _BUG


def _forget_stdout() -> None:
    """Throw away what is still buffered for a pipe that nobody reads, also at exit."""
    with contextlib.suppress(OSError, ValueError):
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, sys.stdout.fileno())
        os.close(quiet)


def until_interrupted(run: Callable[[], int]) -> int:
    """Run what normally ends with Ctrl-C."""
    try:
        return run()
    except KeyboardInterrupt:
        return 0


def complete_streams() -> None:
    """Open what a parent closed, so that no socket gets its number and every write has a place.

    A symbol that the terminal's encoding lacks is shown by its number.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w", closefd=False))
        with contextlib.suppress(AttributeError):
            getattr(sys, name).reconfigure(errors="backslashreplace")
