"""Attacks on certificates, batches, statuses and votes. Each must be stopped, and by what is named.

Those on a certificate are tried on Guizhou, which verifies with its own copy of the log; those on
the ledger are sent to the contracts by whoever could send them.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.abi import Statement
from ledger.actions.authority import submit_authority_act
from ledger.actions.issuers import (
    change_mandate,
    declare_compromise,
    find_seal_key,
    register_department,
)
from ledger.actions.presentation import present, read_document, verify_document
from ledger.chain.submitter import Receipt
from ledger.errors import LedgerError
from ledger.formats.certificate import Placement, compute_batch_key, parse_certificate
from ledger.formats.draft import CertificateDraft
from ledger.formats.evidence import BatchProof, Evidence
from ledger.formats.sealing import CertificateSealer
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.formats.status_list import word_index
from ledger.identifiers import CertificateId, RegionCode, Uscc
from ledger.records import (
    BatchAnchored,
    BatchStatement,
    ProposalSubmitted,
    Signature,
    StatusChanged,
    StatusStatement,
    VoteStatement,
    WordChange,
)
from ledger.vault.key_files import SealKey
from ledger.verification.finding import Outcome
from ledger.workspace import Workspace
from zhenglian.demo.stage import CHONGQING, GUIZHOU, SICHUAN, Attack, Stage, today_in_china

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SEC 2 §2.4.2
VALID_FOR_S = 3_600


@dataclass(frozen=True, slots=True)
class Thief:
    """What a stolen seal key of Sichuan's department was used for."""

    issuer: Uscc
    key: SealKey
    evidence: Evidence
    batch_id: bytes


def try_attacks(stage: Stage) -> None:
    """Tries every attack and records what stopped it."""
    stage.act("5. Attacks, and what stopped each 攻击")
    with stage.open(CHONGQING) as workspace:
        certificate_id = stage.source.chosen[1]
        genuine = present(workspace, certificate_id, ("holder_name", "certificate_number"))
    revoked = read_document(stage.hand / "certificate.zhenglian.json")
    thief = _steal_a_key(stage)
    _attack_presentations(stage, genuine, revoked, thief)
    _attack_as_department(stage, thief)
    _attack_by_replay(stage)
    _attack_as_operator(stage)
    _attack_votes(stage)


def _attack_presentations(stage: Stage, genuine: Evidence, revoked: bytes, thief: Thief) -> None:
    document = orjson.loads(genuine.to_json())
    proof = genuine.batch_proof
    if proof is None:
        raise LedgerError("a presentation has a batch proof")
    forgeries: list[tuple[str, bytes, str]] = [
        (
            "altered field",
            _with_certificate(document, _alter_claim),
            "seal_signature: seal_invalid",
        ),
        (
            "forged disclosure",
            _with_certificate(document, _forge_disclosure),
            "well_formed: not_well_formed",
        ),
        (
            "malleated seal (high s)",
            _with_certificate(document, _malleate),
            "well_formed: not_well_formed",
        ),
        (
            "proof for another root",
            replace(
                genuine, batch_proof=replace(proof, path=(hashlib.sha256(b"x").digest(),) * 11)
            ).to_json(),
            "anchored: proof_root_mismatch",
        ),
        (
            "position in the proof not the signed one",
            replace(genuine, batch_proof=replace(proof, position=proof.position + 1)).to_json(),
            "anchored: position_mismatch",
        ),
        (
            "certificate moved into another batch",
            replace(genuine, batch_proof=replace(proof, batch_id=thief.batch_id)).to_json(),
            "anchored: batch_key_mismatch",
        ),
        ("revoked certificate with its old proofs", revoked, "status: certificate_revoked"),
        (
            "anchored after the key's compromise, issue time back-dated",
            thief.evidence.to_json(),
            "issuer: key_compromised",
        ),
        (
            "sealed with the genuine key, never anchored",
            _never_anchored(stage).to_json(),
            "anchored: not_anchored",
        ),
    ]
    with stage.open(GUIZHOU) as workspace:
        for name, forged, expected in forgeries:
            report = verify_document(workspace, forged)
            failed = [c for c in report.checks if c.is_required and c.outcome is Outcome.FAILED]
            stopped = f"{failed[0].name}: {failed[0].reason}" if failed else str(report.outcome)
            _keep(stage, Attack(name, stopped, expected))


