"""The ``zerofeed`` command: its verbs, their options, and what the shell is told at the end.

Only click is imported here. Each verb imports its own module when it is called, so that help
answers in the time that Python takes to start, and a mistyped option costs no more.

How a command ends:

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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn

import click

__all__ = [
    "audit",
    "bench",
    "cli",
    "decode",
    "demo",
    "doctor",
    "ls",
    "main",
    "run",
    "send",
    "tail",
    "top",
    "warm",
]

_DEBUG = "ZEROFEED_DEBUG"
_BUG = 70
_REFUSED = 3
_INTERRUPTED = 128 + signal.SIGINT
_TERMINATED = 128 + signal.SIGTERM

_PATH = click.Path(path_type=Path)

# Click keeps the lines of a paragraph that begins with a backspace as they are.
_ABOUT = """Market data from the wire to every Python process on the machine, without a copy.

\b
zerofeed demo                     a venue, a feed, three readers, live figures
zerofeed run feeds/deribit.toml   a feed, until stopped
zerofeed tail deribit             watch it from any other terminal
"""
_MEASURES = """Measure this machine.

\b
hop       one record from a writer to a reader in another process
fanout    one writer, several readers
publish   records a second that a writer can publish
decode    messages a second that one core decodes
wake      a blocking reader being woken
"""


class _Terminated(BaseException):
    """SIGTERM: unwind, so that terminals and sockets are put in order."""


class _PipeClosedError(Exception):
    """Nobody reads standard output any more. Not an OSError: click has its own way with those."""


class _Command(click.Group):
    """The group, with one way out for everything that can go wrong in a verb."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb that was asked for."""
        try:
            value = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            raise _PipeClosedError from None
        return value

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - click's own signature
        **extra: Any,
    ) -> Any:
        """Run a command line.

        Args:
            args: instead of the process's own.
            prog_name: what the program is called in messages.
            complete_var: as click's.
            standalone_mode: False lets exceptions through and returns the verb's value.
            extra: as click's.
        """
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        with _raised_on_sigterm():
            sys.exit(_status(lambda: self._run(args, prog_name, complete_var, extra)))

    def _run(
        self,
        args: Sequence[str] | None,
        prog_name: str | None,
        complete_var: str | None,
        extra: dict[str, Any],
    ) -> int:
        value = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        return value if isinstance(value, int) else 0


@contextlib.contextmanager
def _raised_on_sigterm() -> Iterator[None]:
    """Make SIGTERM an exception; not possible, and not needed, outside the main thread."""

    def unwind(_number: int, _frame: object) -> NoReturn:
        raise _Terminated

    try:
        previous = signal.signal(signal.SIGTERM, unwind)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _status(run: Callable[[], int]) -> int:
    """Run, and turn whatever comes out of it into an exit status and at most one line."""
    try:
        return run()
    except _Terminated:
        return _TERMINATED
    except (KeyboardInterrupt, click.Abort):
        return _INTERRUPTED
    except _PipeClosedError:
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


def _until_interrupted(run: Callable[[], int]) -> int:
    """Run what normally ends with Ctrl-C."""
    try:
        return run()
    except KeyboardInterrupt:
        return 0


@click.group(
    cls=_Command,
    help=_ABOUT,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="zerofeed", message="%(prog)s %(version)s")
def cli() -> None:
    """Hold the verbs."""


@cli.command()
@click.argument("config", type=_PATH)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY.PATH=VALUE",
    help="Change one value of the file, e.g. memory.records=1048576 or source.0.port=6200.",
)
def run(config: Path, settings: tuple[str, ...]) -> int:
    """Run a feed until SIGINT or SIGTERM.

    CONFIG is a TOML file. What happens is logged on standard error.
    """
    from zerofeed.apps import run as verb  # noqa: PLC0415

    return _until_interrupted(lambda: verb.run(config, settings))


