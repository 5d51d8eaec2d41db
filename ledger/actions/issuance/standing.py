"""Whether a department may issue a type now, and with which key: asked once for many requests.

What was found counts for the block at which it was asked, and until the first of its ends; the
contract asks again when a batch is anchored. Nothing here is asked for a single request.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.actions.departments import read_department
from ledger.actions.issuance.sealing import SealingOrder, make_order, make_sealer
from ledger.actions.issuers import find_seal_key_id
from ledger.actions.lost_batches import require_none_lost
from ledger.errors import ConflictError
from ledger.identifiers import CertificateType, Uscc
from ledger.records import BatchAnchored, IssuerNotMandatedError
from ledger.schemas import CertificateSchema
from ledger.vault.key_files import SealKey
from ledger.vault.tables import BatchState
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Standing:
    """A department that may issue a type.

    Attributes:
        header: of every certificate sealed with it.
        ends_at_unix: the first second at which key or mandate ends.
        block_hash: up to which it was asked.
    """

    issuer: Uscc
    certificate_type: CertificateType
    schema: CertificateSchema
    key: SealKey
    order: SealingOrder
    header: bytes
    ends_at_unix: int
    block_hash: bytes


class StandingChecker:
    """Finds standings. For one thread."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._keys: dict[tuple[Uscc, bytes], SealKey] = {}
        self._seen: dict[Uscc, int] = {}
        self.chain_unix = 0
        """The newest block's time that was seen."""

    def check(
        self, issuer: Uscc, certificate_type: CertificateType, known: Standing | None = None
    ) -> Standing:
        """The standing now; `known` as it is where the chain has recorded nothing since.

        Raises:
            NotFoundError: no such department, seal key or type.
            IssuerNotMandatedError: by the newest record.
            ConflictError: `schema_outdated`, `batches_lost`, as `issue_file` raises them.
            ChainUnavailableError: it is not known.
        """
        workspace = self._workspace
        head = workspace.gateway.head()
        self.chain_unix = head.time_unix
        is_same = known is not None and known.block_hash == head.block_hash != b""
        if known is not None and is_same and head.time_unix < known.ends_at_unix:
            return known
        schema = workspace.schema(certificate_type)
        workspace.sync_index()
        department = read_department(workspace.index, issuer)
        key_id, key_ends = find_seal_key_id(workspace, issuer)
        mandate = self._require_mandate(issuer, certificate_type, head.time_unix)
        require_newest(workspace, schema)
        self._require_none_lost(issuer)
        key = self._open(issuer, key_id)
        order = make_order(
            key.private_key, key.x5c, issuer, department.name, workspace.vault.row_cipher
        )
        return Standing(
            issuer,
            certificate_type,
            schema,
            key,
            order,
            make_sealer(order).header,
            min(key_ends, mandate),
            head.block_hash,
        )

    def _require_mandate(self, issuer: Uscc, kind: CertificateType, now_unix: int) -> int:
        """When the mandate ends."""
        gateway = self._workspace.gateway
        registry = gateway.module("IssuerRegistry")
        arguments = (issuer.to_chain(), kind.to_chain(), now_unix)
        if not gateway.call(registry, "isMandatedAt", *arguments):
            raise IssuerNotMandatedError(issuer, kind, now_unix)
        return gateway.mandate_at(issuer, kind, now_unix).valid_until

    def _open(self, issuer: Uscc, key_id: bytes) -> SealKey:
        """A seal key, read from its file once."""
        found = self._keys.get((issuer, key_id))
        if found is None:
            found = self._keys[issuer, key_id] = self._workspace.keys.seal_key(issuer, key_id)
        return found

    def _require_none_lost(self, issuer: Uscc) -> None:
        """All batches the first time, then those that the log has anew."""
        workspace = self._workspace
        size, seen = workspace.index.cursor().size, self._seen.get(issuer)
        if seen is None:
            require_none_lost(workspace, issuer)
        elif size > seen:
            anchored = [
                row.subject
                for row in workspace.index.entries_between(seen, size)
                if row.kind == BatchAnchored.TOPIC and row.actor == str(issuer)
            ]
            kept = workspace.vault.batches.states(anchored)
            own = (BatchState.CLOSED, BatchState.ANCHORED)
            if any(kept.get(subject) not in own for subject in anchored):
                require_none_lost(workspace, issuer)
        self._seen[issuer] = size


def require_newest(workspace: Workspace, schema: CertificateSchema) -> None:
    """What verifiers would refuse is not issued. Raises ConflictError, code `schema_outdated`."""
    now_unix = workspace.gateway.head().time_unix
    record = workspace.gateway.type_at(schema.type, now_unix)
    if record is not None and record.schema_hash != schema.schema_hash:
        raise ConflictError(
            f"the catalogue has version {record.version} of {schema.type} with another schema than "
            "this home issues by; get its file from the authority and add it with "
            "`zhenglian catalogue import`",
            code="schema_outdated",
            field="type",
        )
