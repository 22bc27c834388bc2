"""Run the command in this process or in its own, and make captures for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result

from tests.unit.feed.feeds import name_of_feed
from tests.unit.runtime.live import free_port
from tests.unit.runtime.venue_packets import OPENS_NS, Packets
from zerofeed.apps.cli import cli
from zerofeed.feed.attach import Feed, attach
from zerofeed.wire.pcap_write import CaptureWriter

__all__ = ["PATIENCE_S", "call", "error_of", "running_feed", "start", "write_capture"]

PATIENCE_S = 60.0
"""How long a command may take to start on a machine that is busy."""

LOCAL = 0x7F000001


def call(*arguments: object) -> Result:
    """Run a command line in this process."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], prog_name="zerofeed")


def error_of(result: Result) -> str:
    """What a failed command said: one line, without its beginning."""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("zerofeed: error: ")
    return lines[0].removeprefix("zerofeed: error: ")


@contextmanager
def start(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run a command in a process of its own; it is gone when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "zerofeed", *(str(argument) for argument in arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def running_feed(folder: Path) -> Iterator[tuple[Feed, int, subprocess.Popen[str]]]:
    """A feed that `zerofeed run` runs: attached, its UDP port, and the process."""
    name, port = name_of_feed(), free_port()
    config = folder / "feed.toml"
    config.write_text(
        f'[feed]\nname = "{name}"\nprotocol = "deribit-multicast"\n'
        f'[[source]]\ngroup = "127.0.0.1"\nport = {port}\n'
        "[memory]\nrecords = 65536\ninstruments = 512\nbook_levels = 64\n"
    )
    with start("run", config) as process, attach(name, wait=PATIENCE_S) as feed:
        yield feed, port, process
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=PATIENCE_S)[1]
        assert process.returncode == 0, said


def write_capture(path: Path, packets: Packets, port: int = 6100) -> Path:
    """Write packets as a capture file, a millisecond apart."""
    with path.open("wb") as file, CaptureWriter(file) as writer:
        for k in range(len(packets)):
            writer.write_udp(
                OPENS_NS + k * 1_000_000,
                packets.payload(k),
                source=(LOCAL, 5000),
                destination=(0xEF6F6F01, port),
            )
    return path
