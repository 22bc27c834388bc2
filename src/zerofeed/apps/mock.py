"""``zerofeed mock``: a venue to test against, until Ctrl-C."""

from __future__ import annotations

import json
import math
import shlex
import signal
import sys
import tempfile
import time
from pathlib import Path

from zerofeed.base.errors import ConfigurationError
from zerofeed.mock.venue import MockVenue
from zerofeed.mock.venue.venues import VENUES
from zerofeed.venues.catalogue import SERVICES
from zerofeed.wire.pacing import parse_speed

__all__ = ["mock"]

_LOOK_S = 0.2


def mock(
    venue: str,
    *,
    captures: tuple[Path, ...] = (),
    symbols: str | None = None,
    is_generating: bool = False,
    rate: float = 100.0,
    count: int | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    speed: str = "1x",
    faults: str = "",
    seed: int = 1,
    ca_file: Path | None = None,
    is_tls: bool = True,
    ends: bool = False,
    is_json: bool = False,
) -> int:
    """Serve a venue and say where. Blocks until Ctrl-C, or the end of the replay with ``ends``.

    Args:
        venue: its name, or that of a service as ``zerofeed venues`` lists them.
        captures: text captures to replay.
        symbols: ``A,B`` of a made-up market.
        is_generating: make a market up.
        rate: its events a second; 0 is as fast as clients take them.
        count: how many; without end if None.
        host: address to listen on.
        port: 0 takes a free one.
        speed: of the capture: ``1x``, ``10x``, ``max``.
        faults: ``drop=0.01,disconnect=0.001``.
        seed: of market and faults.
        ca_file: where the certificate goes; default: a file that is removed at the end.
        is_tls: without it, plain ``ws`` and ``http``.
        ends: stop when the replay is done.
        is_json: say it as JSON, one object at the start and one at the end.

    Returns:
        0.

    Raises:
        ConfigurationError: wrong options, a wrong capture, or the extra ``mock`` is missing.
        ResourceError: the port is taken.
    """
    if is_generating is bool(captures):
        raise ConfigurationError(
            "say what the venue has to tell, in one way",
            where="--capture or --generate",
            next_step="for instance --generate --symbols BTCUSDT",
        )
    service, venue = _service_of(venue), _mocked(venue)
    factor = parse_speed(speed)
    with tempfile.TemporaryDirectory(prefix="zerofeed-mock-") as folder:
        served = MockVenue(
            venue,
            capture=list(captures) if captures else None,
            symbols=[part.strip() for part in (symbols or "").split(",") if part.strip()],
            rate=rate or math.inf,
            count=count,
            speed=math.inf if factor == "max" else factor,
            faults=faults,
            seed=seed,
            host=host,
            port=port,
            ca_file=ca_file or Path(folder) / "ca.pem",
            is_tls=is_tls,
        )
        with served:
            try:
                _say_where(venue, service, served, is_tls=is_tls, is_json=is_json)
                while not (ends and served.told()["is_done"]):
                    time.sleep(_LOOK_S)
            except KeyboardInterrupt:
                # Ctrl-C is how a server is meant to end; a second one must not cut this short.
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            told = served.told()
    _say_what(told, is_json=is_json)
    return 0


def _mocked(name: str) -> str:
    """Name the mock of a service: one protocol may be that of several services."""
    service = SERVICES.get(name)
    if name in VENUES or service is None:
        return name
    return service.protocol if service.protocol in VENUES else service.venue


def _service_of(name: str) -> str:
    """Name a service that is mocked by this: itself, or the first of the protocol or the venue."""
    if name in SERVICES:
        return name
    named = [each.name for each in SERVICES.values() if name in {each.protocol, each.venue}]
    return named[0] if named else name


def _say_where(venue: str, service: str, served: MockVenue, *, is_tls: bool, is_json: bool) -> None:
    ca_file = str(served.ca_file) if is_tls else None
    symbols = served.symbols
    if is_json:
        told = {
            "venue": venue,
            "ws_url": served.ws_url,
            "rest_url": served.rest_url,
            "ca_file": ca_file,
            "symbols": symbols,
        }
        print(json.dumps(told), flush=True)
        return
    shown = ", ".join(symbols[:5]) + (", ..." if len(symbols) > 5 else "")
    print(f"{venue} is mocked, symbols: {shown}")
    print(f"  WebSocket  {served.ws_url}")
    print(f"  REST       {served.rest_url}")
    if ca_file is not None:
        print(f"  trust      {ca_file}")
    trust = f"cafile={ca_file!r}" if ca_file else ""
    print("Try it (the replay begins with the first subscription):")
    command = [f"zerofeed run {shlex.quote(f'{service}:{symbols[0]}')}"] if symbols else []
    if command:
        command += [
            f"--set venue.ws_url={served.ws_base}",
            f"--set venue.rest_url={served.rest_url}",
        ]
        command += [f"--set venue.ca_file={shlex.quote(ca_file)}"] if ca_file else []
        print("  " + " \\\n    ".join(command))
    if ca_file is not None:
        name = shlex.quote(ca_file)
        print(f"  SSL_CERT_FILE={name} python -m websockets {served.ws_url}")
        print(f"  ssl.create_default_context({trust})  # in a client of your own")
    else:
        print(f"  python -m websockets {served.ws_url}")
    print("Ctrl-C ends it.", flush=True)


def _say_what(told: dict[str, object], *, is_json: bool) -> None:
    if is_json:
        print(json.dumps(told))
        return
    faults = told["faults"]
    assert isinstance(faults, dict)
    done = ", ".join(f"{name} {count:,}" for name, count in sorted(faults.items())) or "none"
    print(
        f"{told['connections']:,} connections, {told['requests']:,} requests, "
        f"{told['messages']:,} messages sent; faults: {done}"
    )
    if told["capture_gaps"]:
        print(f"zerofeed: the capture itself has {told['capture_gaps']:,} gaps", file=sys.stderr)
