"""A dialect and a plain client, back to back without a socket."""

import json
import math
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from tests.unit.mock.venue.clients import Action, Get, PlainClient
from zerofeed.mock.venue.connection import Connection
from zerofeed.mock.venue.dialect import Dialect
from zerofeed.mock.venue.faults import ConnectionFaults, Faults, Ledger
from zerofeed.mock.venue.market import SeededMarket
from zerofeed.mock.venue.replay import Due, made_up

__all__ = ["NOW_NS", "Rig"]

NOW_NS = 1_700_000_000_000_000_000


class Rig:
    """Plays a source to one client; all the client says is answered at once.

    Args:
        dialect: of the venue.
        client: keeps books.
        faults: between the two.
        seed: of market and faults.
    """

    def __init__(
        self,
        dialect: Dialect,
        client: PlainClient,
        *,
        faults: Faults | None = None,
        seed: int = 1,
        path: str = "",
    ) -> None:
        self.dialect = dialect
        self.client = client
        self.ledger = Ledger()
        self.connection = Connection(1, path=path or dialect.ws_path)
        self.faults = ConnectionFaults(faults or Faults(), seed, 1, self.ledger)
        self.market = SeededMarket(client.symbols, seed)
        self.heard: list[str | bytes] = []
        dialect.now_ns = NOW_NS

    def open(self, query: dict[str, str] | None = None) -> None:
        self.dialect.on_open(self.connection, query or {})
        self.act(self.client.opening())

    def made_up(self, count: int) -> Iterator[Due]:
        return made_up(self.dialect, self.market, lambda: NOW_NS, rate=math.inf, count=count)

    def made_up_more(self, count: int) -> Iterator[Due]:
        for _ in range(count):
            yield Due(0, self.dialect.write(self.market.next(NOW_NS)))

    def play(self, source: Iterable[Due]) -> None:
        for due in source:
            for update in due.updates:
                if self.dialect.publish(update):
                    self.dialect.deliver(self.connection, update)
                    self.drain()

    def say(self, text: str) -> None:
        self.dialect.hear(self.connection, text)
        self.drain()

    def ask(self, request: object) -> list[Any]:
        """Say one request, and hand back what is answered, parsed."""
        self.connection.outbox.clear()
        self.dialect.hear(self.connection, json.dumps(request))
        return [json.loads(message.text) for message in self.connection.outbox]

    def get(self, path: str, **query: str) -> Any:
        """Answer a request over REST, parsed."""
        return json.loads(self.dialect.get(path, query).body)

    def act(self, actions: Iterable[Action]) -> None:
        waiting = deque(actions)
        while waiting:
            action = waiting.popleft()
            if isinstance(action, Get):
                path, _, query = action.path.partition("?")
                named = dict(part.split("=") for part in query.split("&") if part)
                answer = self.dialect.get(path, named)
                assert answer.status == 200, answer
                waiting.extend(self.client.answer(action, answer.body))
            else:
                self.dialect.hear(self.connection, action)
                waiting.extend(self.listen())

    def listen(self) -> list[Action]:
        actions: list[Action] = []
        while self.connection.outbox:
            for action in self.faults.apply(self.connection.outbox.popleft()):
                if action.kind == "send":
                    self.heard.append(action.payload)
                    actions += self.client.hear(action.payload)
        return actions

    def drain(self) -> None:
        self.act(self.listen())
