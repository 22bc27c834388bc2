"""Make a virtual environment that has pip, on a machine that may offer nothing but python3.

Debian takes `ensurepip` out of python3 and puts it into python3-venv, which needs root to install.
Where it is missing, this makes the environment without pip and fetches one pinned pip wheel from
the package index that pip itself would use. The wheel's SHA-256 is pinned too, so what arrives is
right or refused, whoever served it.

Run as `python3 bootstrap.py FOLDER`. Uses the standard library only. An environment that works is
left alone.
"""

# Lets an old interpreter get as far as the version check.
from __future__ import annotations

import base64
import configparser
import hashlib
import html.parser
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import venv

__all__ = ["main"]

MINIMUM = (3, 11)
DEFAULT_INDEX = "https://pypi.org/simple"
PIP_WHEEL = "pip-25.3-py3-none-any.whl"
PIP_SHA256 = "9655943313a94722b7774661c21049070f6bbb0a1516bf02f7c8d5d9201514cd"
TIMEOUT_S = 60


def main(folder: str) -> int:
    """Leave a working environment with pip in `folder`; return a process exit code."""
    if sys.version_info < MINIMUM:
        print(
            "zerofeed: Python {}.{} or newer is needed, {} is {}.{}; "
            "name another one: make PYTHON=/path/to/python3".format(
                *MINIMUM, sys.executable, *sys.version_info[:2]
            ),
            file=sys.stderr,
        )
        return 1
    target = pathlib.Path(folder)
    python = target / "bin" / "python"
    if _runs(python, "import pip"):
        return 0
    print(f"zerofeed: creating {target} with {sys.executable}")
    try:
        # One that is half made (no pip, or its interpreter is gone) is made again from nothing.
        venv.EnvBuilder(clear=True, symlinks=True, with_pip=False).create(target)
        if _has_ensurepip():
            command = [str(python), "-m", "ensurepip", "--default-pip"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        else:
            _install_pip(python)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        print(
            f"zerofeed: could not make {target}: {error}\n"
            "          next: check the network (PIP_INDEX_URL names another package index), "
            "or install python3-venv",
            file=sys.stderr,
        )
        return 1
    return 0


def _runs(python: pathlib.Path, code: str) -> bool:
    """Say whether that interpreter exists and runs `code` without an error."""
    try:
        done = subprocess.run([python, "-c", code], stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _has_ensurepip() -> bool:
    """Say whether this interpreter can install pip by itself."""
    return _runs(pathlib.Path(sys.executable), "import ensurepip; ensurepip.version()")


def _install_pip(python: pathlib.Path) -> None:
    """Fetch the pinned wheel and let the pip inside it install itself."""
    index = _index_url()
    print(f"zerofeed: this python3 has no ensurepip; fetching pip from {_without_password(index)}")
    with tempfile.TemporaryDirectory() as scratch:
        wheel = pathlib.Path(scratch) / PIP_WHEEL
        wheel.write_bytes(_download_pip(index))
        # A wheel is a zip file that Python can import from.
        pip = [str(python), f"{wheel}/pip", "--disable-pip-version-check", "-qq"]
        subprocess.run([*pip, "install", "--no-index", str(wheel)], check=True)


def _download_pip(index: str) -> bytes:
    """Find the wheel on the index's page for pip (PEP 503) and return its checked bytes."""
    page_url = index.rstrip("/") + "/pip/"
    links = _Links()
    links.feed(_get(page_url).decode("utf-8", "replace"))
    for link in links.urls:
        url = urllib.parse.urljoin(page_url, link)
        if urllib.parse.urlsplit(url).path.rpartition("/")[2] == PIP_WHEEL:
            content = _get(url)
            digest = hashlib.sha256(content).hexdigest()
            if digest != PIP_SHA256:
                raise ValueError(f"{PIP_WHEEL} has SHA-256 {digest}, expected {PIP_SHA256}")
            return content
    raise ValueError(f"{_without_password(page_url)} does not offer {PIP_WHEEL}")


class _Links(html.parser.HTMLParser):
    """Collects the targets of a page's links."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.urls += [value for name, value in attrs if tag == "a" and name == "href" and value]


def _get(url: str) -> bytes:
    """Return what `url` serves, with the proxy and the certificates that pip would use."""
    parts = urllib.parse.urlsplit(url)
    request = urllib.request.Request(_without_password(url))
    if parts.username is not None:
        pair = (
            f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        )
        request.add_header("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())
    with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=_tls_context()) as response:
        return bytes(response.read())


def _tls_context() -> ssl.SSLContext:
    """Verify servers where the machine has certificates.

    A bare Debian has none, and there the pinned hash alone decides what is accepted.
    """
    bundle = os.environ.get("PIP_CERT")
    context = ssl.create_default_context(cafile=bundle)
    if not bundle and not context.get_ca_certs() and not _has_certificate_files():
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _has_certificate_files() -> bool:
    """Say whether OpenSSL has any place to find certificates in."""
    paths = ssl.get_default_verify_paths()
    folder = pathlib.Path(paths.capath) if paths.capath else None
    return bool(paths.cafile) or bool(folder and any(folder.iterdir()))


def _index_url() -> str:
    """Return the index that pip would use: from its environment, its configuration, or PyPI."""
    found = os.environ.get("PIP_INDEX_URL")
    if found:
        return found
    home = pathlib.Path.home()
    config_home = pathlib.Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    # In pip's order: the later file wins.
    files = [
        pathlib.Path("/etc/xdg/pip/pip.conf"),
        pathlib.Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
    ]
    files.append(config_home / "pip/pip.conf")
    if os.environ.get("PIP_CONFIG_FILE"):
        files.append(pathlib.Path(os.environ["PIP_CONFIG_FILE"]))
    parser = configparser.RawConfigParser()
    parser.read(files, encoding="utf-8")
    return parser.get("global", "index-url", fallback=DEFAULT_INDEX)


def _without_password(url: str) -> str:
    """Return the URL fit for a terminal."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
