"""Attacks on the contracts through the library, on a real chain: each is refused by its name.

Whoever has an operator account can send anything; what is missing is a seal. No attack may cost a
nonce, append to the log, or leave anything in the outbox.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.abi import Statement
from ledger.actions.authority import submit_authority_act
from ledger.actions.issuers import declare_compromise, find_seal_key, rotate_seal_key
from ledger.chain.artifacts import load_artifact
from ledger.formats.certificate import compute_batch_key
from ledger.formats.seals import compute_key_id, public_coordinates, sign_digest
from ledger.formats.statements import compute_digest
from ledger.formats.status_list import Status, set_status
from ledger.identifiers import CertificateType, MemberId, RegionCode, Uscc
from ledger.records import (
    AuthorityInvalidError,
    AuthoritySequenceUnexpectedError,
    BatchAnchored,
    BatchCountOutOfRangeError,
    BatchExistsError,
    BatchExpiredError,
    BatchOfAnotherIssuerError,
    BatchStatement,
    BatchUnknownError,
    DepartmentStatement,
    IssuerNotMandatedError,
    IssuerOfAnotherMemberError,
    IssuerUnknownError,
    KindNotOwnedError,
    MemberUnknownError,
    RegionOutsideMemberError,
    SealInvalidError,
    SealKeyIsCompromisedError,
    SealKeyUnknownError,
    Signature,
    StatusFinalError,
    StatusOutOfBatchError,
    StatusSequenceUnexpectedError,
    StatusStatement,
    StatusUnchangedError,
    StatusWordUnexpectedError,
    SuiteUnknownError,
    WordChange,
)
from ledger.vault.key_files import SealKey
from ledger.workspace import Workspace
from tests.support.consortium import (
    CHONGQING,
    ISSUER,
    ISSUERS,
    SICHUAN,
    Consortium,
    batch_statement,
    status_statement,
    submit_sealed,
)

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SEC 2 §2.4.2
OTHER_LEDGER = b"another ledger".ljust(32, b"\0")
OTHER_TYPE = CertificateType.parse("11100000000013338W012")
EMPTY = bytes(32)
SUSPENDED = set_status(EMPTY, 5, Status.SUSPENDED)
REVOKED = set_status(EMPTY, 6, Status.REVOKED)


@dataclass(frozen=True)
class Target:
    """Chongqing's home, and a batch of its department in which two certificates changed status.

    Attributes:
        batch: the statement that anchored it.
        suspension: the statement that suspended one certificate of its first word.
        seals: of these two, as anyone reads them on the chain.
    """

    workspace: Workspace
    key: SealKey
    batch: BatchStatement
    batch_key: bytes
    suspension: StatusStatement
    seals: tuple[Signature, Signature]

    def submit(self, function: str, statement: Statement, seal: Signature) -> object:
        module = "CertificateLedger"
        return self.workspace.submitter.submit(
            module, function, statement.to_abi(), seal.to_abi(), purpose="attack"
        )

    def seal(self, statement: Statement, *, ledger_id: bytes | None = None) -> Signature:
        digest = compute_digest(statement, ledger_id or self.workspace.gateway.ledger_id)
        return sign_digest(self.key.private_key, digest)

    def state(self) -> tuple[object, ...]:
        gateway = self.workspace.gateway
        account = bytes.fromhex(self.workspace.submitter.address[2:])
        return (
            gateway.log_size(),
            gateway.log_root(),
            gateway.head().block_number,
            gateway.batch(self.batch_key),
            gateway.status_word(self.batch_key, 0),
            gateway.member(CHONGQING),
            self.workspace.submitter.next_nonce(),
            self.workspace.vault.outbox.highest_nonce(account),
        )


@pytest.fixture(scope="module")
def target(
    founded_consortium: Consortium, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    consortium = founded_consortium.copy(tmp_path_factory.mktemp("attacked") / "consortium")
    with consortium.open() as workspace:
        key = find_seal_key(workspace, ISSUER)
        batch = batch_statement(workspace, key=key, count=100)
        batch_key = compute_batch_key(ISSUER, batch.batch_id)
        submit_sealed(workspace, "anchorBatch", batch, key.private_key)
        suspension = status_statement(workspace, batch_key, SUSPENDED)
        submit_sealed(workspace, "changeStatus", suspension, key.private_key)
        revocation = status_statement(workspace, batch_key, merge(SUSPENDED, REVOKED))
        submit_sealed(workspace, "changeStatus", revocation, key.private_key)
        ledger_id = workspace.gateway.ledger_id
        seals = tuple(
            sign_digest(key.private_key, compute_digest(statement, ledger_id))
            for statement in (batch, suspension)
        )
        yield Target(workspace, key, batch, batch_key, suspension, (seals[0], seals[1]))


@pytest.fixture(autouse=True)
def nothing_changed(target: Target) -> Iterator[None]:
    before = target.state()
    yield
    assert target.state() == before


def force_status(word: bytes, position: int, status: Status) -> bytes:
    """The word as a forger writes it; the library itself refuses to touch what is final."""
    shift = 2 * (position % 4)
    changed = word[position // 4] & ~(0b11 << shift) | status << shift
    return word[: position // 4] + bytes([changed]) + word[position // 4 + 1 :]


def merge(*words: bytes) -> bytes:
    return bytes(sum(column) for column in zip(*words, strict=True))


def fresh(target: Target) -> BatchStatement:
    return batch_statement(target.workspace, key=target.key, count=100)


def change(target: Target, before: bytes, after: bytes, *, index: int = 0) -> StatusStatement:
    """The next change of the batch, of one word."""
    statement = status_statement(target.workspace, target.batch_key, after)
    return replace(statement, changes=(WordChange(index, before, after),))


def current(target: Target) -> bytes:
    return target.workspace.gateway.status_word(target.batch_key, 0)


def test_batch_sealed_for_another_ledger_is_refused(target: Target) -> None:
    statement = fresh(target)
    with pytest.raises(SealInvalidError):
        target.submit("anchorBatch", statement, target.seal(statement, ledger_id=OTHER_LEDGER))


def test_status_change_sealed_for_another_ledger_is_refused(target: Target) -> None:
    statement = change(target, current(target), set_status(current(target), 9, Status.REVOKED))
    with pytest.raises(SealInvalidError):
        target.submit("changeStatus", statement, target.seal(statement, ledger_id=OTHER_LEDGER))


def test_member_act_signed_for_another_ledger_is_refused(target: Target) -> None:
    workspace = target.workspace
    sequence = workspace.gateway.member(CHONGQING).sequence + 1
    region = RegionCode.parse("500000")
    statement = DepartmentStatement(CHONGQING, ISSUER, region, "改名", 1 << 39, sequence)
    digest = compute_digest(statement, OTHER_LEDGER)
    signature = sign_digest(workspace.keys.authority(), digest)
    with pytest.raises(AuthorityInvalidError):
        workspace.submitter.submit(
            "IssuerRegistry",
            "registerDepartment",
            statement.to_abi(),
            signature.to_abi(),
            purpose="attack",
        )


def test_batch_under_another_departments_seal_is_refused(target: Target) -> None:
    """The key of Sichuan's department, under its own id and under the victim's."""
    foreign = ec.generate_private_key(ec.SECP256R1())
    statement = fresh(target)
    with pytest.raises(SealInvalidError):
        submit_sealed(target.workspace, "anchorBatch", statement, foreign)
    key_id = compute_key_id(1, *public_coordinates(foreign.public_key()))
    with pytest.raises(SealKeyUnknownError):
        submit_sealed(target.workspace, "anchorBatch", replace(statement, key_id=key_id), foreign)


def test_authority_key_seals_nothing(target: Target) -> None:
    """An administrator can never issue."""
    with pytest.raises(SealInvalidError):
        submit_sealed(
            target.workspace, "anchorBatch", fresh(target), target.workspace.keys.authority()
        )


def test_seal_key_governs_nothing(target: Target) -> None:
    """A department cannot give itself a mandate."""
    workspace = target.workspace
    sequence = workspace.gateway.member(CHONGQING).sequence + 1
    region = RegionCode.parse("500000")
    statement = DepartmentStatement(CHONGQING, ISSUER, region, "改名", 1 << 39, sequence)
    with pytest.raises(AuthorityInvalidError):
        submit_sealed(
            workspace,
            "registerDepartment",
            statement,
            target.key.private_key,
            module="IssuerRegistry",
        )


BATCH_FORGERIES: dict[str, tuple[Any, type[Exception]]] = {
    "issuer": (ISSUERS[SICHUAN], SealKeyUnknownError),
    "key_id": (b"k" * 32, SealKeyUnknownError),
    "certificate_type": (OTHER_TYPE, IssuerNotMandatedError),
    "batch_id": (b"b" * 32, SealInvalidError),
    "root": (b"r" * 32, SealInvalidError),
    "count": (65_536, SealInvalidError),
    "valid_until": ((1 << 40) - 1, SealInvalidError),
}


@pytest.mark.parametrize("field", BATCH_FORGERIES)
def test_batch_altered_after_its_sealing_is_refused(target: Target, field: str) -> None:
    statement = fresh(target)
    seal = target.seal(statement)
    value, expected = BATCH_FORGERIES[field]
    with pytest.raises(expected):
        target.submit("anchorBatch", replace(statement, **{field: value}), seal)


STATUS_FORGERIES: dict[str, tuple[Any, type[Exception]]] = {
    "issuer": (ISSUERS[SICHUAN], BatchOfAnotherIssuerError),
    "key_id": (b"k" * 32, SealKeyUnknownError),
    "batch_key": (b"b" * 32, BatchUnknownError),
    "sequence": (9, StatusSequenceUnexpectedError),
    "reason_code": (7, SealInvalidError),
    "effective_date": (19991231, SealInvalidError),
    "officer_commitment": (b"o" * 32, SealInvalidError),
    "legal_basis": ("《另一规定》", SealInvalidError),
    "changes": ((WordChange(0, EMPTY, REVOKED),), SealInvalidError),
}


@pytest.mark.parametrize("field", STATUS_FORGERIES)
def test_status_change_altered_after_its_sealing_is_refused(target: Target, field: str) -> None:
    word = current(target)
    statement = change(target, word, set_status(word, 9, Status.REVOKED))
    seal = target.seal(statement)
    value, expected = STATUS_FORGERIES[field]
    with pytest.raises(expected):
        target.submit("changeStatus", replace(statement, **{field: value}), seal)


def malleate(seal: Signature) -> Signature:
    """The other s for which the same signature verifies."""
    high = P256_ORDER - int.from_bytes(seal.s)
    return replace(seal, s=high.to_bytes(32, "big"))


BAD_SEALS = {
    "high s": malleate,
    "r and s exchanged": lambda seal: replace(seal, r=seal.s, s=seal.r),
    "all zero": lambda seal: replace(seal, r=EMPTY, s=EMPTY),
    "r zero": lambda seal: replace(seal, r=EMPTY),
    "s zero": lambda seal: replace(seal, s=EMPTY),
    "r the order": lambda seal: replace(seal, r=P256_ORDER.to_bytes(32, "big")),
    "s the order": lambda seal: replace(seal, s=P256_ORDER.to_bytes(32, "big")),
    "random": lambda seal: replace(seal, r=secrets.token_bytes(32)),
}


@pytest.mark.parametrize("name", BAD_SEALS)
def test_seal_that_is_no_low_s_signature_is_refused(target: Target, name: str) -> None:
    statement = fresh(target)
    with pytest.raises(SealInvalidError):
        target.submit("anchorBatch", statement, BAD_SEALS[name](target.seal(statement)))


def test_malleated_replay_of_a_genuine_batch_is_refused(target: Target) -> None:
    with pytest.raises(BatchExistsError):
        target.submit("anchorBatch", target.batch, malleate(target.seals[0]))


def test_malleated_authority_signature_is_refused(target: Target) -> None:
    workspace = target.workspace
    sequence = workspace.gateway.member(CHONGQING).sequence + 1
    region = RegionCode.parse("500000")
    statement = DepartmentStatement(CHONGQING, ISSUER, region, "改名", 1 << 39, sequence)
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    signature = malleate(sign_digest(workspace.keys.authority(), digest))
    with pytest.raises(AuthorityInvalidError):
        workspace.submitter.submit(
            "IssuerRegistry",
            "registerDepartment",
            statement.to_abi(),
            signature.to_abi(),
            purpose="attack",
        )


@pytest.mark.parametrize("suite", [0, 2, 65_535])
def test_seal_of_another_suite_is_refused(target: Target, suite: int) -> None:
    statement = fresh(target)
    with pytest.raises(SuiteUnknownError):
        target.submit("anchorBatch", statement, replace(target.seal(statement), suite=suite))


def test_seal_of_one_kind_of_statement_is_none_of_another(target: Target) -> None:
    word = current(target)
    statement = change(target, word, set_status(word, 9, Status.REVOKED))
    with pytest.raises(SealInvalidError):
        target.submit("changeStatus", statement, target.seal(fresh(target)))


def test_replayed_batch_is_refused(target: Target) -> None:
    with pytest.raises(BatchExistsError) as caught:
        target.submit("anchorBatch", target.batch, target.seals[0])
    assert caught.value.batch_key == target.batch_key


def test_replayed_status_change_is_refused(target: Target) -> None:
    with pytest.raises(StatusSequenceUnexpectedError) as caught:
        target.submit("changeStatus", target.suspension, target.seals[1])
    assert (caught.value.expected, caught.value.actual) == (3, 1)


def test_replay_under_the_next_number_is_refused(target: Target) -> None:
    statement = replace(target.suspension, sequence=3)
    with pytest.raises(SealInvalidError):
        target.submit("changeStatus", statement, target.seals[1])


def test_replayed_member_act_is_refused(target: Target) -> None:
    with pytest.raises(AuthoritySequenceUnexpectedError):
        submit_authority_act(
            target.workspace,
            "IssuerRegistry",
            "registerDepartment",
            lambda sequence: DepartmentStatement(
                CHONGQING, ISSUER, RegionCode.parse("500000"), "旧", 1 << 39, sequence - 1
            ),
        )


@pytest.mark.parametrize(
    "guess",
    [EMPTY, SUSPENDED, REVOKED, b"\xaa" * 25 + bytes(7)],
    ids=["none", "first", "second", "all"],
)
def test_change_made_for_another_word_is_refused(target: Target, guess: bytes) -> None:
    """The issuer's own seal over a word that is not there: somebody changed it meanwhile."""
    statement = change(target, guess, force_status(guess, 9, Status.SUPERSEDED))
    with pytest.raises(StatusWordUnexpectedError) as caught:
        target.submit("changeStatus", statement, target.seal(statement))
    assert (caught.value.expected, caught.value.actual) == (current(target), guess)


