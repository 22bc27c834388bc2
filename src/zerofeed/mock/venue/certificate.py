"""A certificate for this machine's own addresses, made at start, and the authority to trust it by.

The keys live in memory and in one file that only this user reads, and are forgotten at the end.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from zerofeed.base.errors import ConfigurationError

__all__ = ["LOCAL_NAMES", "make_tls", "missing_extra"]

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


def make_tls(ca_file: Path) -> ssl.SSLContext:
    """Make an authority and a certificate, and write the authority's certificate to a file.

    Args:
        ca_file: where to; clients name it as the only authority that they trust.

    Returns:
        The server's side of TLS.

    Raises:
        ConfigurationError: the extra is not installed.
        OSError: the file cannot be written.
    """
    try:
        import trustme  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise missing_extra(error) from error
    authority = trustme.CA(organization_name="zerofeed mock venue")
    certificate = authority.issue_cert(*LOCAL_NAMES, common_name="localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    authority.cert_pem.write_to_path(str(ca_file))
    return context


def missing_extra(error: ModuleNotFoundError) -> ConfigurationError:
    """What to say where a library of the extra ``mock`` is absent."""
    return ConfigurationError(
        f"the mock venue needs {error.name}, which is not installed",
        next_step="pip install 'zerofeed[mock]'",
    )
