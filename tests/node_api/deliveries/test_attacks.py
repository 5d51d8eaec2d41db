"""What a stranger, another member, a lying sender or a lying receiver can try."""

from __future__ import annotations

import base64
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.actions.deliveries.inbox import list_inbox, show_delivery
from ledger.actions.deliveries.limits import DeliveryLimits
from ledger.actions.deliveries.receiving import Arrival
from ledger.actions.issuers import declare_compromise, find_seal_key
from ledger.formats.case_package import Recipient
from ledger.formats.delivery import Announcement, SignedRequest
from ledger.formats.delivery_receipt import DeliveryReceipt
from ledger.formats.envelope import (
    Address,
    DeliveryKind,
    EnvelopeDigest,
    EnvelopeHead,
    Manifest,
    seal_envelope,
)
from ledger.formats.seals import public_coordinates
from ledger.identifiers import Uscc
from ledger.vault.delivery_tables import DeliveryState
from node_api.codec import encode
from node_api.deliveries.routes import DeliveryRoutes
from node_api.deliveries.transport import PATH
from tests.node_api.deliveries.delivery_nodes import Listener, Pair
from tests.support.consortium import CHONGQING, ISSUERS, SICHUAN

STRANGER = Uscc.build("11440000000000009")


class Attempt:
    """A delivery made by hand, with everything that could be wrong about it."""

    def __init__(self, pair: Pair, content: bytes = b"content", **changes: Any) -> None:
        self.pair = pair
        gateway = pair.sender.workspace.gateway
        keys = gateway.member(SICHUAN).keys
        x, y = changes.get("encryption", (keys.encryption_x, keys.encryption_y))
        address = Address(
            changes.get("ledger_id", gateway.ledger_id),
            changes.get("sender", ISSUERS[CHONGQING]),
            changes.get("receiver", ISSUERS[SICHUAN]),
            Recipient(SICHUAN, x, y),
        )
        manifest = Manifest.make("name", "subject")
        self.head, body = seal_envelope(
            DeliveryKind.RESULT, address, manifest, [content], len(content)
        )
        self.body = b"".join(body)
        workspace = pair.sender.workspace
        self.key = changes.get("key") or find_seal_key(workspace, ISSUERS[CHONGQING]).private_key
        self.made_at_unix = changes.get("made_at_unix", workspace.now_unix())

    def announcement(self, head: EnvelopeHead | None = None, body: bytes | None = None) -> bytes:
        head = head or self.head
        digest = EnvelopeDigest(head)
        digest.update(self.body if body is None else body)
        signed = Announcement.sign(head, digest.finish(), self.made_at_unix, self.key)
        return signed.to_json()

    def post(self, announcement: bytes | None = None) -> httpx.Response:
        content = self.announcement() if announcement is None else announcement
        return httpx.post(self.pair.receiver.listener.url + PATH, content=content)

    def patch(
        self,
        body: bytes | None = None,
        offset: int = 0,
        key: ec.EllipticCurvePrivateKey | None = None,
        *,
        signature: str | None = None,
    ) -> httpx.Response:
        part = self.body if body is None else body
        request = SignedRequest("PATCH", self.head.delivery_id, offset, part)
        headers = {
            "Upload-Offset": str(offset),
            "Zhenglian-Signature": signature or request.sign(key or self.key),
        }
        return httpx.patch(self.url, content=part, headers=headers)

    @property
    def url(self) -> str:
        return f"{self.pair.receiver.listener.url}{PATH}/{self.head.delivery_id.hex()}"


def require_refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


# -- who may announce ------------------------------------------------------------------------------


def test_a_key_that_nobody_registered_announces_nothing(pair: Pair) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    require_refused(Attempt(pair, key=stranger).post(), 403, "seal_key_not_in_force")


def test_a_department_that_nobody_registered_announces_nothing(pair: Pair) -> None:
    require_refused(Attempt(pair, sender=STRANGER).post(), 403, "seal_key_not_in_force")