@pytest.mark.parametrize("status", [Status.VALID, Status.SUSPENDED, Status.SUPERSEDED])
def test_revoked_certificate_stays_revoked(target: Target, status: Status) -> None:
    word = current(target)
    statement = change(target, word, force_status(word, 6, status))
    with pytest.raises(StatusFinalError):
        target.submit("changeStatus", statement, target.seal(statement))


def test_revocation_is_not_undone_beside_a_lawful_change(target: Target) -> None:
    word = current(target)
    after = force_status(set_status(word, 5, Status.VALID), 6, Status.VALID)
    statement = change(target, word, after)
    with pytest.raises(StatusFinalError):
        target.submit("changeStatus", statement, target.seal(statement))


def test_change_that_changes_nothing_is_refused(target: Target) -> None:
    statement = change(target, current(target), current(target))
    with pytest.raises(StatusUnchangedError):
        target.submit("changeStatus", statement, target.seal(statement))


@pytest.mark.parametrize(("position", "index"), [(100, 0), (0, 1), (0, 511), (127, 0)])
def test_certificate_beyond_the_batch_has_no_status(
    target: Target, position: int, index: int
) -> None:
    before = current(target) if index == 0 else EMPTY
    after = set_status(before, position, Status.REVOKED)
    statement = change(target, before, after, index=index)
    with pytest.raises(StatusOutOfBatchError):
        target.submit("changeStatus", statement, target.seal(statement))


