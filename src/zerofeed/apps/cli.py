"""The ``zerofeed`` command: its verbs, their options, and what the shell is told at the end.

Only click is imported here. Each verb imports its own module when it is called, so that help
answers in the time that Python takes to start, and a mistyped option costs no more. How a command
ends is told in :mod:`zerofeed.apps.ending`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NoReturn

import click

from zerofeed.apps.cli_venues import instruments, mock, venues
from zerofeed.apps.ending import (
    PipeClosedError,
    complete_streams,
    raised_on_sigterm,
    status_of,
    until_interrupted,
)

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


_PATH = click.Path(path_type=Path)

# Click keeps the lines of a paragraph that begins with a backspace as they are.
_ABOUT = """Market data from the wire to every Python process on the machine, without a copy.

\b
zerofeed demo                        a venue, a feed, three readers, live figures
zerofeed run binance:BTCUSDT         a feed, until stopped; or a TOML file
zerofeed tail binance                watch it from any other terminal
"""
_RUNS = """Run a feed until SIGINT or SIGTERM.

CONFIG is a TOML file. Or name a venue, its symbols and, if you like, channels; the feed then has
the venue's name:

\b
  zerofeed run binance:BTCUSDT,ETHUSDT
  zerofeed run okx:BTC-USDT-SWAP:trades,book,funding

`zerofeed venues` and `zerofeed instruments VENUE` list what there is. What happens is logged on
standard error.
"""
_DECODES = """Decode a capture FILE offline, with the code of a live feed.

FILE is plain or gzipped. What it is, and the protocols that are known:

\b
  pcap, pcapng                 deribit-multicast, itch50-mold, iex-tops, iex-deep, pitch,
                               cme-mdp3, coinbase-derivatives, deribit-starbase,
                               binance-sbe, bybit-sbe, okx-sbe
  files of Nasdaq ITCH 5.0     itch50, itch50-soup
  lines of `local_ns json`     binance-spot, binance-usdm, binance-coinm, bitfinex, bitmex,
  or `seconds: json`           bybit, coinbase, deribit-json, kraken-v1, kraken-v2,
                               kraken-futures, okx
  JSON of another venue        FILE.py:NAME, a dialect of your own
  SBE of another venue         sbe, with --schema FILE
"""
_MEASURES = """Measure this machine.

\b
hop       one record from a writer to a reader in another process
fanout    one writer, several readers
publish   records a second that a writer can publish
decode    messages a second that one core decodes
wake      a blocking reader being woken
"""


class _Command(click.Group):
    """The group, with one way out for everything that can go wrong in a verb."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb that was asked for."""
        try:
            value = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            raise PipeClosedError from None
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
        with raised_on_sigterm():
            sys.exit(status_of(lambda: self._run(args, prog_name, complete_var, extra)))

    def _run(
        self,
        args: Sequence[str] | None,
        prog_name: str | None,
        complete_var: str | None,
        extra: dict[str, Any],
    ) -> int:
        value = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        return value if isinstance(value, int) else 0


@click.group(
    cls=_Command,
    help=_ABOUT,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="zerofeed", message="%(prog)s %(version)s")
def cli() -> None:
    """Hold the verbs."""


@cli.command(help=_RUNS)
@click.argument("names", metavar="CONFIG|VENUE:SYMBOLS", nargs=-1, required=True)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY.PATH=VALUE",
    help="Change one value, e.g. memory.records=1048576, source.0.port=6200, feed.name=mine.",
)
def run(names: tuple[str, ...], settings: tuple[str, ...]) -> int:
    """Run a feed until SIGINT or SIGTERM."""
    from zerofeed.apps import run as verb  # noqa: PLC0415

    return until_interrupted(lambda: verb.run(names, settings))


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

    return until_interrupted(
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

    return until_interrupted(
        lambda: verb.top(feed, user=user, interval=interval, is_json=is_json, is_once=once)
    )


@cli.command(help=_DECODES)
@click.argument("file", type=_PATH)
@click.option("--protocol", required=True, metavar="NAME", help="What the packets are, see above.")
@click.option("--kinds", metavar="A,B", help="Only these kinds of record.")
@click.option("--schema", type=_PATH, metavar="XML", help="Schema of the protocol sbe.")
@click.option(
    "--framing",
    type=_PATH,
    metavar="TOML",
    help="How its packets are framed; default: messages back to back.",
)
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Trading day of messages that say none (ITCH); default: from arrivals or the file's name.",
)
@click.option(
    "--books", is_flag=True, help="Also the books as they are at the end, and what is doubted."
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["ndjson", "table", "summary", "messages"]),
    default="summary",
    show_default=True,
)
def decode(
    file: Path,
    protocol: str,
    kinds: str | None,
    schema: Path | None,
    framing: Path | None,
    day: datetime | None,
    style: str,
    *,
    books: bool,
) -> int:
    """Decode a capture FILE offline, with the code of a live feed."""
    from zerofeed.apps import decode as verb  # noqa: PLC0415

    return verb.decode(
        file,
        protocol=protocol,
        kinds=kinds,
        style=style,
        has_books=books,
        day=None if day is None else day.date(),
        schema=schema,
        framing=framing,
    )


@cli.command()
@click.argument("file", type=_PATH)
@click.option(
    "--to",
    "destinations",
    metavar="GROUP:PORT",
    multiple=True,
    help="Where every payload goes; given twice, by two lines.",
)
@click.option(
    "--faults",
    metavar="NAME=CHANCE,...",
    multiple=True,
    help="What goes wrong on each line: drop, duplicate, reorder, delay, corrupt; delay_us, skew_us, burst.",
)
@click.option(
    "--seed", default=1, show_default=True, help="Of the faults: the same, the same faults."
)
@click.option(
    "--rerequest",
    metavar="HOST:PORT",
    help="Send MoldUDP64 messages of the capture again to whoever asks there.",
)
@click.option(
    "--linger",
    "linger_s",
    default=5.0,
    show_default=True,
    metavar="S",
    help="With --rerequest: how long that goes on behind the last packet.",
)
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
    destinations: tuple[str, ...],
    faults: tuple[str, ...],
    seed: int,
    rerequest: str | None,
    linger_s: float,
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
        destinations=destinations,
        faults=faults,
        seed=seed,
        rerequest=rerequest,
        linger_s=linger_s,
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


cli.add_command(instruments)
cli.add_command(mock)
cli.add_command(venues)


def main() -> NoReturn:
    """Run the command line of this process; does not return."""
    complete_streams()
    cli.main(prog_name="zerofeed")
    sys.exit(0)
