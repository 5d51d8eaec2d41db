"""Putting something on its way to another department: encrypted, announced and stored.

Nothing is sent here: the node does that, now or when the receiver is up again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import rfc8785

from ledger.actions.deliveries.limits import DEFAULT_LIMITS, DeliveryLimits
from ledger.actions.deliveries.standing import find_member, find_recipient
from ledger.actions.issuers import find_seal_key
from ledger.errors import ConflictError, NotFoundError
from ledger.formats.delivery import Announcement
from ledger.formats.envelope import (
    Address,
    DeliveryKind,
    EnvelopeDigest,
    Manifest,
    seal_envelope,
)
from ledger.identifiers import Uscc
from ledger.vault.delivery_rows import NewDelivery, StoredDelivery
from ledger.vault.key_files import SealKey
from ledger.workspace import Workspace

_READ_SIZE: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class QueuedDelivery:
    """A delivery on its way. Attributes: was_queued: before, by the same request."""

    delivery: StoredDelivery
    was_queued: bool = False


def queue_delivery(
    workspace: Workspace,
    kind: DeliveryKind,
    receiver: Uscc,
    content: bytes | Path,
    *,
    sender: Uscc | None = None,
    name: str = "",
    subject: str = "",
    reference: str = "",
    limits: DeliveryLimits = DEFAULT_LIMITS,
) -> QueuedDelivery:
    """Encrypts a content to the receiving member, announces it under the sender's seal, stores it.

    The same content for the same department about the same thing is sent once, unless that failed.

    Args:
        content: the bytes, or a file that holds them.
        sender: a department of this home; may be left out where there is one.
        name: what to call it; by default the file's name, else the kind.
        subject: what it is about, such as a case's id; told to the receiver alone.
        reference: by which it is the same, where the content is another each time.

    Raises:
        NotFoundError: department_unknown, seal_key_missing, issuer_missing.
        NotAuthorizedError: member_inactive.
        ConflictError: delivery_to_itself, issuer_ambiguous.
        MalformedInputError: envelope_too_large, manifest_too_large.
    """
    sender = sender or choose_sender(workspace)
    member = find_member(workspace.gateway, receiver)
    if member == workspace.member:
        raise ConflictError(
            f"{receiver} is a department of {member}, which this node is: nothing has to travel",
            code="delivery_to_itself",
            field="receiver",
        )
    named = name or (content.name if isinstance(content, Path) else kind.value)
    about = subject or named
    digest, size = _measure(content)
    request = rfc8785.dumps(
        {
            "kind": kind.value,
            "sender": str(sender),
            "receiver": str(receiver),
            "subject": about,
            "content": reference or digest.hex(),
        }
    )
    if (known := workspace.vault.deliveries.find_request(request)) is not None:
        return QueuedDelivery(known, was_queued=True)
    manifest = Manifest.make(named, about)
    recipient = find_recipient(workspace.gateway, receiver)
    address = Address(workspace.gateway.ledger_id, sender, receiver, recipient)
    key = find_seal_key(workspace, sender).private_key
    head, body = seal_envelope(kind, address, manifest, _read(content), size)
    digested = EnvelopeDigest(head)
    now_unix = workspace.now_unix()

    def announce() -> Announcement:
        return Announcement.sign(head, digested.finish(), now_unix, key)

    new = NewDelivery.of_head(head, member, now_unix + limits.give_up_s, request, manifest)
    stored = workspace.vault.deliveries.queue(new, _digesting(body, digested), announce)
    return QueuedDelivery(stored)


def renew_announcement(workspace: Workspace, delivery_id: bytes) -> tuple[Announcement, SealKey]:
    """The announcement of a delivery with the key that seals it, which is the one in force now.

    Raises:
        NotFoundError: seal_key_missing; content_erased.
    """
    announced = workspace.vault.deliveries.read_announcement(delivery_id)
    key = find_seal_key(workspace, announced.head.sender)
    if key.key_id == announced.key_id:
        return announced, key
    renewed = Announcement.sign(
        announced.head, announced.digest, workspace.now_unix(), key.private_key
    )
    workspace.vault.deliveries.announce_again(renewed)
    return renewed, key


def choose_sender(workspace: Workspace) -> Uscc:
    """The one department of this home.

    Raises:
        NotFoundError: issuer_missing. ConflictError: issuer_ambiguous.
    """
    found = sorted(set(workspace.keys.issuers()), key=str)
    if not found:
        raise NotFoundError("this home has no department yet", code="issuer_missing")
    if len(found) > 1:
        listed = ", ".join(map(str, found))
        raise ConflictError(
            f"sender: this home has several departments; name one of {listed}",
            code="issuer_ambiguous",
            field="sender",
        )
    return found[0]


def _measure(content: bytes | Path) -> tuple[bytes, int]:
    digest, size = sha256(), 0
    for piece in _read(content):
        digest.update(piece)
        size += len(piece)
    return digest.digest(), size


def _read(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while piece := file.read(_READ_SIZE):
            yield piece


def _digesting(body: Iterable[bytes], digested: EnvelopeDigest) -> Iterator[bytes]:
    for piece in body:
        digested.update(piece)
        yield piece
