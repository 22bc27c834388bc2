import gzip
import json
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.runtime.local_server import Answer, Script, serving
from zerofeed.base.errors import ConfigurationError, VenueError
from zerofeed.runtime import venue_rest as module
from zerofeed.runtime.venue_rest import VenueRest
from zerofeed.venues.binance.service import BINANCE
from zerofeed.venues.bybit.service import BYBIT_LINEAR

__all__: list[str] = []

LIMITS = BINANCE.limits


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def client(time: Time) -> Iterator[Callable[..., VenueRest]]:
    made: list[VenueRest] = []

    def make(**options: Any) -> VenueRest:
        settings = {
            "proxies": {},
            "timeout_s": 5.0,
            "sleep": time.sleep,
            "clock": lambda: time.now_s,
            "uniform": lambda low, high: (low + high) / 2,
            **options,
        }
        made.append(VenueRest(LIMITS, **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


def failure(call: Callable[[], object]) -> VenueError:
    with pytest.raises(VenueError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return caught.value


def test_an_answer_is_its_body(client: Callable[..., VenueRest], time: Time) -> None:
    with serving({"/list?a=1": [Answer(b'{"x":1}')]}) as server:
        assert client().get(f"{server.url}/list?a=1") == b'{"x":1}'
    assert server.asked == ["/list?a=1"]
    assert time.slept == []


def test_a_compressed_answer_is_decompressed(client: Callable[..., VenueRest]) -> None:
    packed = Answer(gzip.compress(b"[]" * 1_000), headers={"Content-Encoding": "gzip"})
    with serving({"/": [packed]}) as server:
        assert client().get(f"{server.url}/") == b"[]" * 1_000
        assert "gzip" in server.headers[0]["accept-encoding"]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_failure_in_passing_is_tried_again(
    client: Callable[..., VenueRest], time: Time, status: int
) -> None:
    with serving(
        {"/": [Answer(b"busy", status), Answer(b"busy", status), Answer(b"ok")]}
    ) as server:
        assert client().get(f"{server.url}/") == b"ok"
    # Each pause may be twice the one before; the middle of its range here.
    assert time.slept == [0.375, 0.75]


def test_pauses_grow_and_are_never_the_same_twice(
    client: Callable[..., VenueRest], time: Time
) -> None:
    ranges: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        ranges.append((low, high))
        return high

    with serving({"/": [Answer(b"busy", 503)]}) as server:
        error = failure(lambda: client(uniform=uniform, attempts=9).get(f"{server.url}/"))
    assert len(server.asked) == 9
    assert ranges[:3] == [(0.25, 0.5), (0.5, 1.0), (1.0, 2.0)]
    assert ranges[-1] == (15.0, 30.0)
    assert error.status == 503


def test_the_venues_own_pause_is_kept(client: Callable[..., VenueRest], time: Time) -> None:
    limited = Answer(b"slow down", 429, {"Retry-After": "17"})
    with serving({"/": [limited, Answer(b"ok")]}) as server:
        assert client().get(f"{server.url}/") == b"ok"
    assert time.slept == [pytest.approx(17.0)]


def test_a_pause_may_end_at_a_date(client: Callable[..., VenueRest], time: Time) -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=50), usegmt=True)
    with serving({"/": [Answer(b"", 503, {"Retry-After": then}), Answer(b"ok")]}) as server:
        assert client().get(f"{server.url}/") == b"ok"
    assert 30 < sum(time.slept) <= 50


def test_a_pause_beyond_patience_is_reported_and_nothing_is_sent_until_it_is_over(
    client: Callable[..., VenueRest], time: Time
) -> None:
    banned = Answer(b'{"code":-1003,"msg":"banned"}', 418, {"Retry-After": "600"})
    with serving({"/": [banned, Answer(b"ok")]}) as server:
        rest = client(patience_s=60)
        error = failure(lambda: rest.get(f"{server.url}/"))
        assert (error.status, error.retry_after_s) == (418, 600)
        assert "has banned this address" in str(error)
        again = failure(lambda: rest.get(f"{server.url}/"))
        assert "limits let nothing through now" in str(again)
        assert len(server.asked) == 1
        time.now_s += 601
        assert rest.get(f"{server.url}/") == b"ok"


def test_a_ban_without_an_end_is_not_tried_again(
    client: Callable[..., VenueRest], time: Time
) -> None:
    with serving({"/": [Answer(b"banned", 418)]}) as server:
        failure(lambda: client().get(f"{server.url}/"))
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (400, "the venue refuses; got HTTP 400: no such"),
        (403, "refuses this address"),
        (404, "has no such thing"),
        (451, "does not serve this country"),
        (301, "the venue refuses; got HTTP 301"),
    ],
)
def test_a_refusal_is_reported_at_once(
    client: Callable[..., VenueRest], time: Time, status: int, says: str
) -> None:
    with serving({"/x": [Answer(b"no\nsuch\x1b[31m", status)]}) as server:
        error = failure(lambda: client().get(f"{server.url}/x"))
    assert says in str(error)
    assert "\x1b" not in str(error)
    assert len(server.asked) == 1
    assert time.slept == []


