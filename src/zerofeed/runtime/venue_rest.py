"""Fetches from venues' REST interfaces: lists of instruments, snapshots of books.

One client for each venue, as a venue counts what an address uses. A request waits until the venue's weight
limit lets it (:mod:`zerofeed.venues.weight`), and what fails in passing is tried again after a pause that
doubles and is never the same twice::

    answer              what is done
    ------------------  -----------------------------------------------------------------
    200                 the body is returned
    429, 418            wait as long as ``Retry-After`` says; nothing is sent meanwhile
    408, 5xx            try again; after ``Retry-After`` where there is one
    other               refused: reported at once, it would be refused again
    no connection       try again; a certificate that does not fit is reported at once

Certificates and host names are always verified, against the system's authorities and ``ca_file``.
Proxies are those of the environment (``HTTPS_PROXY``, ``NO_PROXY``); their passwords are never shown.
Every failure is a :class:`~zerofeed.base.errors.VenueError` of one line. Thread-safe; blocks. Needs
the extra ``ws`` (urllib3).
"""

from __future__ import annotations

import math
import random
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3 import exceptions as failures
from urllib3.util import Retry, Timeout, make_headers

from zerofeed.base.errors import ConfigurationError, VenueError
from zerofeed.venues.limits import Limits
from zerofeed.venues.service import Service, Snapshot
from zerofeed.venues.weight import WeightBudget

__all__ = ["LARGEST_ANSWER_BYTES", "VenueRest", "proxies_by"]

LARGEST_ANSWER_BYTES = 256 << 20
"""An answer that is larger is refused; the largest list of instruments has some 20 MB."""

_OK = 200
_BANNED = 418
_TOO_MANY = 429
_TRANSIENT = frozenset({408, _BANNED, _TOO_MANY})
_MOST_PAGES = 100
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_PIECE_BYTES = 1 << 20
_SHOWN_BYTES = 200
_AGENT = "zerofeed"


def proxies_by(proxy: str) -> dict[str, str] | None:
    """Read ``venue.proxy`` for REST: as the environment says, ``none``, or one for everything."""
    if not proxy:
        return None
    return {} if proxy == "none" else {"http": proxy, "https": proxy}


