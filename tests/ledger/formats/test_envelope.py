"""Envelopes open whole, for their receiver, or not at all."""

from __future__ import annotations

import os
import tracemalloc
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedInputError, NotAuthorizedError
from ledger.formats.case_package import Recipient
from ledger.formats.delivery import Announcement, SignedRequest
from ledger.formats.delivery_receipt import DeliveryReceipt
from ledger.formats.envelope import (
    CHUNK_SIZE,
    MAX_BODY_SIZE,
    Address,
    DeliveryKind,
    EnvelopeHead,
    Manifest,
    compute_body_size,
    open_envelope,
    seal_envelope,
)
from ledger.formats.seals import public_coordinates
from ledger.identifiers import MemberId, Uscc

KEY = ec.generate_private_key(ec.SECP256R1())
SENDER, RECEIVER = Uscc.build("11500000000000001"), Uscc.build("11510000000000001")
ADDRESS = Address(
    bytes(32),
    SENDER,
    RECEIVER,
    Recipient(MemberId.parse("510000"), *public_coordinates(KEY.public_key())),
)
MANIFEST = Manifest("材料", "案件", bytes(range(32)))
SEALED_CHUNK = CHUNK_SIZE + 16


def seal(content: bytes) -> tuple[EnvelopeHead, bytes]:
    head, body = seal_envelope(DeliveryKind.RESULT, ADDRESS, MANIFEST, [content], len(content))
    return head, b"".join(body)


def open_whole(head: EnvelopeHead, body: bytes, key: ec.EllipticCurvePrivateKey = KEY) -> bytes:
    _, content = open_envelope(head, key, [body])
    return b"".join(content)


def require_refused(head: EnvelopeHead, body: bytes, *codes: str) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        open_whole(head, body)
    assert refusal.value.code in codes


LEAD = len(MANIFEST.to_json()) + 1


@pytest.mark.parametrize(
    "size", [0, 1, CHUNK_SIZE - LEAD - 1, CHUNK_SIZE - LEAD, CHUNK_SIZE - LEAD + 1, 3 * CHUNK_SIZE]
)
def test_what_was_sealed_is_what_opens(size: int) -> None:
    content = os.urandom(size)
    head, body = seal(content)
    assert head.size == len(body) == compute_body_size(MANIFEST, size)
    manifest, opened = open_envelope(head, KEY, [body])
    assert (manifest, b"".join(opened)) == (MANIFEST, content)


@given(st.lists(st.integers(1, 200_000), max_size=5))
def test_how_the_body_is_cut_on_its_way_makes_no_difference(cuts: list[int]) -> None:
    content = bytes(150_000)
    head, body = seal(content)
    pieces, start = [], 0
    for cut in cuts:
        pieces.append(body[start : start + cut])
        start += cut
    _, opened = open_envelope(head, KEY, [*pieces, body[start:]])
    assert b"".join(opened) == content


@given(st.data())
def test_a_body_with_any_bit_turned_is_refused(data: st.DataObject) -> None:
    head, body = seal(bytes(70_000))
    place = data.draw(st.integers(0, len(body) - 1))
    altered = bytearray(body)
    altered[place] ^= 1 << data.draw(st.integers(0, 7))
    require_refused(head, bytes(altered), "envelope_altered")


def test_chunks_that_are_missing_swapped_repeated_or_added_are_refused() -> None:
    head, body = seal(bytes(3 * CHUNK_SIZE))
    first, second = body[:SEALED_CHUNK], body[SEALED_CHUNK : 2 * SEALED_CHUNK]
    rest = body[2 * SEALED_CHUNK :]
    for forged in (
        first + rest,
        second + first + rest,
        first + first + rest,
        first + second + second + rest,
        body[:-1],
        body + b"\0",
        b"",
        first,
        body[: 2 * SEALED_CHUNK],
    ):
        require_refused(head, forged, "envelope_altered", "envelope_truncated")


def test_a_shorter_envelope_made_of_its_first_chunks_is_refused() -> None:
    head, body = seal(bytes(3 * CHUNK_SIZE))
    cut = body[: 2 * SEALED_CHUNK]
    require_refused(replace(head, size=len(cut)), cut, "envelope_altered")