def test_what_may_be_secret_in_a_url_is_not_shown(client: Callable[..., VenueRest]) -> None:
    with serving({"*": [Answer(b"", 400)]}) as server:
        error = failure(lambda: client().get(f"{server.url}/x?key=hunter2"))
    assert "hunter2" not in str(error)
    assert "127.0.0.1/x" in str(error)


def test_requests_wait_for_the_venues_weight(client: Callable[..., VenueRest], time: Time) -> None:
    with serving({"/": [Answer()]}) as server:
        rest = client()
        for _ in range(2):
            rest.get(f"{server.url}/", weight=LIMITS.rest_weight_per_minute // 2)
            time.now_s += 10
        assert time.slept == []
        rest.get(f"{server.url}/", weight=250)
    assert time.slept == [40.0]


def test_weight_that_others_used_is_learnt(client: Callable[..., VenueRest], time: Time) -> None:
    used = Answer(headers={LIMITS.rest_weight_header: str(LIMITS.rest_weight_per_minute)})
    with serving({"/": [used]}) as server:
        rest = client()
        rest.get(f"{server.url}/")
        rest.get(f"{server.url}/", weight=50)
    assert time.slept == [60.0]


def test_waits_are_told(client: Callable[..., VenueRest]) -> None:
    told: list[tuple[str, float]] = []
    with serving({"/": [Answer(b"busy", 503), Answer(b"ok")]}) as server:
        client(on_wait=lambda why, seconds: told.append((why, seconds))).get(f"{server.url}/")
    ((why, seconds),) = told
    assert "HTTP 503" in why
    assert seconds == 0.375


def test_a_connection_that_breaks_is_tried_again(
    client: Callable[..., VenueRest], time: Time
) -> None:
    broken = Answer(b"[1,", length=100)
    with serving({"/": [broken, Answer(b"[1,2]")]}) as server:
        assert client().get(f"{server.url}/") == b"[1,2]"
    assert len(time.slept) == 1


def test_a_server_that_is_not_there_is_one_clear_line(client: Callable[..., VenueRest]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        error = failure(lambda: client(attempts=2).get(f"http://127.0.0.1:{port}/x"))
    assert str(error).startswith("127.0.0.1/x: no connection; got ")


def test_a_name_that_does_not_resolve_is_one_clear_line(
    client: Callable[..., VenueRest], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(*arguments: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    error = failure(lambda: client(attempts=1).get("https://venue.invalid/x"))
    assert str(error).startswith("venue.invalid/x: the venue's name cannot be resolved; got Failed")


def test_a_server_that_stays_silent_is_given_up(client: Callable[..., VenueRest]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        error = failure(lambda: client(attempts=1, timeout_s=0.05).get(url))
    assert "does not answer in time" in str(error)


def test_an_answer_without_an_end_is_cut(
    client: Callable[..., VenueRest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST_ANSWER_BYTES", 1_000)
    with serving({"/": [Answer(b"x" * 1_001)], "/fits": [Answer(b"x" * 1_000)]}) as server:
        rest = client()
        assert "too large" in str(failure(lambda: rest.get(f"{server.url}/")))
        assert len(rest.get(f"{server.url}/fits")) == 1_000


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody else has signed, with its key in the same file."""
    folder = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "made.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)),
        ],
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_bytes(key.read_bytes() + made.read_bytes())
    return both


@pytest.fixture
def secure(certificate: Path) -> Iterator[Script]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving({"/": [Answer(b"ok")]}, tls=context) as server:
        yield server


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(
    client: Callable[..., VenueRest], secure: Script, time: Time
) -> None:
    error = failure(lambda: client().get(f"{secure.url}/"))
    assert "certificate is not to be trusted" in str(error)
    assert "--ca-file" in str(error)
    assert time.slept == []
    assert secure.asked == []


def test_an_authority_of_ones_own_can_be_named(
    client: Callable[..., VenueRest], secure: Script, certificate: Path
) -> None:
    assert client(ca_file=certificate).get(f"{secure.url}/") == b"ok"


def test_a_certificate_for_another_name_is_refused(
    client: Callable[..., VenueRest], secure: Script, certificate: Path
) -> None:
    other = secure.url.replace("127.0.0.1", "localhost")
    error = failure(lambda: client(ca_file=certificate).get(f"{other}/"))
    assert "certificate is not to be trusted" in str(error)


def test_a_file_without_certificates_is_a_wrong_setting(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    for path in (empty, tmp_path / "absent.pem"):
        with pytest.raises(ConfigurationError, match=r"certificates cannot be read"):
            VenueRest(LIMITS, ca_file=path)


def test_a_proxy_is_asked_in_place_of_the_venue(client: Callable[..., VenueRest]) -> None:
    with serving({"http://venue.invalid/x": [Answer(b"by proxy")]}) as proxy:
        named = proxy.url.replace("//", "//user:hunter2@")
        rest = client(proxies={"http": named})
        assert rest.get("http://venue.invalid/x") == b"by proxy"
        assert proxy.headers[0]["proxy-authorization"].startswith("Basic ")


def test_the_environments_proxy_is_used_and_its_password_not_shown(
    client: Callable[..., VenueRest], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        monkeypatch.setenv("http_proxy", f"http://user:hunter2@127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "direct.invalid")
        rest = client(proxies=None, attempts=1)
        error = failure(lambda: rest.get("http://venue.invalid/x"))
        assert "through the proxy" in str(error)
        assert "hunter2" not in str(error)
        assert "through the proxy" not in str(failure(lambda: rest.get("http://direct.invalid/x")))


def test_a_proxy_of_another_sort_is_a_wrong_setting(client: Callable[..., VenueRest]) -> None:
    with pytest.raises(ConfigurationError, match="sort of proxy"):
        client(proxies={"https": "socks5://127.0.0.1:1080"}).get("https://venue.invalid/")


def test_a_snapshot_comes_as_a_frame(client: Callable[..., VenueRest]) -> None:
    body = b'{"lastUpdateId":7,"bids":[],"asks":[]}'
    with serving({"/api/v3/depth?symbol=BTCUSDT&limit=100": [Answer(body)]}) as server:
        snapshot = BINANCE.at(rest_url=server.url).snapshot_request("BTCUSDT", 100)
        assert snapshot is not None
        frame = client().fetch_snapshot(snapshot)
    assert json.loads(frame) == {"stream": "btcusdt@depthSnapshot", "data": json.loads(body)}


PAGE = "/v5/market/instruments-info?category=linear&limit=1000"


def page(cursor: str) -> Answer:
    result = {"list": [], "nextPageCursor": cursor}
    return Answer(json.dumps({"retCode": 0, "result": result}).encode())


def test_a_list_is_read_to_its_last_page(client: Callable[..., VenueRest]) -> None:
    with serving({PAGE: [page("two")], f"{PAGE}&cursor=two": [page("")]}) as server:
        assert len(client().fetch_instruments(BYBIT_LINEAR.at(rest_url=server.url))) == 2
    assert server.asked == [PAGE, f"{PAGE}&cursor=two"]


def test_a_list_without_an_end_is_given_up(
    client: Callable[..., VenueRest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_PAGES", 5)
    with serving({"*": [page("again")]}) as server:
        service = BYBIT_LINEAR.at(rest_url=server.url)
        assert "has no end" in str(failure(lambda: client().fetch_instruments(service)))
    assert len(server.asked) == 5


def test_a_client_closes_with_its_block() -> None:
    with serving({"/": [Answer(b"ok")]}) as server, VenueRest(LIMITS, proxies={}) as rest:
        assert rest.get(f"{server.url}/") == b"ok"