class VenueRest:
    """A client of one venue's REST interface.

    Args:
        limits: of the venue's service.
        ca_file: certificates of authorities to trust besides the system's, PEM.
        proxies: URL of a proxy by scheme; None for those of the environment.
        attempts: how often a request is tried in all.
        timeout_s: to connect, and between two pieces of an answer.
        patience_s: longest wait for the venue's sake; beyond it the request fails at once.
        on_wait: told why and how many seconds, before each wait.
        sleep: waits, in seconds.
        clock: monotonic, in seconds.
        uniform: gives a random number between its two arguments.

    Raises:
        ConfigurationError: ``ca_file`` cannot be read or holds no certificates.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        ca_file: Path | None = None,
        proxies: Mapping[str, str] | None = None,
        attempts: int = 4,
        timeout_s: float = 10.0,
        patience_s: float = 120.0,
        on_wait: Callable[[str, float], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._limits = limits
        self._attempts = attempts
        self._timeout = Timeout(connect=timeout_s, read=timeout_s)
        self._patience_s = patience_s
        self._on_wait = on_wait
        self._sleep = sleep
        self._clock = clock
        self._uniform = uniform
        self._proxies = proxies
        self._context = _trust(ca_file)
        self._budget = WeightBudget(limits.rest_weight_per_minute)
        self._lock = threading.Lock()
        self._pools: dict[str, urllib3.PoolManager] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            for pool in self._pools.values():
                pool.clear()
            self._pools.clear()

    def fetch_snapshot(self, snapshot: Snapshot) -> bytes:
        """Fetch a snapshot of a book.

        Returns:
            The frame that the message decoder reads.

        Raises:
            VenueError: it cannot be had.
        """
        return snapshot.frame(self.get(snapshot.url, weight=snapshot.weight))

    def fetch_instruments(self, service: Service) -> list[bytes]:
        """Fetch a service's list of instruments.

        Returns:
            The answers, for :meth:`~zerofeed.venues.service.Service.parse_instruments`.

        Raises:
            VenueError: one of them cannot be had, or the list has no end.
        """
        bodies: list[bytes] = []
        for first in service.instruments_requests():
            url: str | None = first
            while url is not None:
                if len(bodies) == _MOST_PAGES:
                    raise VenueError(
                        "the list of instruments has no end",
                        where=service.name,
                        expected=f"at most {_MOST_PAGES} pages",
                    )
                body = self.get(url, weight=service.instruments.weight)
                bodies.append(body)
                url = service.next_page(url, body)
        return bodies

    def get(self, url: str, *, weight: int = 1) -> bytes:
        """Fetch one URL.

        Args:
            url: with http or https.
            weight: what the venue counts it for.

        Returns:
            The body of the answer, decompressed.

        Raises:
            VenueError: it cannot be had.
        """
        for attempt in range(1, self._attempts + 1):
            self._wait_for_weight(url, weight)
            try:
                return self._once(url)
            except _Transient as failure:
                error = failure.error
            if attempt == self._attempts or (error.retry_after_s or 0) > self._patience_s:
                break
            self._pause(error, attempt)
        raise error

    def _once(self, url: str) -> bytes:
        try:
            answer = self._pool(url).request(
                "GET",
                url,
                timeout=self._timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                body = _read(answer, url)
            finally:
                answer.release_conn()
        except failures.HTTPError as failure:
            raise _transport_error(url, failure) from failure
        self._learn(answer)
        if answer.status == _OK:
            return body
        raise self._refusal(url, answer, body)

    def _refusal(
        self, url: str, answer: urllib3.BaseHTTPResponse, body: bytes
    ) -> VenueError | _Transient:
        status = answer.status
        retry_after_s = _retry_after(answer)
        error = VenueError(
            _MEANINGS.get(status, "the venue refuses"),
            where=_shown(url),
            got=f"HTTP {status}: {_one_line(body)}",
            next_step=None
            if retry_after_s is None
            else f"the venue asks to be left alone for {retry_after_s:.0f} s",
            status=status,
            retry_after_s=retry_after_s,
        )
        if status in _TRANSIENT or status >= 500:
            if retry_after_s is not None:
                with self._lock:
                    self._budget.block(retry_after_s, self._clock())
            # A ban grows with every request; without a time in it, nothing is safe to try.
            return error if status == _BANNED and retry_after_s is None else _Transient(error)
        return error

    def _wait_for_weight(self, url: str, weight: int) -> None:
        while True:
            with self._lock:
                now_s = self._clock()
                wait_s = self._budget.wait_s(weight, now_s)
                if wait_s <= 0:
                    self._budget.spend(weight, now_s)
                    return
            if wait_s > self._patience_s:
                raise VenueError(
                    "the venue's limits let nothing through now",
                    where=_shown(url),
                    expected=f"at most {self._patience_s:.0f} s to wait",
                    got=f"{wait_s:.0f} s",
                    next_step="try again later",
                    retry_after_s=wait_s,
                )
            self._wait(f"{_shown(url)}: the venue's limits", wait_s)

    def _pause(self, error: VenueError, attempt: int) -> None:
        if error.retry_after_s is not None:
            return  # The budget is blocked for so long already.
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (attempt - 1))
        self._wait(str(error), self._uniform(pause_s / 2, pause_s))

    def _wait(self, why: str, seconds: float) -> None:
        if self._on_wait is not None:
            self._on_wait(why, seconds)
        self._sleep(seconds)

    def _learn(self, answer: urllib3.BaseHTTPResponse) -> None:
        header = self._limits.rest_weight_header
        used = answer.headers.get(header, "") if header else ""
        if used.isdecimal():
            with self._lock:
                self._budget.learn(int(used), self._clock())

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = self._proxy_of(parts.scheme, parts.hostname or "")
        with self._lock:
            pool = self._pools.get(proxy)
            if pool is None:
                pool = self._pools[proxy] = self._make_pool(proxy)
            return pool

    def _make_pool(self, proxy: str) -> urllib3.PoolManager:
        headers = make_headers(user_agent=_AGENT, accept_encoding="gzip,deflate")
        if not proxy:
            return urllib3.PoolManager(headers=headers, ssl_context=self._context)
        parts = urlsplit(proxy)
        if parts.scheme not in {"http", "https"}:
            raise ConfigurationError(
                "this sort of proxy is not supported",
                where="proxy of the environment",
                expected="http:// or https://",
                got=f"{parts.scheme}://",
            )
        secret = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        proxy_headers = make_headers(proxy_basic_auth=secret) if parts.username else None
        return urllib3.ProxyManager(
            f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
            headers=headers,
            proxy_headers=proxy_headers,
            ssl_context=self._context,
        )

    def _proxy_of(self, scheme: str, host: str) -> str:
        if self._proxies is not None:
            return self._proxies.get(scheme, "")
        if urllib.request.proxy_bypass(host):
            return ""
        return urllib.request.getproxies().get(scheme, "")


class _Transient(Exception):  # noqa: N818 - carried from one attempt to the next, never seen outside
    """A failure that may be gone at the next attempt."""

    def __init__(self, error: VenueError) -> None:
        super().__init__(error)
        self.error = error


_MEANINGS = {
    403: "the venue refuses this address",
    404: "the venue has no such thing",
    408: "the venue was too slow",
    _BANNED: "the venue has banned this address for a while",
    _TOO_MANY: "the venue wants fewer requests",
    451: "the venue does not serve this country or address",
    **dict.fromkeys(range(500, 600), "the venue has a fault or is under maintenance"),
}


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                "the certificates cannot be read",
                where=str(ca_file),
                expected="certificates in PEM form",
                got=str(error),
            ) from error
    return context


def _read(answer: urllib3.BaseHTTPResponse, url: str) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := answer.read(_PIECE_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_ANSWER_BYTES:
            answer.close()
            raise VenueError(
                "the venue's answer is too large",
                where=_shown(url),
                expected=f"at most {LARGEST_ANSWER_BYTES} bytes",
            )
    return b"".join(pieces)


def _transport_error(url: str, failure: failures.HTTPError) -> VenueError | _Transient:
    """Say in words what went wrong on the way."""
    cause: BaseException = failure
    through = ""
    if isinstance(failure, failures.ProxyError):
        cause, through = failure.original_error, " through the proxy"
    match cause:
        case failures.SSLError() if "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return VenueError(
                "the venue's certificate is not to be trusted",
                where=_shown(url),
                got=_one_line(str(cause)),
                next_step="check the clock; for an authority of your own, name it in --ca-file",
            )
        case failures.NameResolutionError():
            what = "the venue's name cannot be resolved"
        case failures.NewConnectionError():
            what = "no connection"
        case failures.ConnectTimeoutError():
            what = "no connection in time"
        case failures.TimeoutError():
            what = "the venue does not answer in time"
        case failures.DecodeError():
            what = "the venue's answer cannot be decompressed"
        case failures.SSLError():
            what = "no secure connection"
        case failures.LocationValueError():
            return VenueError("this is no URL of a venue", where=_shown(url), got=str(failure))
        case _:
            what = "the connection broke"
    return _Transient(
        VenueError(
            f"{what}{through}",
            where=_shown(url),
            got=_one_line(_without_connection(str(cause))),
            next_step="check the network, or HTTPS_PROXY if there is a proxy",
        )
    )


def _retry_after(answer: urllib3.BaseHTTPResponse) -> float | None:
    header = answer.headers.get("Retry-After")
    if header is None:
        return None
    try:
        seconds = Retry().parse_retry_after(header)
    except failures.InvalidHeader:
        return None
    return seconds if math.isfinite(seconds) else None


def _without_connection(text: str) -> str:
    """Leave out which connection object it was: ``HTTPSConnection(host=..., port=443): ...``."""
    head, colon, rest = text.partition("): ")
    return rest if colon and "Connection" in head else text


def _shown(url: str) -> str:
    """Name a URL without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.hostname}{parts.path}"


def _one_line(text: bytes | str) -> str:
    plain = text if isinstance(text, str) else text[: 4 * _SHOWN_BYTES].decode("utf-8", "replace")
    line = " ".join("".join(c if c.isprintable() else " " for c in plain).split())
    return line if len(line) <= _SHOWN_BYTES else f"{line[:_SHOWN_BYTES]} ..."
