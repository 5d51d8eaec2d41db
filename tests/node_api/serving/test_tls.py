"""A node that ends TLS itself serves who trusts its authority, and takes new files at a signal."""

from __future__ import annotations

import datetime as dt
import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from tests.support.certificates import Authority, TlsFiles
from tests.support.consortium import PASSPHRASE, Consortium
from tests.support.served_node import ServedNode, serve_node, wait_until


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@pytest.fixture
def in_force(authority: Authority, tmp_path: Path) -> TlsFiles:
    """The files that the node's settings name."""
    directory = tmp_path / "in force"
    directory.mkdir()
    return put(authority.issue("first"), TlsFiles(directory / "tls.pem", directory / "tls.key"))


def put(files: TlsFiles, place: TlsFiles) -> TlsFiles:
    shutil.copy(files.certificate, place.certificate)
    shutil.copy(files.key, place.key)
    return place


@pytest.fixture(params=["0", "1"])
def served(
    request: pytest.FixtureRequest, consortium: Consortium, in_force: TlsFiles
) -> Iterator[ServedNode]:
    """With a front and without one."""
    certificate, key = in_force.pair
    environment = {"tls__certificate": certificate, "tls__key": key, "workers": request.param}
    with serve_node(consortium.home(), PASSPHRASE, **environment) as node:
        yield node


def find_name(node: ServedNode, authority: Authority) -> str:
    """Whose certificate a new connection is shown."""
    context = ssl.create_default_context(cafile=str(authority.file))
    address = ("127.0.0.1", int(node.url.rpartition(":")[2]))
    with (
        socket.create_connection(address, timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        shown = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
    return str(shown.subject.rfc4514_string().removeprefix("CN="))


def test_new_files_are_taken_at_a_signal_and_bad_ones_are_not(
    served: ServedNode, authority: Authority, in_force: TlsFiles
) -> None:
    context = ssl.create_default_context(cafile=str(authority.file))
    with httpx.Client(base_url=served.url, verify=context, timeout=60) as client:
        wait_until(lambda: client.get("/health/ready").status_code == 200, served.log.read_text)
        answer = client.get("/v1/log")
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        with pytest.raises(httpx.ConnectError):
            httpx.get(served.url + "/health/live", timeout=60)  # who does not know the authority
        assert find_name(served, authority) == "first"

        put(authority.issue("second"), in_force)
        served.process.send_signal(1)
        wait_until(lambda: find_name(served, authority) == "second", served.log.read_text)

        shutil.copy(authority.issue("third", valid=dt.timedelta(1)).key, in_force.key)
        served.process.send_signal(1)  # a key that is not the certificate's
        wait_until(lambda: "tls_not_reloaded" in served.log.read_text(), served.log.read_text)
        assert find_name(served, authority) == "second"
        assert client.get("/v1/log").status_code == 200
    assert served.stop() == 0
