"""Gas of anchoring a batch, log and seal check included, on the embedded chain."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path
from statistics import median

from ledger.actions.issuers import find_seal_key
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.records import BatchStatement
from tests.benches.ledger_setup import ISSUER, TYPE, make_ledger
from tests.benches.result import Limit, Result

BATCHES = 32
PRECOMPILE_GAS = 6_900  # EIP-7951
TARGET_MEDIAN = 135_000
TARGET_WORST = 160_000


def run() -> Result:
    with (
        tempfile.TemporaryDirectory(prefix="bench-gas-") as name,
        make_ledger(Path(name)).open() as workspace,
    ):
        key = find_seal_key(workspace, ISSUER)
        used = []
        for _ in range(BATCHES):
            until = workspace.gateway.head().time_unix + 3_600
            statement = BatchStatement(
                ISSUER,
                key.key_id,
                TYPE,
                secrets.token_bytes(32),
                secrets.token_bytes(32),
                1_000,
                until,
            )
            digest = compute_digest(statement, workspace.gateway.ledger_id)
            receipt = workspace.submitter.submit(
                "CertificateLedger",
                "anchorBatch",
                statement.to_abi(),
                sign_digest(key.private_key, digest).to_abi(),
                purpose="bench",
            )
            used.append(receipt.gas_used - PRECOMPILE_GAS)
    middle = median(used)
    details: dict[str, object] = {
        "worst": max(used),
        "best": min(used),
        "seal_check": PRECOMPILE_GAS,
        "target_worst": TARGET_WORST,
    }
    limit = Limit("target, without the seal check", TARGET_MEDIAN)
    return Result("anchor_gas", "gas, median", middle, limit, TARGET_MEDIAN / middle, details)