@cli.command()
@click.argument("feed")
@click.option("--user", metavar="UID", help="User who runs the feed; default: you.")
@click.option(
    "--kind", "kinds", metavar="A,B", help="Only these kinds of record: trade, level, bbo ..."
)
@click.option(
    "--symbol",
    "symbols",
    multiple=True,
    metavar="PATTERN",
    help="Only instruments that match, with * and ?; may be given several times.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "ndjson"]),
    default="table",
    show_default=True,
)
@click.option(
    "--start",
    default="now",
    show_default=True,
    metavar="now|oldest|SEQ",
    help="Where to begin: with what comes next, the oldest record kept, or a sequence number.",
)
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Stop after N records.")
@click.option(
    "--lossless", is_flag=True, help="Hold the feed back rather than miss records, if it lets you."
)
def tail(
    feed: str,
    user: str | None,
    kinds: str | None,
    symbols: tuple[str, ...],
    style: str,
    start: str,
    count: int | None,
    *,
    lossless: bool,
) -> int:
    """Follow the records of a running FEED.

    FEED is the name of a feed or the path of its socket. On a terminal a table's lines are cut
    at its width; ndjson has every field.
    """
    from zerofeed.apps import tail as verb  # noqa: PLC0415

    return _until_interrupted(
        lambda: verb.tail(
            feed,
            user=user,
            kinds=kinds,
            symbols=symbols,
            style=style,
            start=start,
            count=count,
            is_lossless=lossless,
        )
    )


@cli.command()
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def ls(*, is_json: bool) -> int:
    """List the feeds of this machine and their readers."""
    from zerofeed.apps import ls as verb  # noqa: PLC0415

    return verb.ls(is_json=is_json)


@cli.command()
@click.argument("feed")
@click.option("--user", metavar="UID", help="User who runs the feed; default: you.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.05),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two looks.",
)
@click.option("--json", "is_json", is_flag=True, help="One JSON object for each look.")
@click.option("--once", is_flag=True, help="Stop after one interval.")
def top(feed: str, user: str | None, interval: float, *, is_json: bool, once: bool) -> int:
    """Watch rates, latencies, loss and readers of a running FEED.

    Ends with Ctrl-C.
    """
    from zerofeed.apps import top as verb  # noqa: PLC0415

    return _until_interrupted(
        lambda: verb.top(feed, user=user, interval=interval, is_json=is_json, is_once=once)
    )


@cli.command()
@click.argument("file", type=_PATH)
@click.option("--protocol", required=True, metavar="NAME", help="e.g. deribit-multicast")
@click.option("--kinds", metavar="A,B", help="Only these kinds of record.")
@click.option("--books", is_flag=True, help="Also the books as they are at the end.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["ndjson", "table", "summary"]),
    default="summary",
    show_default=True,
)
def decode(file: Path, protocol: str, kinds: str | None, style: str, *, books: bool) -> int:
    """Decode a capture FILE offline, with the code of a live feed.

    FILE is pcap or pcapng, also gzipped.
    """
    from zerofeed.apps import decode as verb  # noqa: PLC0415

    return verb.decode(file, protocol=protocol, kinds=kinds, style=style, has_books=books)


@cli.command()
@click.argument("file", type=_PATH)
@click.option("--to", "destination", metavar="GROUP:PORT", help="Where every payload goes.")
@click.option(
    "--keep-destinations",
    is_flag=True,
    help="Send each payload to the multicast group that it was recorded from.",
)
@click.option(
    "--speed",
    default="1x",
    show_default=True,
    metavar="1x|10x|max",
    help="As recorded, faster by a factor, or as fast as possible.",
)
@click.option(
    "--interface",
    metavar="NAME",
    help="Interface to send multicast from, e.g. lo; default: by the routing table.",
)
@click.option(
    "--ttl",
    type=click.IntRange(0, 255),
    default=1,
    show_default=True,
    help="Hops; 0 keeps multicast on this machine.",
)
@click.option(
    "--loop",
    "times",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    metavar="N",
    help="Send the file N times; 0 repeats it until Ctrl-C.",
)
@click.option(
    "--max-rate", type=click.FloatRange(min=0, min_open=True), metavar="PPS",
    help="At most so many packets a second.",
)  # fmt: skip
@click.option(
    "--receiver",
    type=click.Choice(["udp", "afxdp"]),
    default="udp",
    show_default=True,
    help="What sends: a UDP socket, or AF_XDP on --interface, past the network stack, for root.",
)
@click.option(
    "--destination-mac",
    metavar="MAC",
    help="With afxdp: Ethernet address for unicast; default: the neighbour table's.",
)
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def send(
    file: Path,
    destination: str | None,
    speed: str,
    interface: str | None,
    ttl: int,
    times: int,
    max_rate: float | None,
    receiver: Literal["udp", "afxdp"],
    destination_mac: str | None,
    *,
    keep_destinations: bool,
    is_json: bool,
) -> int:
    """Send the payloads of a capture FILE, paced by their times."""
    from zerofeed.apps import send as verb  # noqa: PLC0415

    return verb.send(
        file,
        destination=destination,
        speed=speed,
        interface=interface,
        ttl=ttl,
        times=times,
        max_rate=max_rate,
        keeps_destinations=keep_destinations,
        receiver=receiver,
        destination_mac=destination_mac,
        is_json=is_json,
    )