def test_batch_of_a_type_without_mandate_is_refused(target: Target) -> None:
    statement = replace(fresh(target), certificate_type=OTHER_TYPE)
    with pytest.raises(IssuerNotMandatedError) as caught:
        target.submit("anchorBatch", statement, target.seal(statement))
    assert caught.value.certificate_type == OTHER_TYPE


@pytest.mark.parametrize("count", [0, 65_537, (1 << 32) - 1])
def test_batch_of_an_impossible_size_is_refused(target: Target, count: int) -> None:
    statement = replace(fresh(target), count=count)
    with pytest.raises(BatchCountOutOfRangeError):
        target.submit("anchorBatch", statement, target.seal(statement))


def test_batch_held_back_until_after_its_time_is_refused(target: Target) -> None:
    until = target.workspace.gateway.head().time_unix - 1
    statement = replace(fresh(target), valid_until=until)
    with pytest.raises(BatchExpiredError) as caught:
        target.submit("anchorBatch", statement, target.seal(statement))
    assert caught.value.valid_until == until


def test_unknown_department_seals_nothing(target: Target) -> None:
    stranger = Uscc.build("11500000000000077")
    statement = replace(fresh(target), issuer=stranger)
    with pytest.raises((IssuerUnknownError, SealKeyUnknownError)):
        target.submit("anchorBatch", statement, target.seal(statement))


