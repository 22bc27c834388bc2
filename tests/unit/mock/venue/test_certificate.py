"""Who trusts the file trusts this machine's own names, and nobody else's."""

import ssl
import sys
from pathlib import Path

import pytest

from zerofeed.base.errors import ConfigurationError
from zerofeed.mock.venue.certificate import LOCAL_NAMES, make_tls, missing_extra

__all__: list[str] = []


def handshake(server: ssl.SSLContext, ca_file: Path, name: str) -> None:
    """Both sides of TLS in memory."""
    client = ssl.create_default_context(cafile=str(ca_file))
    wires = [ssl.MemoryBIO() for _ in range(4)]
    ends = [
        client.wrap_bio(wires[0], wires[1], server_hostname=name),
        server.wrap_bio(wires[1], wires[0], server_side=True),
    ]
    waiting = set(ends)
    for _ in range(10):
        for end in list(waiting):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.discard(end)
    assert not waiting


@pytest.mark.parametrize("name", LOCAL_NAMES)
def test_client_with_the_file_trusts_the_local_names(tmp_path: Path, name: str) -> None:
    pytest.importorskip("trustme", reason="the extra `mock`")
    tls = make_tls(tmp_path / "ca.pem")
    handshake(tls, tmp_path / "ca.pem", name)


def test_client_with_the_file_trusts_no_other_name(tmp_path: Path) -> None:
    pytest.importorskip("trustme", reason="the extra `mock`")
    tls = make_tls(tmp_path / "ca.pem")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tls, tmp_path / "ca.pem", "stream.binance.com")


def test_file_of_another_start_is_not_trusted(tmp_path: Path) -> None:
    pytest.importorskip("trustme", reason="the extra `mock`")
    tls = make_tls(tmp_path / "one.pem")
    make_tls(tmp_path / "other.pem")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tls, tmp_path / "other.pem", "localhost")


def test_absent_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(ConfigurationError, match=r"zerofeed\[mock\]"):
        make_tls(tmp_path / "ca.pem")
    assert "websockets" in str(missing_extra(ModuleNotFoundError(name="websockets")))