@pytest.mark.parametrize(
    "changes",
    [
        {"ledger_id": b"\1" * 32},
        {"delivery_id": b"\1" * 32},
        {"kind": DeliveryKind.RECEIPT},
        {"sender": RECEIVER},
        {"receiver": SENDER},
        {"subject": bytes(32)},
        {"member": MemberId.parse("500000")},
        {"wrapped_key": bytes(113)},
    ],
)
def test_an_envelope_under_another_outside_does_not_open(changes: dict[str, object]) -> None:
    head, body = seal(b"content")
    require_refused(replace(head, **changes), body, "envelope_altered")  # type: ignore[arg-type]


def test_an_envelope_opens_for_its_receiver_alone() -> None:
    head, body = seal(b"content")
    with pytest.raises(NotAuthorizedError) as refusal:
        open_whole(head, body, ec.generate_private_key(ec.SECP256R1()))
    assert refusal.value.code == "envelope_for_another_key"


def test_the_outside_tells_nothing_of_what_it_is_about() -> None:
    head, body = seal(b"content")
    outside = str(head.to_members()).encode() + body
    assert "案件".encode() not in outside
    assert Manifest.make("材料", "案件").commitment != Manifest.make("材料", "案件").commitment


def test_a_content_of_another_size_than_was_said_is_not_sealed() -> None:
    _, body = seal_envelope(DeliveryKind.RESULT, ADDRESS, MANIFEST, [b"12345"], 4)
    with pytest.raises(MalformedInputError) as refusal:
        list(body)
    assert refusal.value.code == "content_size_differs"
    with pytest.raises(MalformedInputError) as too_large:
        seal_envelope(DeliveryKind.RESULT, ADDRESS, MANIFEST, [], MAX_BODY_SIZE)
    assert too_large.value.code == "envelope_too_large"


def test_memory_stays_flat_however_large_it_is() -> None:
    pieces = 256
    size = pieces * CHUNK_SIZE

    def make() -> int:
        content = (bytes(CHUNK_SIZE) for _ in range(pieces))
        head, body = seal_envelope(DeliveryKind.RESULT, ADDRESS, MANIFEST, content, size)
        _, opened = open_envelope(head, KEY, body)
        return sum(map(len, opened))

    tracemalloc.start()
    try:
        assert make() == size
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1024 * 1024


def test_announcements_requests_and_receipts_hold_only_as_they_were_signed() -> None:
    head, _ = seal(b"content")
    x, y = public_coordinates(KEY.public_key())
    announced = Announcement.sign(head, bytes(32), 1_790_000_000, KEY)
    assert Announcement.parse(announced.to_json()) == announced
    assert announced.is_sealed_by(x, y)
    assert not replace(announced, made_at_unix=1).is_sealed_by(x, y)
    with pytest.raises(MalformedInputError) as refusal:
        Announcement.parse(announced.to_json() + b" ")
    assert refusal.value.code == "announcement_malformed"
    other_suite = announced.to_json().replace(b'"suite":1', b'"suite":2')
    assert not Announcement.parse(other_suite).is_sealed_by(x, y)

    request = SignedRequest("PATCH", head.delivery_id, 5, b"part")
    signature = request.sign(KEY)
    assert request.is_signed_by(x, y, signature)
    for other in (
        replace(request, method="GET"),
        replace(request, offset=6),
        replace(request, content=b"other"),
        replace(request, delivery_id=bytes(32)),
    ):
        assert not other.is_signed_by(x, y, signature)
    for text in ("", "é", "AAAA", signature[:-8]):
        assert not request.is_signed_by(x, y, text)

    receipt = DeliveryReceipt.sign(announced, KEY, 1_790_000_000)
    assert DeliveryReceipt.parse(receipt.to_json()) == receipt
    assert receipt.is_sealed_by(x, y)
    assert receipt.is_for(announced)
    assert not receipt.is_for(replace(announced, digest=b"\1" * 32))
    assert not replace(receipt, size=1).is_sealed_by(x, y)