@pytest.mark.parametrize(
    ("issuer", "region", "expected"),
    [
        (ISSUERS[SICHUAN], "500000", IssuerOfAnotherMemberError),
        (Uscc.build("11510000000000055"), "510100", RegionOutsideMemberError),
    ],
)
def test_one_province_does_not_govern_in_another(
    target: Target, issuer: Uscc, region: str, expected: type[Exception]
) -> None:
    with pytest.raises(expected):
        submit_authority_act(
            target.workspace,
            "IssuerRegistry",
            "registerDepartment",
            lambda sequence: DepartmentStatement(
                CHONGQING, issuer, RegionCode.parse(region), "占", 1 << 39, sequence
            ),
        )


@pytest.mark.parametrize("member", ["520000", "510000"])
def test_nobody_acts_in_anothers_name(target: Target, member: str) -> None:
    """Neither for a stranger nor for a member whose key it is not."""
    claimed = MemberId.parse(member)
    sequence = target.workspace.gateway.member(claimed).sequence + 1
    region = RegionCode.parse(member)
    statement = DepartmentStatement(
        claimed, Uscc.build(f"11{member}000000055"), region, "假", 1 << 39, sequence
    )
    with pytest.raises((MemberUnknownError, AuthorityInvalidError)):
        submit_sealed(
            target.workspace,
            "registerDepartment",
            statement,
            target.workspace.keys.authority(),
            module="IssuerRegistry",
        )