def _attack_as_department(stage: Stage, thief: Thief) -> None:
    """Another department of the same province, with a seal key but no mandate."""
    source = stage.source
    other = _other_department(source.issuer)
    with stage.open(CHONGQING) as workspace:
        register_department(workspace, other, "重庆市另一部门（虚构）", RegionCode.parse("500000"))
        own = find_seal_key(workspace, source.issuer)
        foreign = find_seal_key(workspace, other)
        claimed = _batch_statement(workspace, stage, own, secrets.token_bytes(32))
        _expect(
            stage,
            "another department's seal",
            "SealInvalidError",
            lambda: _anchor(workspace, claimed, foreign.private_key),
        )
        unmandated = _batch_statement(workspace, stage, foreign, secrets.token_bytes(32))
        _expect(
            stage,
            "department without mandate",
            "IssuerNotMandatedError",
            lambda: _anchor(workspace, unmandated, foreign.private_key),
        )
        # Whoever anchors the same batch id first gets a key of his own: nobody is squatted on.
        squatted = _batch_statement(workspace, stage, own, thief.batch_id)
        mine = compute_batch_key(source.issuer, thief.batch_id)
        theirs = compute_batch_key(thief.issuer, thief.batch_id)
        _anchor(workspace, squatted, own.private_key)
        both = [workspace.gateway.batch(key) for key in (mine, theirs)]
        kept_apart = mine != theirs and all(both)
        expected = "batch key = SHA-256(issuer ‖ batch_id)"
        stopped = expected if kept_apart else "nothing"
        _keep(stage, Attack("squatted batch id", stopped, expected))


def _attack_by_replay(stage: Stage) -> None:
    """Everything on chain is public: anyone may send it again."""
    with stage.open(GUIZHOU) as workspace:
        workspace.sync_index()
        batch, suspension = _recorded(workspace, stage)
        _expect(
            stage,
            "replayed batch",
            "BatchExistsError",
            lambda: _send(workspace, "anchorBatch", batch.statement, batch.seal),
        )
        _expect(
            stage,
            "replayed suspension after a restore",
            "StatusSequenceUnexpectedError",
            lambda: _send(workspace, "changeStatus", suspension.statement, suspension.seal),
        )


def _attack_as_operator(stage: Stage) -> None:
    """The thief has Chongqing's operator account, and makes a seal key of his own."""
    with stage.open(CHONGQING) as workspace:
        batch, _ = _recorded(workspace, stage)
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
        _expect(
            stage,
            "stolen operator account tries to revoke",
            "SealInvalidError",
            lambda: _submit(workspace, "changeStatus", statement, forged),
        )


def _attack_votes(stage: Stage) -> None:
    with stage.open(SICHUAN) as workspace:
        workspace.sync_index()
        rows = workspace.index.entries_of_kind(ProposalSubmitted.TOPIC)
        proposal_id = rows[-1].subject

        def vote_again() -> Receipt:
            return submit_authority_act(
                workspace,
                "Consortium",
                "vote",
                lambda sequence: VoteStatement(workspace.member, proposal_id, True, sequence),
            )

        _expect(
            stage, "vote on a proposal that was carried out", "ProposalExecutedError", vote_again
        )


def _steal_a_key(stage: Stage) -> Thief:
    """A thief anchors a back-dated certificate with Sichuan's seal key; then it is noticed."""
    issuer = _other_department(stage.source.issuer, region="510000")
    with stage.open(SICHUAN) as workspace:
        register_department(workspace, issuer, "四川省某部门（虚构）", RegionCode.parse("510000"))
        change_mandate(workspace, issuer, stage.source.certificate_type)
        key = find_seal_key(workspace, issuer)
        batch_id = secrets.token_bytes(32)
        evidence, statement = _forge(workspace, stage, key, batch_id)
        _anchor(workspace, statement, key.private_key)
        since = workspace.gateway.seal_key(issuer, key.key_id).valid_from
        declare_compromise(workspace, issuer, key.key_id, since)
        return Thief(issuer, key, evidence, batch_id)


def _never_anchored(stage: Stage) -> Evidence:
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
    statement = _batch_statement(workspace, stage, key, batch_id)
    return evidence, replace(statement, root=sealed.leaf_hash)


