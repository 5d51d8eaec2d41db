"""Forged files: certificates and proofs that say what was never sealed or anchored so.

They are tried on Guizhou, which verifies with its own copy of the log.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace

import orjson

from ledger.actions.presentation import present, read_document, verify_document
from ledger.errors import LedgerError
from ledger.formats.evidence import Evidence
from ledger.verification.finding import Outcome
from zhenglian.demo.stage import CHONGQING, GUIZHOU, Stage
from zhenglian.demo.summary import NOTHING, Attack
from zhenglian.demo.thefts import Thief, seal_unanchored

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SEC 2 §2.4.2
Forgery = tuple[str, bytes, str]  # name, file, what must stop it: check and reason


def try_forgeries(stage: Stage, thief: Thief) -> None:
    """Shows Guizhou forged files.

    Args:
        thief: whose certificate was made with a stolen key.
    """
    with stage.open(CHONGQING) as workspace:
        shown = ("holder_name", "certificate_number")
        genuine = present(workspace, stage.source.chosen[1], shown)
    forged = [*_alter_certificate(genuine), *_alter_proof(genuine, thief), *_misuse(stage, thief)]
    with stage.open(GUIZHOU) as workspace:
        for name, file, expected in forged:
            report = verify_document(workspace, file)
            failed = [c for c in report.checks if c.is_required and c.outcome is Outcome.FAILED]
            stopped = f"{failed[0].name}: {failed[0].reason}" if failed else NOTHING
            stage.keep_attack(Attack(name, stopped, expected))


def _alter_certificate(genuine: Evidence) -> Iterator[Forgery]:
    document = orjson.loads(genuine.to_json())
    for name, change, expected in (
        ("altered field", _alter_claim, "seal_signature: seal_invalid"),
        ("forged disclosure", _forge_disclosure, "well_formed: not_well_formed"),
        ("malleated seal (high s)", _malleate, "well_formed: not_well_formed"),
    ):
        yield (
            name,
            orjson.dumps(document | {"certificate": change(document["certificate"])}),
            expected,
        )


def _alter_proof(genuine: Evidence, thief: Thief) -> Iterator[Forgery]:
    proof = genuine.batch_proof
    if proof is None:
        raise LedgerError("a presentation has a batch proof")
    other = hashlib.sha256(b"x").digest()
    for name, altered, expected in (
        (
            "proof for another root",
            replace(proof, path=(other,) * max(1, len(proof.path))),
            "anchored: proof_root_mismatch",
        ),
        (
            "position in the proof not the signed one",
            replace(proof, position=proof.position + 1),
            "anchored: position_mismatch",
        ),
        (
            "certificate moved into another batch",
            replace(proof, batch_id=thief.batch_id),
            "anchored: batch_key_mismatch",
        ),
    ):
        yield name, replace(genuine, batch_proof=altered).to_json(), expected


def _misuse(stage: Stage, thief: Thief) -> Iterator[Forgery]:
    """Certificates whose seal is right and that are not to be relied on all the same."""
    revoked = read_document(stage.holder_file)
    yield "revoked certificate with its old proofs", revoked, "status: certificate_revoked"
    yield (
        "anchored after the key's compromise, issue time back-dated",
        thief.evidence.to_json(),
        "issuer: key_compromised",
    )
    yield (
        "sealed with the genuine key, never anchored",
        seal_unanchored(stage).to_json(),
        "anchored: not_anchored",
    )


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