@pytest.mark.parametrize("kind", [BatchAnchored.TOPIC, b"k" * 32], ids=["owned", "unowned"])
def test_nobody_appends_to_the_log_by_hand(target: Target, kind: bytes) -> None:
    gateway, address = target.workspace.gateway, target.workspace.submitter.address
    arguments = (kind, CHONGQING.to_chain(), ISSUER.to_chain(), EMPTY, EMPTY)
    data = load_artifact("EntryLog").encode_call("append", arguments)
    call = {"from": address, "to": gateway.log.address, "data": f"0x{data.hex()}"}
    with pytest.raises(KindNotOwnedError):
        gateway.client.request("attacking", "eth_call", call, "latest")


def test_compromised_key_seals_nothing_from_then_on(consortium: Consortium) -> None:
    with consortium.open() as workspace:
        stolen = find_seal_key(workspace, ISSUER)
        rotate_seal_key(workspace, ISSUER)
        since = workspace.gateway.head().time_unix
        declare_compromise(workspace, ISSUER, stolen.key_id, since)
        size = workspace.gateway.log_size()
        statement = batch_statement(workspace, key=stolen)
        with pytest.raises(SealKeyIsCompromisedError):
            submit_sealed(workspace, "anchorBatch", statement, stolen.private_key)
        assert workspace.gateway.log_size() == size
        own = find_seal_key(workspace, ISSUER)
        assert own.key_id != stolen.key_id
        submit_sealed(
            workspace, "anchorBatch", batch_statement(workspace, key=own), own.private_key
        )