def _batch_statement(
    workspace: Workspace, stage: Stage, key: SealKey, batch_id: bytes
) -> BatchStatement:
    return BatchStatement(
        key.issuer,
        key.key_id,
        stage.source.certificate_type,
        batch_id,
        secrets.token_bytes(32),
        1,
        workspace.gateway.head().time_unix + VALID_FOR_S,
    )


def _anchor(
    workspace: Workspace, statement: BatchStatement, key: ec.EllipticCurvePrivateKey
) -> Receipt:
    return _submit(workspace, "anchorBatch", statement, key)


def _submit(
    workspace: Workspace, function: str, statement: Statement, key: ec.EllipticCurvePrivateKey
) -> Receipt:
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    return _send(workspace, function, statement, sign_digest(key, digest))


def _send(workspace: Workspace, function: str, statement: Statement, seal: Signature) -> Receipt:
    return workspace.submitter.submit(
        "CertificateLedger", function, statement.to_abi(), seal.to_abi(), purpose="attack"
    )


def _recorded(workspace: Workspace, stage: Stage) -> tuple[BatchAnchored, StatusChanged]:
    """The story's batch and the suspension in it, as anyone reads them from the log."""
    document = orjson.loads((stage.hand / "certificate.zhenglian.json").read_bytes())
    batch_key = compute_batch_key(
        stage.source.issuer, bytes.fromhex(document["batch_proof"]["batch_id"])
    )
    word = word_index(document["batch_proof"]["position"])
    anchored = next(
        BatchAnchored.decode_payload(row.payload)
        for row in workspace.index.entries_of(batch_key)
        if row.kind == BatchAnchored.TOPIC and row.payload
    )
    changes = [
        StatusChanged.decode_payload(row.payload)
        for row in workspace.index.status_entries(batch_key, word)
        if row.payload
    ]
    return anchored, changes[0]


def _expect(stage: Stage, name: str, expected: str, attack: Callable[[], object]) -> None:
    """Runs an attack on the contracts; that it succeeds is the worst that can be found."""
    try:
        attack()
    except LedgerError as refusal:
        _keep(stage, Attack(name, type(refusal).__name__, expected))
    else:
        _keep(stage, Attack(name, "nothing", expected))


def _keep(stage: Stage, attack: Attack) -> None:
    stage.attacks.append(attack)
    colour = "green" if attack.is_right else "bold red"
    told = "" if attack.is_right else f" (expected {attack.expected})"
    stage.say(f"{attack.name}: [{colour}]stopped by {attack.refused_by}[/{colour}]{told}")


def _other_department(issuer: Uscc, region: str = "500000") -> Uscc:
    """A synthetic department that is not the given one."""
    for number in range(2, 100):
        candidate = Uscc.build(f"11{region}{number:09}")
        if candidate != issuer:
            return candidate
    raise LedgerError("no synthetic department is left")


def _with_certificate(document: dict[str, object], change: Callable[[str], str]) -> bytes:
    return orjson.dumps(document | {"certificate": change(str(document["certificate"]))})


def _alter_claim(compact: str) -> str:
    """Makes the certificate a day younger without asking the seal."""
    jwt, _, disclosures = compact.partition("~")
    header, payload, signature = jwt.split(".")
    claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    altered = orjson.dumps(claims | {"exp": claims.get("exp", claims["nbf"]) + 86_400})
    return f"{header}.{_encode(altered)}.{signature}~{disclosures}"


def _forge_disclosure(compact: str) -> str:
    """Shows another name than the sealed one."""
    jwt, *disclosures, end = compact.split("~")
    salt, name, _ = orjson.loads(
        base64.urlsafe_b64decode(disclosures[0] + "=" * (-len(disclosures[0]) % 4))
    )
    disclosures[0] = _encode(orjson.dumps([salt, name, "他人"]))
    return "~".join([jwt, *disclosures, end])


def _malleate(compact: str) -> str:
    """The other signature that ECDSA accepts: (r, n - s)."""
    jwt, _, disclosures = compact.partition("~")
    header, payload, signature = jwt.split(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    high = P256_ORDER - int.from_bytes(raw[32:], "big")
    return f"{header}.{payload}.{_encode(raw[:32] + high.to_bytes(32, 'big'))}~{disclosures}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
