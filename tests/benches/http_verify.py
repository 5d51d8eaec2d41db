"""Verification over HTTP: the fronts of a node, an outside generator, all on one machine.

Documents as `present` writes them, of five batches, presented at five sizes of the log; and the
smallest that can pass, certificate and batch proof. Every one is distinct for several seconds of
load. Beside it, in the same run: the same servers without a verifier, and raw P-256 verification.
Source of the targets: ledger design, §8.
"""

from __future__ import annotations

import tempfile
import urllib.request
from pathlib import Path

import orjson

from ledger.actions.issuance.loop import issue_file
from ledger.actions.presentation import present
from ledger.formats.evidence import Evidence
from ledger.identifiers import CertificateId
from node_api.settings import SETTINGS_NAME, write_template
from tests.benches.http_load import Measured, Target, send, serve_processes
from tests.benches.ledger_setup import ISSUER, TYPE, BenchLedger, make_ledger
from tests.benches.limits import raw_verification
from tests.benches.result import Limit, Result
from tests.ledger.actions.homes import identify, make_row, write_rows

WORKERS = 2
SECONDS = 8.0
OPEN_LOOP_RATE = 3_000
BATCHES = 5
EACH = 200
PATH = "/v1/verify"


def run(seconds: float = SECONDS) -> Result:
    raw = raw_verification()
    with tempfile.TemporaryDirectory(prefix="bench-http-verify-") as name:
        ledger = make_ledger(Path(name))
        whole, small = make_documents(ledger, Path(name))
        write_template(ledger.home / SETTINGS_NAME, "127.0.0.1:8480")
        with serve_processes("tests.benches.empty_server", (), WORKERS) as url:
            empty = send(Target("POST", url + PATH, whole), seconds)
        with serve_processes("node_api.serving.front", (str(ledger.home),), WORKERS) as url:
            for document in (whole[0], small[0]):
                _require_passed(url + PATH, document)
            measured = {
                kind: _measure(Target("POST", url + PATH, documents), seconds)
                for kind, documents in (("evidence", whole), ("certificate_and_proof", small))
            }
    best = measured["evidence"][0]
    details: dict[str, object] = {
        kind: {"closed_loop": closed.to_json(), "open_loop": opened.to_json()}
        for kind, (closed, opened) in measured.items()
    }
    details |= {
        "document_bytes": {"evidence": len(whole[0]), "certificate_and_proof": len(small[0])},
        "empty": empty.to_json(),
        "raw_verification": raw.value,
        "ratio_to_raw_verification": best.rate / raw.value,
        "target": {"rate": 5_500, "open_loop_rate": OPEN_LOOP_RATE, "p99_ms": 10},
        "workers": WORKERS,
    }
    limit = Limit("the same servers without a verifier, 1/s", empty.rate)
    return Result("http_verify", "verdicts/s", best.rate, limit, best.rate / empty.rate, details)


def make_documents(
    ledger: BenchLedger, directory: Path
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Whole evidence, and certificate with batch proof alone."""
    whole, small = [], []
    with ledger.open() as workspace:
        for batch in range(BATCHES):
            numbers = range(batch * EACH, (batch + 1) * EACH)
            rows = write_rows(directory / f"{batch}.csv", map(make_row, numbers))
            issue_file(workspace, rows, ISSUER, TYPE)
            for number in numbers:
                evidence = present(workspace, CertificateId.parse(str(identify(number))), None)
                whole.append(evidence.to_json())
                small.append(Evidence(evidence.certificate, evidence.batch_proof).to_json())
        workspace.sync_index()
    return tuple(whole), tuple(small)


def _measure(target: Target, seconds: float) -> tuple[Measured, Measured]:
    send(target, 1.0)  # caches fill
    closed = send(target, seconds)
    opened = send(target, seconds, rate=OPEN_LOOP_RATE)
    if closed.others:
        raise RuntimeError(f"{closed.others} requests were not answered by a report")
    return closed, opened


def _require_passed(url: str, document: bytes) -> None:
    with urllib.request.urlopen(urllib.request.Request(url, document)) as answer:
        report = orjson.loads(answer.read())
    if report["outcome"] != "PASSED":
        raise RuntimeError(f"a genuine certificate was not accepted: {report['checks']}")