def test_another_members_key_announces_nothing_in_ones_name(pair: Pair) -> None:
    other = find_seal_key(pair.receiver.workspace, ISSUERS[SICHUAN]).private_key
    require_refused(Attempt(pair, key=other).post(), 403, "seal_key_not_in_force")


def test_a_signature_of_another_under_the_right_key_id_is_refused(pair: Pair) -> None:
    attempt = Attempt(pair)
    other = ec.generate_private_key(ec.SECP256R1())
    good = Announcement.parse(attempt.announcement())
    forged = Announcement.sign(good.head, good.digest, good.made_at_unix, other)
    bad = replace(good, signature=forged.signature)
    require_refused(attempt.post(bad.to_json()), 403, "announcement_not_sealed")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", DeliveryKind.RECEIPT),
        ("size", 5),
        ("subject", bytes(32)),
        ("wrapped_key", bytes(113)),
        ("delivery_id", b"\x07" * 32),
    ],
)
def test_an_altered_announcement_loses_its_seal(pair: Pair, name: str, value: object) -> None:
    attempt = Attempt(pair)
    good = Announcement.parse(attempt.announcement())
    altered = replace(good, head=replace(good.head, **{name: value}))
    require_refused(attempt.post(altered.to_json()), 403, "announcement_not_sealed")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"receiver": STRANGER}, 404, "receiver_not_here"),
        ({"ledger_id": bytes(32)}, 409, "delivery_of_another_ledger"),
        ({"made_at_unix": 1_600_000_000}, 409, "announcement_out_of_time"),
        ({"made_at_unix": 4_000_000_000}, 409, "announcement_out_of_time"),
        (
            {
                "encryption": public_coordinates(
                    ec.generate_private_key(ec.SECP256R1()).public_key()
                )
            },
            403,
            "envelope_for_another_key",
        ),
    ],
)
def test_what_is_not_for_this_node_now_is_refused_before_it_is_sent(
    pair: Pair, changes: dict[str, Any], status: int, code: str
) -> None:
    require_refused(Attempt(pair, **changes).post(), status, code)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"x" * 8000, b'{"format": "other/1"}'])
def test_what_is_no_announcement_is_refused(pair: Pair, data: bytes) -> None:
    assert Attempt(pair).post(data).status_code == 422


def test_an_announcement_that_is_too_long_is_not_even_read(pair: Pair) -> None:
    require_refused(Attempt(pair).post(b"x" * 10_000), 413, "body_too_large")


def test_more_than_this_node_takes_is_refused(pair: Pair) -> None:
    limits = DeliveryLimits(max_size=200_000, max_open=2, max_part=1000)
    with ThreadPoolExecutor(2) as executor:
        listener, usual = Listener(), pair.receiver.listener
        listener.start(DeliveryRoutes(pair.receiver.workspace, limits, executor))
        pair.receiver.listener = listener
        try:
            require_refused(Attempt(pair, bytes(300_000)).post(), 422, "delivery_too_large")
            attempts = [Attempt(pair) for _ in range(9)]
            answers = [each.post() for each in attempts]
            require_refused(answers[-1], 409, "too_many_deliveries")
            begun = next(
                a for a, answer in zip(attempts, answers, strict=True) if answer.is_success
            )
            require_refused(begun.patch(bytes(1001)), 413, "body_too_large")
        finally:
            listener.stop()
            pair.receiver.listener = usual


# -- what is sent afterwards -----------------------------------------------------------------------


def test_a_replayed_announcement_brings_the_same_receipt_and_nothing_new(pair: Pair) -> None:
    attempt = Attempt(pair)
    announcement = attempt.announcement()
    assert attempt.post(announcement).json()["state"] == "receiving"
    received = attempt.patch().json()
    assert received["state"] == "received"
    before = len(list_inbox(pair.receiver.workspace))
    for _ in range(3):
        assert attempt.post(announcement).json()["receipt"] == received["receipt"]
    require_refused(attempt.patch(), 409, "delivery_closed")
    assert len(list_inbox(pair.receiver.workspace)) == before


def test_another_delivery_under_the_same_id_is_refused(pair: Pair) -> None:
    attempt = Attempt(pair)
    assert attempt.post().is_success
    require_refused(attempt.post(attempt.announcement(body=b"other")), 409, "delivery_differs")


