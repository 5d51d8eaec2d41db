"""Deliveries in the vault, in a file and on a PostgreSQL server: each change all or nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.errors import ConflictError, NotFoundError
from ledger.formats.case_package import Recipient
from ledger.formats.delivery import Announcement
from ledger.formats.delivery_receipt import DeliveryReceipt
from ledger.formats.envelope import Address, DeliveryKind, Manifest, seal_envelope
from ledger.formats.seals import public_coordinates
from ledger.identifiers import MemberId, Uscc
from ledger.vault.delivery_rows import NewDelivery, OffsetUnexpectedError
from ledger.vault.delivery_tables import DeliveryState, Direction
from ledger.vault.outgoing import PART_SIZE
from ledger.vault.store import Vault
from tests.ledger.vault.vaults import CHEAP, NOW_UNIX, PASSPHRASE
from tests.support.postgresql import use_schema

KEY = ec.generate_private_key(ec.SECP256R1())
SICHUAN = MemberId.parse("510000")
SENDER, RECEIVER = Uscc.build("11500000000000001"), Uscc.build("11510000000000001")
MANIFEST = Manifest("名称", "事由", bytes(range(32)))
EXPIRES_UNIX = NOW_UNIX + 1000


@pytest.fixture(params=["file", "server"])
def vault(request: pytest.FixtureRequest, directory: Path) -> Iterator[Vault]:
    if request.param == "file":
        with Vault.create(directory, PASSPHRASE, cost=CHEAP, clock=lambda: NOW_UNIX) as opened:
            yield opened
        return
    with use_schema(request.getfixturevalue("postgresql")) as url:
        made = Vault.create(directory, PASSPHRASE, url=url, cost=CHEAP, clock=lambda: NOW_UNIX)
        with made as opened:
            yield opened


def make(content: bytes = b"content") -> tuple[Announcement, bytes]:
    recipient = Recipient(SICHUAN, *public_coordinates(KEY.public_key()))
    address = Address(bytes(32), SENDER, RECEIVER, recipient)
    head, body = seal_envelope(DeliveryKind.RESULT, address, MANIFEST, [content], len(content))
    return Announcement.sign(head, os.urandom(32), NOW_UNIX, KEY), b"".join(body)


def new(announced: Announcement, request: bytes = b"") -> NewDelivery:
    return NewDelivery.of_head(announced.head, SICHUAN, EXPIRES_UNIX, request, MANIFEST)


def queue(vault: Vault, content: bytes = b"content", request: bytes = b"") -> bytes:
    announced, body = make(content)
    stored = vault.deliveries.queue(new(announced, request), [body], lambda: announced)
    assert (stored.state, stored.digest) == (DeliveryState.QUEUED, announced.digest)
    return stored.delivery_id


def announce(vault: Vault) -> tuple[Announcement, bytes]:
    announced, body = make()
    vault.deliveries.announce(new(announced), announced)
    return announced, body


def test_a_body_is_read_from_any_place_and_dropped_with_the_receipt(vault: Vault) -> None:
    announced, body = make(os.urandom(PART_SIZE + 1000))
    vault.deliveries.queue(new(announced), [body[:10], body[10:]], lambda: announced)
    delivery_id = announced.head.delivery_id
    assert b"".join(vault.deliveries.iterate_body(delivery_id)) == body
    assert vault.deliveries.read_body(delivery_id, PART_SIZE - 5, 10) == body[PART_SIZE - 5 :][:5]
    assert vault.deliveries.read_body(delivery_id, PART_SIZE + 5, 10) == body[PART_SIZE + 5 :][:10]
    assert vault.deliveries.read_body(delivery_id, len(body), 10) == b""
    assert vault.deliveries.read_manifest(delivery_id) == MANIFEST
    vault.deliveries.keep_receipt(delivery_id, DeliveryReceipt.sign(announced, KEY, NOW_UNIX))
    assert vault.deliveries.get(delivery_id).state is DeliveryState.DELIVERED
    assert vault.deliveries.read_body(delivery_id, 0, 10) == b""


def test_a_body_that_cannot_be_read_leaves_nothing_behind(vault: Vault) -> None:
    announced, body = make()

    def broken() -> Iterator[bytes]:
        yield body
        raise OSError("the file is gone")

    with pytest.raises(OSError, match="gone"):
        vault.deliveries.queue(new(announced), broken(), lambda: announced)
    assert vault.deliveries.search() == []


def test_a_request_is_found_again_unless_nothing_became_of_it(vault: Vault) -> None:
    delivery_id = queue(vault, request=b"asked for")
    found = vault.deliveries.find_request(b"asked for")
    assert found is not None
    assert found.delivery_id == delivery_id
    assert vault.deliveries.find_request(b"other") is None
    vault.deliveries.give_up(delivery_id, DeliveryState.FAILED, "refused")
    assert vault.deliveries.find_request(b"asked for") is None
    assert vault.deliveries.retry(delivery_id, EXPIRES_UNIX).state is DeliveryState.QUEUED


def test_what_was_put_off_is_not_due_before_its_time(vault: Vault) -> None:
    delivery_id = queue(vault)
    vault.deliveries.put_off(delivery_id, NOW_UNIX + 10, "peer_unreachable")
    assert vault.deliveries.list_due(NOW_UNIX + 9) == []
    (due,) = vault.deliveries.list_due(NOW_UNIX + 10)
    assert (due.attempts, due.reason) == (1, "peer_unreachable")


def test_parts_follow_each_other_and_end_where_they_must(vault: Vault) -> None:
    announced, body = announce(vault)
    delivery_id = announced.head.delivery_id
    assert vault.deliveries.append(delivery_id, 0, body[:4]).arrived == 4
    with pytest.raises(OffsetUnexpectedError) as refusal:
        vault.deliveries.append(delivery_id, 0, body[:4])
    assert (refusal.value.expected, refusal.value.actual) == (4, 0)
    with pytest.raises(ConflictError) as too_long:
        vault.deliveries.append(delivery_id, 4, body)
    assert too_long.value.code == "delivery_too_long"
    assert vault.deliveries.append(delivery_id, 4, body[4:]).arrived == len(body)
    assert b"".join(vault.deliveries.iterate_body(delivery_id)) == body


def test_of_two_receipts_the_first_counts(vault: Vault) -> None:
    announced, body = announce(vault)
    delivery_id = announced.head.delivery_id
    vault.deliveries.append(delivery_id, 0, body)
    first = DeliveryReceipt.sign(announced, KEY, NOW_UNIX)
    second = DeliveryReceipt.sign(announced, KEY, NOW_UNIX + 1)
    assert vault.deliveries.file(delivery_id, first, MANIFEST).receipt == first.to_json()
    assert vault.deliveries.file(delivery_id, second, MANIFEST).receipt == first.to_json()
    with pytest.raises(ConflictError) as closed:
        vault.deliveries.append(delivery_id, len(body), b"")
    assert closed.value.code == "delivery_closed"
    vault.deliveries.mark_acknowledged(delivery_id)
    assert vault.deliveries.get(delivery_id).state is DeliveryState.ACKNOWLEDGED


def test_what_is_unfinished_is_counted_and_expires(vault: Vault) -> None:
    announced, body = announce(vault)
    delivery_id = announced.head.delivery_id
    vault.deliveries.append(delivery_id, 0, body[:4])
    assert vault.deliveries.sum_unfinished(SENDER) == (1, len(body))
    assert vault.deliveries.sum_unfinished(RECEIVER) == (0, 0)
    assert vault.deliveries.expire_unfinished(EXPIRES_UNIX - 1) == []
    assert len(vault.deliveries.expire_unfinished(EXPIRES_UNIX)) == 1
    assert vault.deliveries.sum_unfinished(SENDER) == (0, 0)
    vault.deliveries.reopen(delivery_id, EXPIRES_UNIX + 1)
    assert vault.deliveries.append(delivery_id, 0, body).arrived == len(body)


def test_what_was_discarded_is_in_the_register_and_cannot_be_read(vault: Vault) -> None:
    announced, body = announce(vault)
    delivery_id = announced.head.delivery_id
    with pytest.raises(ConflictError) as needed:
        vault.deliveries.discard(delivery_id)
    assert needed.value.code == "delivery_unfinished"
    vault.deliveries.append(delivery_id, 0, body)
    vault.deliveries.file(delivery_id, DeliveryReceipt.sign(announced, KEY, NOW_UNIX), MANIFEST)
    for _ in range(2):
        assert vault.deliveries.discard(delivery_id).discarded_at_unix == NOW_UNIX
    assert [e.identifier for e in vault.erasures.all()] == [f"delivery:{delivery_id.hex()}"]
    assert vault.erasures.undone() == []
    assert vault.deliveries.read_manifest(delivery_id) is None
    assert list(vault.deliveries.iterate_body(delivery_id)) == []
    with pytest.raises(NotFoundError) as gone:
        vault.deliveries.read_announcement(delivery_id)
    assert gone.value.code == "content_erased"
    assert vault.deliveries.search(Direction.IN)[0].receipt


def test_an_erasure_that_another_copy_knows_of_is_applied_here(vault: Vault) -> None:
    announced, body = announce(vault)
    delivery_id = announced.head.delivery_id
    vault.deliveries.append(delivery_id, 0, body)
    vault.deliveries.file(delivery_id, DeliveryReceipt.sign(announced, KEY, NOW_UNIX), MANIFEST)
    known = vault.deliveries.discard(delivery_id) and vault.erasures.all()
    assert vault.erasures.reapply(known) == 0
    assert vault.deliveries.read_manifest(delivery_id) is None
