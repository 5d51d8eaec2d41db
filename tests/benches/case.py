"""Acts on cases a second: opened, accepted, assigned, decided, concluded and delivered in one home.

Each act is sealed, kept in the vault, carried by a transaction of its own and followed to its
receipt, one after the other, as a clerk's acts are.
"""

from __future__ import annotations

import json
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from ledger.actions.cases.accepting import accept_case
from ledger.actions.cases.concluding import conclude_case, deliver_case
from ledger.actions.cases.deciding import assign_step, decide_step
from ledger.actions.cases.opening import HandedIn, Submission, submit_case
from ledger.actions.catalogue import define_matter
from ledger.formats.case_documents import Party
from ledger.formats.case_materials import MaterialKind
from ledger.formats.matter import MatterDefinition, parse_matter
from ledger.identifiers import ItemCode
from ledger.records import CaseState, Decision
from ledger.workspace import Workspace
from tests.benches.ledger_setup import ISSUER, BenchLedger, make_ledger
from tests.benches.result import Limit, Result

CASES = 20
ACTS = 6
TRANSACTIONS = 60
ITEM = ItemCode.parse(f"{ISSUER}0117002011000")
APPLICANT = Party("持证人（虚构）", "111", "160101199003071232")
CONTRACT = HandedIn("劳动合同", MaterialKind.DOCUMENT, None, b"%PDF-1.7 a synthetic contract")


def run(cases: int = CASES) -> Result:
    with tempfile.TemporaryDirectory(prefix="bench-case-") as name:
        ledger = make_ledger(Path(name))
        _allow_coming_years(ledger)
        with ledger.open() as workspace:
            define_matter(workspace, _definition())
            limit = Limit(
                "attestations by the same submitter, 1/s", _rate_of_attestations(workspace)
            )
            _carry_out(workspace)
            began = time.perf_counter()
            for _ in range(cases):
                _carry_out(workspace)
            rate = cases * ACTS / (time.perf_counter() - began)
    return Result("case", "acts/s", rate, limit, rate / limit.value, {"cases": cases})


def _carry_out(workspace: Workspace) -> None:
    submission = Submission(item_code=ITEM, applicant=APPLICANT, materials=(CONTRACT,))
    case_id = submit_case(workspace, ISSUER, submission).case_id
    accept_case(workspace, case_id)
    assign_step(workspace, case_id)
    decide_step(workspace, case_id, Decision.APPROVE, "同意")
    conclude_case(workspace, case_id, "准予许可")
    if deliver_case(workspace, case_id, "本人签收").state is not CaseState.DELIVERED:
        raise RuntimeError("expected the case to be delivered")


def _rate_of_attestations(workspace: Workspace) -> float:
    began = time.perf_counter()
    for _ in range(TRANSACTIONS):
        workspace.submitter.submit(
            "IssuerRegistry", "attestDepartment", ISSUER.to_chain(), purpose="attest"
        )
    return TRANSACTIONS / (time.perf_counter() - began)


def _allow_coming_years(ledger: BenchLedger) -> None:
    """Made-up notices without holidays, for years whose real ones are not announced."""
    year = datetime.now(UTC).year
    notice = {"source": "synthetic, for a bench", "days_off": [], "working_days": []}
    calendars = {str(coming): notice for coming in (year + 1, year + 2)}
    (ledger.home / "calendar.json").write_text(json.dumps(calendars))


def _definition() -> MatterDefinition:
    decider = [str(ISSUER)]
    return parse_matter(
        json.dumps(
            {
                "format": "zhenglian-matter/1",
                "itemCode": str(ITEM),
                "version": 1,
                "name": "示例许可（虚构）",
                "conditions": ["具备条件"],
                "channels": ["window"],
                "acceptanceModes": ["online"],
                "steps": [{"name": "决定", "rule": "all", "deciders": decider, "limitDays": 3}],
                "statutoryDays": 20,
                "promisedDays": 10,
                "delivery": ["electronic"],
                "fee": {"amountFen": 0, "basis": "不收费"},
                "requiredTypes": [],
                "materials": [{"name": "劳动合同"}],
                "resultTypes": [],
            }
        ).encode()
    )
