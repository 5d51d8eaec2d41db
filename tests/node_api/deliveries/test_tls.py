"""Deliveries to a node behind TLS: the right authority is believed, and nobody else."""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.actions.deliveries.inbox import show_delivery, take_delivery
from ledger.vault.delivery_tables import DeliveryState
from node_api.deliveries.routes import DeliveryRoutes
from node_api.deliveries.settings import PeerSettings
from tests.node_api.deliveries.delivery_nodes import Listener, Pair
from tests.support.certificates import Authority, TlsFiles
from tests.support.consortium import SICHUAN

HOUR = dt.timedelta(hours=1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "ours")


@pytest.fixture
def peers(pair: Pair) -> Iterator[dict[str, PeerSettings | str]]:
    """Where the sender's peers are, for one test to change; what fails there waits for long."""
    before = dict(pair.sender.peers)
    pair.sender.options["first_pause_s"] = 3_000.0
    yield pair.sender.peers
    pair.sender.peers.clear()
    pair.sender.peers.update(before)


@contextmanager
def served_over_tls(pair: Pair, files: TlsFiles) -> Iterator[str]:
    """The receiver, at another port besides; its base URL."""
    receiver, listener = pair.receiver, Listener(files)
    with ThreadPoolExecutor(4) as executor:
        listener.start(DeliveryRoutes(receiver.workspace, receiver.settings.limits, executor))
        try:
            yield listener.url
        finally:
            listener.stop()


def test_a_delivery_goes_over_tls_checked_against_a_private_authority(
    pair: Pair, peers: dict[str, PeerSettings | str], authority: Authority
) -> None:
    content = os.urandom(100_000)
    with served_over_tls(pair, authority.issue("node")) as url:
        peers[str(SICHUAN)] = PeerSettings(url=url, ca_file=authority.file)
        delivery_id = pair.queue(content)
        pair.sender.send_due()
    assert pair.state_at_sender(delivery_id) is DeliveryState.DELIVERED
    pair.receiver.settle()
    assert take_delivery(pair.receiver.workspace, delivery_id) == content


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("another authority", "peer_certificate_untrusted"),
        ("the system's authorities", "peer_certificate_untrusted"),
        ("expired", "peer_certificate_expired"),
        ("for another address", "peer_certificate_misnamed"),
        ("no TLS there", "peer_tls_failed"),
        ("no such file", "peer_ca_unreadable"),
        ("no certificates in the file", "peer_ca_unreadable"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_named_and_the_delivery_waits(
    pair: Pair,
    peers: dict[str, PeerSettings | str],
    authority: Authority,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    fault: str,
    code: str,
) -> None:
    stranger = Authority(tmp_path, "stranger")
    (tmp_path / "empty.pem").touch()
    files = authority.issue("bad", valid=-HOUR if fault == "expired" else HOUR)
    if fault == "for another address":
        files = authority.issue("bad", "192.0.2.1")
    trusted = {
        "another authority": stranger.file,
        "the system's authorities": None,
        "no such file": tmp_path / "missing.pem",
        "no certificates in the file": tmp_path / "empty.pem",
    }.get(fault, authority.file)
    before = show_delivery(pair.sender.workspace, delivery_id := pair.queue(fault.encode()))
    with served_over_tls(pair, files) as url:
        if fault == "no TLS there":
            url = pair.receiver.listener.url.replace("http:", "https:")
        peers[str(SICHUAN)] = PeerSettings(url=url, ca_file=trusted)
        with caplog.at_level(logging.INFO, "node_api.deliveries"):
            pair.sender.send_due()
    found = show_delivery(pair.sender.workspace, delivery_id)
    assert (found.state, found.reason, before.reason) == (DeliveryState.QUEUED, code, None)
    (told,) = [each for each in caplog.records if each.message == "delivery_put_off"]
    assert (told.code, told.member) == (code, str(SICHUAN))  # type: ignore[attr-defined]
    pair.sender.send_due()  # not at once again: it is due later
    assert show_delivery(pair.sender.workspace, delivery_id).attempts == 1


def test_what_waited_goes_out_once_the_certificate_is_right(
    pair: Pair, peers: dict[str, PeerSettings | str], authority: Authority
) -> None:
    delivery_id = pair.queue(b"patient")
    with served_over_tls(pair, authority.issue("old", valid=-HOUR)) as url:
        peers[str(SICHUAN)] = PeerSettings(url=url, ca_file=authority.file)
        pair.sender.send_due()
    assert pair.state_at_sender(delivery_id) is DeliveryState.QUEUED
    pair.wait_for_next_attempt()
    with served_over_tls(pair, authority.issue("new")) as url:
        peers[str(SICHUAN)] = PeerSettings(url=url, ca_file=authority.file)
        pair.sender.send_due()
    assert pair.state_at_sender(delivery_id) is DeliveryState.DELIVERED
