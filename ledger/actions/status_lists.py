"""Status lists of the batches that this home's departments have issued, signed when asked for.

A list tells what the log said up to a time, and ends some hours after that time: with the chain
away no new list can pretend to know more, and the old ones run out by themselves.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

from ledger.actions.batch_history import find_anchoring, iterate_status_changes
from ledger.actions.issuers import find_seal_key_id
from ledger.actions.known_log import KnownLog
from ledger.errors import ChainUnavailableError, NotFoundError
from ledger.formats.evidence import LogHead
from ledger.formats.status_list import EMPTY_WORD, word_count
from ledger.formats.status_list_token import make_status_list_token
from ledger.identifiers import Uscc
from ledger.index.store import IndexStore
from ledger.vault.key_files import SealKey
from ledger.workspace import Workspace

TTL_S = 300
VALIDITY_S = 12 * 3600
_CACHED_LISTS = 256
_MAX_LATER = 2_000


@dataclass(frozen=True, slots=True)
class SignedStatusList:
    """A list as it is handed out.

    Attributes:
        token: the compact JWT.
        tag: names these bytes.
        log: up to which it tells.
        issued_at_unix, expires_at_unix: as in the token.
    """

    token: bytes
    tag: str
    log: LogHead
    issued_at_unix: int
    expires_at_unix: int


class StatusListPublisher:
    """Signs lists when somebody asks, at most once in `TTL_S` unless a status changed.

    Args:
        workspace: whose departments' batches these are; its keys are opened when needed.
        log: what is known.
    """

    def __init__(self, workspace: Workspace, log: KnownLog) -> None:
        self._workspace = workspace
        self._log = log
        self._kept: OrderedDict[bytes, SignedStatusList] = OrderedDict()
        self._keys: dict[Uscc, SealKey] = {}
        self._lock = Lock()

    def fetch(self, batch_key: bytes) -> SignedStatusList:
        """The list of a batch; while the chain is away, of what is known, which it says itself.

        Raises:
            NotFoundError: batch_unknown; status_list_elsewhere, another home's department issued
                the batch; seal_key_missing.
            ChainUnavailableError: what is known of the log is so old that a list of it has ended.
            StorageError: the index cannot be read.
        """
        head, now_unix = self._log.head(), self._workspace.now_unix()
        with self._lock:
            kept = self._kept.get(batch_key)
            if kept is not None and self._is_current(kept, batch_key, head, now_unix):
                self._kept.move_to_end(batch_key)
                return kept
        with self._workspace.reading():
            signed = self._sign(batch_key, head, max(now_unix, head.time_unix))
        with self._lock:
            self._kept[batch_key] = signed
            self._kept.move_to_end(batch_key)
            if len(self._kept) > _CACHED_LISTS:
                self._kept.popitem(last=False)
        return signed

    def _is_current(
        self, kept: SignedStatusList, batch_key: bytes, head: LogHead, now_unix: int
    ) -> bool:
        """Whether nothing happened to the batch since, and a new list would tell nothing new."""
        if kept.log.ledger_id != head.ledger_id or head.size < kept.log.size:
            return False
        if head.time_unix >= kept.log.time_unix + TTL_S or now_unix + TTL_S > kept.expires_at_unix:
            return False
        if head.size == kept.log.size:
            return head.root == kept.log.root
        later = self._log.index.topics_since(kept.log.size, _MAX_LATER)
        return later is not None and all(subject != batch_key for subject, _ in later)

    def _sign(self, batch_key: bytes, head: LogHead, now_unix: int) -> SignedStatusList:
        expires = head.time_unix + VALIDITY_S
        if expires <= now_unix + TTL_S:
            raise ChainUnavailableError(
                f"the log is known up to unix {head.time_unix} only: a list of that has ended",
                code="chain_stalled",
            )
        issuer, words = read_words(self._log.index, batch_key, head)
        key = self._find_key(issuer)
        token = make_status_list_token(
            key.private_key,
            key.x5c,
            batch_key,
            words,
            issued_at_unix=now_unix,
            expires_at_unix=expires,
            ttl_s=TTL_S,
            log_size=head.size,
            log_time_unix=head.time_unix,
        )
        return SignedStatusList(token, sha256(token).hexdigest()[:32], head, now_unix, expires)

    def _find_key(self, issuer: Uscc) -> SealKey:
        """The department's key in force; opening its file takes a while, so that it is kept."""
        if not self._workspace.keys.seal_key_ids(issuer):
            raise NotFoundError(
                f"the batch was issued by {issuer}, whose status lists are with its own node",
                code="status_list_elsewhere",
            )
        key_id, _ = find_seal_key_id(self._workspace, issuer)
        kept = self._keys.get(issuer)
        if kept is None or kept.key_id != key_id:
            kept = self._workspace.keys.seal_key(issuer, key_id)
            self._keys[issuer] = kept
        return kept


def read_words(index: IndexStore, batch_key: bytes, head: LogHead) -> tuple[Uscc, bytes]:
    """Who issued a batch, and its status words in order, as the log has them up to a head.

    Raises:
        NotFoundError: batch_unknown.
    """
    found = find_anchoring(index, batch_key)
    if found is None or found[0].entry_index >= head.size:
        raise NotFoundError(
            f"the log has no batch {batch_key.hex()} as far as this node knows",
            code="batch_unknown",
            field="batch_key",
        )
    statement = found[1]
    words = [EMPTY_WORD] * word_count(statement.count)
    for row, change in iterate_status_changes(index, batch_key):
        if row.entry_index < head.size:
            for word in change.changes:
                words[word.index] = word.word_after
    return statement.issuer, b"".join(words)