def test_nobody_else_adds_to_a_delivery_or_asks_after_it(pair: Pair) -> None:
    attempt = Attempt(pair)
    assert attempt.post().is_success
    other = find_seal_key(pair.receiver.workspace, ISSUERS[SICHUAN]).private_key
    require_refused(attempt.patch(key=other), 403, "request_not_signed")
    for text in ("=", "nonsense", base64.urlsafe_b64encode(bytes(64)).decode()):
        answer = attempt.patch(signature=text)
        require_refused(answer, 403, "request_not_signed")
    assert httpx.head(attempt.url).status_code == 403
    require_refused(httpx.get(attempt.url + "/receipt"), 403, "request_not_signed")
    assert show_delivery(pair.receiver.workspace, attempt.head.delivery_id).arrived == 0


def test_an_altered_part_is_refused_and_the_right_one_still_counts(pair: Pair) -> None:
    attempt = Attempt(pair)
    assert attempt.post().is_success
    request = SignedRequest("PATCH", attempt.head.delivery_id, 0, attempt.body)
    altered = bytes([attempt.body[0] ^ 1]) + attempt.body[1:]
    answer = attempt.patch(altered, signature=request.sign(attempt.key))
    require_refused(answer, 403, "request_not_signed")
    assert attempt.patch().json()["state"] == "received"


def test_a_part_out_of_its_place_is_refused_and_told_where_it_goes_on(pair: Pair) -> None:
    attempt = Attempt(pair, bytes(1000))
    assert attempt.post().is_success
    assert attempt.patch(attempt.body[:100]).is_success
    for offset in (0, 99, 101, 10**15):
        answer = attempt.patch(attempt.body[100:200], offset)
        require_refused(answer, 409, "offset_unexpected")
        assert answer.headers["upload-offset"] == "100"
    require_refused(attempt.patch(attempt.body, 100), 409, "delivery_too_long")
    head = SignedRequest("HEAD", attempt.head.delivery_id).sign(attempt.key)
    told = httpx.head(attempt.url, headers={"Zhenglian-Signature": head})
    assert (told.headers["upload-offset"], told.headers["upload-complete"]) == ("100", "?0")


def test_two_parts_at_once_count_once(pair: Pair) -> None:
    attempt = Attempt(pair, os.urandom(500_000))
    assert attempt.post().is_success
    with ThreadPoolExecutor(4) as executor:
        tried = list(executor.map(lambda _: attempt.patch().status_code, range(4)))
    assert sorted(tried) == [200, 409, 409, 409]
    assert pair.state_at_receiver(attempt.head.delivery_id) is DeliveryState.RECEIVED


@pytest.mark.parametrize("place", [0, -1])
def test_chunks_that_the_sender_itself_altered_are_refused_for_good(pair: Pair, place: int) -> None:
    attempt = Attempt(pair, os.urandom(200_000))
    altered = bytearray(attempt.body)
    altered[place] ^= 1
    assert attempt.post(attempt.announcement(body=bytes(altered))).is_success
    answer = attempt.patch(bytes(altered)).json()
    assert (answer["state"], answer["reason"]) == ("refused", "envelope_altered")
    assert answer["receipt"] is None


def test_what_is_not_what_was_announced_is_refused_for_good(pair: Pair) -> None:
    attempt = Attempt(pair)
    assert attempt.post(attempt.announcement(body=b"something else")).is_success
    answer = attempt.patch().json()
    assert (answer["state"], answer["reason"]) == ("refused", "delivery_digest_differs")


def test_a_compromised_key_announces_nothing(fresh_pair: Pair) -> None:
    workspace = fresh_pair.sender.workspace
    attempt = Attempt(fresh_pair)
    assert attempt.post().is_success
    key = find_seal_key(workspace, ISSUERS[CHONGQING])
    declare_compromise(workspace, ISSUERS[CHONGQING], key.key_id, workspace.now_unix() - 60)
    require_refused(attempt.patch(), 403, "seal_key_not_in_force")
    require_refused(Attempt(fresh_pair, key=key.private_key).post(), 403, "seal_key_not_in_force")


