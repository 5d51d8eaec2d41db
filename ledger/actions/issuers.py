"""Departments of this home's member: registration, seal keys, mandates, compromise."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric import ec

from ledger.abi import Statement
from ledger.actions.authority import NO_END_UNIX, submit_authority_act
from ledger.actions.departments import Department, SealKeyView, read_department
from ledger.chain.gateway import Gateway
from ledger.errors import ConflictError, NotFoundError
from ledger.formats.seals import public_coordinates
from ledger.formats.signing_certificate import compute_fingerprint, create_signing_certificate
from ledger.identifiers import CertificateType, MemberId, RegionCode, Uscc
from ledger.records import (
    CompromiseStatement,
    DepartmentStatement,
    IssuerOfAnotherMemberError,
    MandateStatement,
    SealKeyEndStatement,
    SealKeyStatement,
)
from ledger.vault.key_files import SUITE_P256, SealKey
from ledger.workspace import Workspace

REGISTRY = "IssuerRegistry"
_SEAL_KEY_VALIDITY_S = 5 * 365 * 86_400
_OVERLAP_S = 60  # an end must still lie ahead when the chain sees it


@dataclass(frozen=True, slots=True)
class ActResult:
    """An act that was recorded. Attributes: key_id: of the seal key it is about, else empty."""

    issuer: Uscc
    log_index: int
    recorded_at_unix: int
    key_id: bytes = b""


def register_department(
    workspace: Workspace,
    issuer: Uscc,
    name: str,
    region: RegionCode,
    *,
    valid_until_unix: int = NO_END_UNIX,
) -> ActResult:
    """Registers a department and makes its first seal key.

    Run again after an interruption it does what is still missing, under the name on record.

    Raises:
        IssuerOfAnotherMemberError, RegionOutsideMemberError: the registry's refusals.
        ConflictError: the department is registered and has a seal key.
    """
    workspace.submitter.resolve_unfinished()
    if workspace.gateway.department(issuer).member == workspace.member:
        department = find_department(workspace, issuer)
        if department.seal_keys:
            raise ConflictError(
                f"{issuer} is registered and has a seal key; to change keys: issuer rotate",
                code="issuer_registered",
            )
        name = department.name
    else:
        _act(
            workspace,
            issuer,
            "registerDepartment",
            lambda sequence: DepartmentStatement(
                workspace.member, issuer, region, name, valid_until_unix, sequence
            ),
        )
    return _register_new_key(workspace, issuer, name)


def change_mandate(
    workspace: Workspace,
    issuer: Uscc,
    certificate_type: CertificateType,
    *,
    valid_from_unix: int | None = None,
    valid_until_unix: int = NO_END_UNIX,
) -> ActResult:
    """Lets a department issue a type during [from, until); replaces the mandate on record."""
    begins = 0 if valid_from_unix is None else valid_from_unix
    return _act(
        workspace,
        issuer,
        "changeMandate",
        lambda sequence: MandateStatement(
            workspace.member, issuer, certificate_type, begins, valid_until_unix, sequence
        ),
    )


def rotate_seal_key(workspace: Workspace, issuer: Uscc) -> ActResult:
    """Makes a new seal key and ends those in force, wherever they are kept; what they sealed stays
    verifiable.

    Raises:
        NotFoundError: no such department. IssuerOfAnotherMemberError: it is another member's.
    """
    department = find_department(workspace, issuer)
    if (owner := MemberId.parse(department.member)) != workspace.member:
        raise IssuerOfAnotherMemberError(issuer, owner, workspace.member)  # before a key is kept
    result = _register_new_key(workspace, issuer, department.name)
    for key in department.seal_keys:
        if key.valid_until_unix > workspace.latest_unix() + _OVERLAP_S:
            end_seal_key(workspace, issuer, key.key_id)
    return result


def end_seal_key(workspace: Workspace, issuer: Uscc, key_id: bytes) -> ActResult:
    """Ends a seal key a moment from now; what it sealed stays verifiable.

    Raises:
        NotFoundError: SealKeyUnknownError. ConflictError: it ends sooner already.
    """
    ends = workspace.latest_unix() + _OVERLAP_S
    result = _act(
        workspace,
        issuer,
        "endSealKey",
        lambda sequence: SealKeyEndStatement(workspace.member, issuer, key_id, ends, sequence),
    )
    return replace(result, key_id=key_id)


def declare_compromise(
    workspace: Workspace, issuer: Uscc, key_id: bytes, since_unix: int
) -> ActResult:
    """Declares a seal key compromised since a time: what it anchored from then on is refused."""
    result = _act(
        workspace,
        issuer,
        "declareCompromise",
        lambda sequence: CompromiseStatement(
            workspace.member, issuer, key_id, since_unix, sequence
        ),
    )
    return replace(result, key_id=key_id)


def find_department(workspace: Workspace, issuer: Uscc) -> Department:
    """A department by the newest log. Raises NotFoundError when none has this code."""
    workspace.sync_index()
    return read_department(workspace.index, issuer)


def choose_issuer(workspace: Workspace) -> Uscc:
    """The one department of which this home has a seal key.

    Raises:
        NotFoundError: it has none. ConflictError: it has several; the message lists them.
    """
    held = list(workspace.keys.issuers())
    if not held:
        raise NotFoundError(
            "this home has no department with a seal key; register one with "
            "`zhenglian issuer register`",
            code="issuer_missing",
            field="issuer",
        )
    if len(held) > 1:
        listed = ", ".join(map(str, held))
        raise ConflictError(
            f"issuer: this home has several departments; name one of {listed}",
            code="issuer_ambiguous",
            field="issuer",
        )
    return held[0]


def choose_type(workspace: Workspace, issuer: Uscc) -> CertificateType:
    """The one type that a department may issue now.

    Raises:
        NotFoundError: it may issue none. ConflictError: several; the message lists them.
    """
    now_unix = workspace.ask_chain(
        lambda gateway: gateway.head().time_unix, lambda cursor: cursor.synced_to_unix
    )
    allowed = [
        each.certificate_type
        for each in find_department(workspace, issuer).mandates
        if each.valid_from_unix <= now_unix < each.valid_until_unix
    ]
    if not allowed:
        raise NotFoundError(
            f"{issuer} may issue no type now; give it a mandate with `zhenglian issuer mandate`",
            code="mandate_missing",
            field="type",
        )
    if len(allowed) > 1:
        listed = ", ".join(map(str, allowed))
        raise ConflictError(
            f"type: {issuer} may issue several types; name one of {listed}",
            code="type_ambiguous",
            field="type",
        )
    return allowed[0]


def find_seal_key(workspace: Workspace, issuer: Uscc) -> SealKey:
    """The newest seal key in force of which this home has the private part.

    Raises:
        NotFoundError: there is none; the message says which command makes one.
    """
    return workspace.keys.seal_key(issuer, find_seal_key_id(workspace, issuer)[0])


def find_seal_key_id(workspace: Workspace, issuer: Uscc) -> tuple[bytes, int]:
    """Id of the key that `find_seal_key` opens, and when it ends, unix seconds. Raises as that."""
    held = list(workspace.keys.seal_key_ids(issuer))
    now_unix, keys = workspace.ask_chain(
        lambda gateway: (gateway.head().time_unix, _ask_keys(gateway, issuer, held)),
        lambda _: (workspace.now_unix(), read_department(workspace.index, issuer).seal_keys),
    )
    usable = [
        (key.valid_from_unix, key.valid_until_unix, key.key_id)
        for key in keys
        if key.key_id in held
        and key.valid_from_unix <= now_unix < key.valid_until_unix
        and not (key.compromised_since_unix and key.compromised_since_unix <= now_unix)
    ]
    if not usable:
        raise NotFoundError(
            f"this home holds no seal key of {issuer} that is in force now; make one with "
            f"`zhenglian issuer rotate {issuer}`",
            code="seal_key_missing",
            field="issuer",
        )
    _, ends, key_id = max(usable)
    return key_id, ends


def _ask_keys(gateway: Gateway, issuer: Uscc, key_ids: Iterable[bytes]) -> tuple[SealKeyView, ...]:
    records = [(key_id, gateway.seal_key(issuer, key_id)) for key_id in key_ids]
    return tuple(
        SealKeyView(key_id, each.valid_from, each.valid_until, each.compromised_since or None)
        for key_id, each in records
    )


def _register_new_key(workspace: Workspace, issuer: Uscc, name: str) -> ActResult:
    private_key = ec.generate_private_key(ec.SECP256R1())
    x, y = public_coordinates(private_key.public_key())
    root = workspace.keys.region_root()
    begins = workspace.gateway.head().time_unix  # no later block is earlier than this
    ends = begins + _SEAL_KEY_VALIDITY_S
    signing_certificate = create_signing_certificate(
        root.private_key,
        root.certificate,
        private_key.public_key(),
        issuer,
        name,
        valid_from_unix=begins,
        valid_until_unix=ends,
    )
    # Kept before it is registered: a registered key that nobody holds would be lost.
    key = workspace.keys.store_seal_key(
        issuer, private_key, (signing_certificate, root.certificate)
    )
    fingerprint = compute_fingerprint(signing_certificate)
    result = _act(
        workspace,
        issuer,
        "registerSealKey",
        lambda sequence: SealKeyStatement(
            workspace.member, issuer, SUITE_P256, x, y, fingerprint, begins, ends, sequence
        ),
    )
    return ActResult(issuer, result.log_index, result.recorded_at_unix, key.key_id)


def _act(
    workspace: Workspace, issuer: Uscc, function: str, build: Callable[[int], Statement]
) -> ActResult:
    receipt = submit_authority_act(workspace, REGISTRY, function, build)
    workspace.sync_index()
    return ActResult(issuer, receipt.entries[0].index, receipt.time_unix)
