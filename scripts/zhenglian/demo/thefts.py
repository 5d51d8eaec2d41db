"""Stolen keys and accounts, and what a department can do that has no mandate."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric import ec

from ledger.actions.decisions import Decision, LifecycleAct, parse_reason
from ledger.actions.issuers import (
    change_mandate,
    declare_compromise,
    find_seal_key,
    register_department,
)
from ledger.actions.lost_batches import revoke_lost
from ledger.errors import LedgerError
from ledger.formats.certificate import Placement, compute_batch_key, parse_certificate
from ledger.formats.draft import CertificateDraft
from ledger.formats.evidence import BatchProof, Evidence
from ledger.formats.sealing import CertificateSealer
from ledger.identifiers import CertificateId, RegionCode, Uscc
from ledger.records import BatchStatement, StatusStatement, WordChange
from ledger.vault.key_files import SealKey
from ledger.workspace import Workspace
from zhenglian.demo.sending import (
    anchor,
    expect_refusal,
    make_batch_statement,
    read_recorded,
    submit,
)
from zhenglian.demo.stage import CHONGQING, SICHUAN, Stage
from zhenglian.demo.summary import Attack
from zhenglian.times import today_in_china


@dataclass(frozen=True, slots=True)
class Thief:
    """What a stolen seal key of Sichuan's department was used for."""

    issuer: Uscc
    key: SealKey
    evidence: Evidence
    batch_id: bytes


def steal_a_key(stage: Stage) -> Thief:
    """A thief anchors a back-dated certificate with Sichuan's seal key; then it is noticed."""
    issuer = _other_department(stage.source.issuer, region="510000")
    with stage.open(SICHUAN) as workspace:
        register_department(workspace, issuer, "四川省某部门（虚构）", RegionCode.parse("510000"))
        change_mandate(workspace, issuer, stage.source.certificate_type)
        key = find_seal_key(workspace, issuer)
        batch_id = secrets.token_bytes(32)
        evidence, statement = _forge(workspace, stage, key, batch_id)
        anchor(workspace, statement, key.private_key)
        since = workspace.gateway.seal_key(issuer, key.key_id).valid_from
        declare_compromise(workspace, issuer, key.key_id, since)
        return Thief(issuer, key, evidence, batch_id)


def seal_unanchored(stage: Stage) -> Evidence:
    with stage.open(CHONGQING) as workspace:
        key = find_seal_key(workspace, stage.source.issuer)
        return _forge(workspace, stage, key, secrets.token_bytes(32))[0]


def _forge(
    workspace: Workspace, stage: Stage, key: SealKey, batch_id: bytes
) -> tuple[Evidence, BatchStatement]:
    """A batch of one certificate that says it was issued a day ago."""
    today = today_in_china()
    genuine = stage.source.chosen[1]
    certificate_id = CertificateId.build(genuine.type, key.issuer, "20269999999", "001")
    draft = CertificateDraft(
        certificate_id=certificate_id,
        certificate_name="伪造证书",
        certificate_number="伪造",
        issued_on=today - timedelta(days=1),
        valid_from=today - timedelta(days=1),
        valid_until=today + timedelta(days=365),
        holder_name="伪造",
        holder_code="000000",
        holder_code_type="111",
        holder_fields={},
    )
    yesterday = workspace.gateway.head().time_unix - 86_400
    sealer = CertificateSealer(key.private_key, key.x5c, key.issuer, "虚构部门")
    placement = Placement(compute_batch_key(key.issuer, batch_id), 0)
    sealed = sealer.seal(draft, placement, yesterday)
    certificate = parse_certificate(sealed.to_compact(sealer.header))
    evidence = Evidence(certificate, BatchProof(batch_id, 0, 1, ()))
    statement = make_batch_statement(workspace, stage, key, batch_id)
    return evidence, replace(statement, root=sealed.leaf_hash)


def try_without_mandate(stage: Stage, thief: Thief) -> None:
    """Another department of the same province, with a seal key but no mandate."""
    source = stage.source
    other = _other_department(source.issuer)
    with stage.open(CHONGQING) as workspace:
        register_department(workspace, other, "重庆市另一部门（虚构）", RegionCode.parse("500000"))
        own = find_seal_key(workspace, source.issuer)
        foreign = find_seal_key(workspace, other)
        claimed = make_batch_statement(workspace, stage, own, secrets.token_bytes(32))
        expect_refusal(
            stage,
            "another department's seal",
            "SealInvalidError",
            lambda: anchor(workspace, claimed, foreign.private_key),
        )
        unmandated = make_batch_statement(workspace, stage, foreign, secrets.token_bytes(32))
        expect_refusal(
            stage,
            "department without mandate",
            "IssuerNotMandatedError",
            lambda: anchor(workspace, unmandated, foreign.private_key),
        )
        # Whoever anchors the same batch id first gets a key of his own: nobody is squatted on.
        squatted = make_batch_statement(workspace, stage, own, thief.batch_id)
        mine = compute_batch_key(source.issuer, thief.batch_id)
        theirs = compute_batch_key(thief.issuer, thief.batch_id)
        anchor(workspace, squatted, own.private_key)
        both = [workspace.gateway.batch(key) for key in (mine, theirs)]
        kept_apart = mine != theirs and all(both)
        expected = "batch key = SHA-256(issuer ‖ batch_id)"
        stopped = expected if kept_apart else "nothing"
        stage.keep_attack(Attack("squatted batch id", stopped, expected))
        # Nobody holds what was anchored past the vault; as long as it is in force, issuing stops.
        mistake = parse_reason(workspace, LifecycleAct.REVOKE, {source.certificate_type}, "03")
        decision = Decision(mistake, "演示：未入库批次（虚构）", today_in_china())
        revoke_lost(workspace, mine, decision)


def try_operator_account(stage: Stage) -> None:
    """The thief has Chongqing's operator account, and makes a seal key of his own."""
    with stage.open(CHONGQING) as workspace:
        batch, _ = read_recorded(workspace, stage)
        record = workspace.gateway.batch(batch.batch_key)
        key = find_seal_key(workspace, stage.source.issuer)
        if record is None:
            raise LedgerError("the story's batch is on the chain")
        before = workspace.gateway.status_word(batch.batch_key, 0)
        statement = StatusStatement(
            key.issuer,
            key.key_id,
            batch.batch_key,
            record.status_sequence + 1,
            3,
            20261122,
            bytes(32),
            "《伪造》",
            (WordChange(0, before, bytes([before[0] | 0b01000000]) + before[1:]),),
        )
        forged = ec.generate_private_key(ec.SECP256R1())
        expect_refusal(
            stage,
            "stolen operator account tries to revoke",
            "SealInvalidError",
            lambda: submit(workspace, "changeStatus", statement, forged),
        )


def _other_department(issuer: Uscc, region: str = "500000") -> Uscc:
    """A synthetic department that is not the given one."""
    for number in range(2, 100):
        candidate = Uscc.build(f"11{region}{number:09}")
        if candidate != issuer:
            return candidate
    raise LedgerError("no synthetic department is left")