# -- receivers that lie ----------------------------------------------------------------------------


class LyingReceiver:
    """Says that it has everything, and answers with the receipt that a test makes."""

    def __init__(self, make: Any) -> None:
        self.make = make

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive()).get("more_body"):
            body += message["body"]
        announced = Announcement.parse(body + message["body"])
        arrival = Arrival(
            announced.head.delivery_id,
            DeliveryState.ACKNOWLEDGED,
            announced.head.size,
            announced.head.size,
            None,
            self.make(announced),
        )
        content = encode(Arrival, arrival)
        headers = [(b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


def send_to_liar(pair: Pair, make: Any) -> tuple[DeliveryState, str | None]:
    delivery_id = pair.queue(os.urandom(16))
    listener, usual = Listener(), pair.sender.peers
    listener.start(LyingReceiver(make))
    pair.sender.peers = {str(SICHUAN): listener.url}
    try:
        pair.sender.send_due()
        pair.sender.settle()
    finally:
        listener.stop()
        pair.sender.peers = usual
    found = show_delivery(pair.sender.workspace, delivery_id)
    return found.state, found.reason


def test_a_receipt_of_a_key_that_nobody_registered_is_not_believed(pair: Pair) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    state, reason = send_to_liar(
        pair, lambda announced: DeliveryReceipt.sign(announced, stranger, 1_790_000_000).to_json()
    )
    assert (state, reason) == (DeliveryState.QUEUED, "seal_key_not_in_force")


def test_a_receipt_with_an_altered_field_is_not_believed(pair: Pair) -> None:
    key = find_seal_key(pair.receiver.workspace, ISSUERS[SICHUAN]).private_key

    def forge(announced: Announcement) -> bytes:
        now_unix = pair.receiver.workspace.now_unix()
        good = DeliveryReceipt.sign(announced, key, now_unix)
        return replace(good, received_at_unix=now_unix + 1).to_json()

    assert send_to_liar(pair, forge) == (DeliveryState.QUEUED, "receipt_not_sealed")


def test_a_receipt_for_something_else_is_not_believed(pair: Pair) -> None:
    key = find_seal_key(pair.receiver.workspace, ISSUERS[SICHUAN]).private_key
    other = Announcement.parse(Attempt(pair).announcement())
    receipt = DeliveryReceipt.sign(other, key, pair.receiver.workspace.now_unix()).to_json()
    assert send_to_liar(pair, lambda _: receipt) == (DeliveryState.QUEUED, "receipt_differs")


@pytest.mark.parametrize("receipt", [None, b"", b"{}", b"\xff"])
def test_what_is_no_receipt_is_not_believed(pair: Pair, receipt: bytes | None) -> None:
    state, reason = send_to_liar(pair, lambda _: receipt)
    assert state is DeliveryState.QUEUED
    assert reason


def test_a_receipt_that_is_not_on_the_chain_acknowledges_nothing(pair: Pair) -> None:
    key = find_seal_key(pair.receiver.workspace, ISSUERS[SICHUAN]).private_key

    def make(announced: Announcement) -> bytes:
        now_unix = pair.receiver.workspace.latest_unix()
        return DeliveryReceipt.sign(announced, key, now_unix).to_json()

    assert send_to_liar(pair, make) == (DeliveryState.DELIVERED, None)


def test_a_receiver_that_lost_what_it_acknowledged_does_not_take_it_in_as_new(
    fresh_pair: Pair,
) -> None:
    """As after an older backup: the chain knows, and the sender is told to send it anew."""
    delivery_id = fresh_pair.queue()
    fresh_pair.sender.send_due()
    fresh_pair.receiver.settle()
    announced = fresh_pair.sender.workspace.vault.deliveries.read_announcement(delivery_id)
    with fresh_pair.receiver.workspace.vault._database.write() as connection:
        for table in ("delivery_secrets", "delivery_parts", "deliveries"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    require_refused(Attempt(fresh_pair).post(announced.to_json()), 409, "delivery_exists")
