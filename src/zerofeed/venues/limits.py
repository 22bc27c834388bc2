"""What a venue allows on its interfaces, and how a connection to it is kept alive.

The figures are the venue's published ones or below them, and cautious guesses where it publishes none.
Going beyond a limit ends connections first and gets an address banned next. Subscriptions, texts and REST
requests are planned within them; attempts to connect to a host are counted for all of a feed's connections.
"""

from __future__ import annotations

from dataclasses import dataclass

from zerofeed.base.errors import BugError

__all__ = ["Limits", "Ping"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much, how often.

    Attributes:
        topics_per_connection: subscriptions that one connection may carry.
        topics_per_request: subscriptions that one request may ask for.
        request_bytes: longest text that a request may be.
        messages_per_second: that one connection may send, pings and pongs included. To be spaced
            evenly: venues count in rolling seconds, so a burst goes beyond it.
        connections_per_5min: attempts to connect, from one address.
        rest_weight_per_minute: weight of REST requests that one address may use.
        rest_weight_header: header in which the venue says how much of it is used, or "".

    Raises:
        BugError: a limit is not above 0.
    """

    topics_per_connection: int
    topics_per_request: int
    request_bytes: int
    messages_per_second: float
    connections_per_5min: int
    rest_weight_per_minute: int
    rest_weight_header: str = ""

    def __post_init__(self) -> None:
        amounts = (
            self.topics_per_connection,
            self.topics_per_request,
            self.request_bytes,
            self.messages_per_second,
            self.connections_per_5min,
            self.rest_weight_per_minute,
        )
        if min(amounts) <= 0:
            raise BugError("a limit that lets nothing through", got=self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """How both sides notice that the other one is gone.

    A WebSocket client answers ping frames by itself, at once and with the same payload; what is said
    here comes on top of that.

    Attributes:
        text: what the client sends; "" for a ping frame.
        idle_s: seconds of silence after which it does; None for never.
        every_s: seconds after which it does whatever comes; None for never.
        pong: part of the text that answers it; "" for a pong frame, or for any message.
        answers: (part of a text from the venue, text to send back at once).
        server_s: seconds between two ping frames or heartbeats of the venue's; None when it sends
            none.

    Raises:
        BugError: neither side ever pings, or a time is not above 0.
    """

    text: str = ""
    idle_s: float | None = None
    every_s: float | None = None
    pong: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    server_s: float | None = None

    def __post_init__(self) -> None:
        times = [each for each in (self.idle_s, self.every_s, self.server_s) if each is not None]
        if not times or min(times) <= 0:
            raise BugError("a connection whose death nobody notices", got=self)