@cli.command()
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes that compile; default: one for each core.",
)
def warm(jobs: int | None, *, is_json: bool) -> int:
    """Compile every kernel into the cache, where later starts find it."""
    from zerofeed.apps import warm as verb  # noqa: PLC0415

    return verb.warm(jobs=jobs, is_json=is_json)


@cli.command()
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), default=10.0, show_default=True,
    help="How long the embedded venue trades.",
)  # fmt: skip
@click.option("--capture", type=_PATH, metavar="FILE", help="Send this capture instead.")
@click.option(
    "--protocol",
    default="deribit-multicast",
    show_default=True,
    metavar="NAME",
    help="What the packets are.",
)
@click.option(
    "--readers", type=click.IntRange(1, 64), default=3, show_default=True,
    help="Reader processes.",
)  # fmt: skip
@click.option(
    "--speed",
    default="max",
    show_default=True,
    metavar="1x|10x|max",
    help="Of the capture; max is as fast as the feed takes it.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    default=20_000.0,
    show_default=True,
    metavar="PPS",
    help="Packets a second that the venue sends; 0 is as many as the feed takes.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the simulation.")
@click.option(
    "--afxdp", "is_afxdp", is_flag=True,
    help="By AF_XDP, from one private network to another, for root.",
)  # fmt: skip
@click.option("--json", "is_json", is_flag=True, help="One JSON object at the end.")
def demo(
    seconds: float,
    capture: Path | None,
    protocol: str,
    readers: int,
    speed: str,
    rate: float,
    seed: int,
    *,
    is_afxdp: bool,
    is_json: bool,
) -> int:
    """Show it all: a venue, a feed, readers, live figures, a verdict."""
    from zerofeed.apps import demo as verb  # noqa: PLC0415
    from zerofeed.apps.send import parse_speed  # noqa: PLC0415

    factor = parse_speed(speed)
    plan = verb.DemoPlan(
        seconds=seconds,
        capture=None if capture is None else str(capture),
        protocol=protocol,
        readers=readers,
        speed=None if factor == "max" else factor,
        rate=rate or None,
        seed=seed,
        is_afxdp=is_afxdp,
    )
    return verb.demo(plan, as_json=is_json)


@cli.command()
@click.option(
    "--interface",
    metavar="NAME",
    help="Interface that the packets arrive on; default: the default route's.",
)
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def doctor(interface: str | None, *, is_json: bool) -> int:
    """Say what this machine can do, and what would make it faster.

    Each finding comes with the command that improves it. Nothing is changed.
    """
    from zerofeed.apps.doctor import report as verb  # noqa: PLC0415

    return verb.doctor(interface, is_json=is_json)


@cli.command()
@click.argument("feed")
@click.option("--user", metavar="UID", help="User who runs the feed; default: you.")
@click.option(
    "--seconds", type=click.FloatRange(min=0), default=3.0, show_default=True,
    help="How long to watch.",
)  # fmt: skip
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def audit(feed: str, user: str | None, seconds: float, *, is_json: bool) -> int:
    """Prove how often bytes are copied between the wire and each reader of FEED.

    Ends with 1 when something contradicts what the feed or a reader states.
    """
    from zerofeed.apps.audit import report as verb  # noqa: PLC0415

    return verb.audit(feed, user=user, seconds=seconds, is_json=is_json)


@cli.command(help=_MEASURES)
@click.argument("what", type=click.Choice(["hop", "poll", "wake", "publish", "fanout", "decode"]))
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    metavar="N",
    help="Repetitions.",
)
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def bench(what: str, rounds: int, *, is_json: bool) -> int:
    """Measure this machine."""
    from zerofeed.apps import bench as verb  # noqa: PLC0415

    return verb.bench(what, rounds=rounds, as_json=is_json)


def main() -> NoReturn:
    """Run the command line of this process; does not return."""
    _complete_streams()
    cli.main(prog_name="zerofeed")
    sys.exit(0)


def _complete_streams() -> None:
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
