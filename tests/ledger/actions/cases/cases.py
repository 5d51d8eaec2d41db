"""A ledger with a matter that a case can be about: received in Chongqing, decided in Sichuan.

Sichuan's housing department handles it. Its first step takes both provinces' housing departments;
its second Sichuan's alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from ledger.actions.cases.accepting import accept_case
from ledger.actions.cases.acting import CaseResult
from ledger.actions.cases.deciding import assign_step, decide_step
from ledger.actions.cases.opening import HandedIn, Submission, submit_case
from ledger.actions.cases.travelling import hand_over, take_over
from ledger.actions.catalogue import define_matter, import_file
from ledger.actions.issuers import register_department
from ledger.actions.presentation import present
from ledger.formats.case_documents import Delegation, Party
from ledger.formats.case_materials import MaterialKind
from ledger.formats.matter import MatterDefinition, parse_matter
from ledger.identifiers import ItemCode, RegionCode, Uscc
from ledger.records import CaseState, Decision
from ledger.workspace import Workspace
from tests.ledger.actions.homes import CHONGQING, HOUSING, SICHUAN, TYPE, Ledger, identify

T = TypeVar("T")

WINDOW = HOUSING
SICHUAN_HOUSING = Uscc.build("11510000000000003")
ITEM = ItemCode.parse(f"{SICHUAN_HOUSING}0117002011000")
HOLDER = Party("持证人1", "111", "160101199003071232")
FIRM = Party("四川示例建设有限公司（虚构）", "001", str(Uscc.build("91510000MA0000001")))
OFFICER = "经办人（虚构）戊一"
CONTRACT = HandedIn("劳动合同", MaterialKind.DOCUMENT, None, b"%PDF-1.7 a contract")
DAY_S = 86_400


def define(*, version: int = 1, **changes: object) -> MatterDefinition:
    members: dict[str, object] = {
        "format": "zhenglian-matter/1",
        "itemCode": str(ITEM),
        "version": version,
        "name": "建筑施工企业安全生产许可证核发（虚构）",
        "conditions": ["具备安全生产条件"],
        "channels": ["window"],
        "acceptanceModes": ["proxy", "joint"],
        "steps": [
            {
                "name": "审查",
                "rule": "ordered",
                "deciders": [str(WINDOW), str(SICHUAN_HOUSING)],
                "limitDays": 5,
            },
            {"name": "决定", "rule": "all", "deciders": [str(SICHUAN_HOUSING)], "limitDays": 3},
        ],
        "statutoryDays": 20,
        "promisedDays": 10,
        "delivery": ["electronic"],
        "fee": {"amountFen": 0, "basis": "不收费"},
        "requiredTypes": [
            {
                "type": str(TYPE),
                "replaces": "考核合格证书复印件",
                "holder": "delegation",
                "isOptional": True,
            }
        ],
        "materials": [{"name": "劳动合同"}],
        "resultTypes": [str(TYPE)],
    }
    return parse_matter(json.dumps(members | changes).encode())


def write_calendars(ledger: Ledger) -> None:
    """Made-up notices for the years after the newest that the library has: no holidays at all."""
    years = range(2027, datetime.now(UTC).year + 3)
    notices = {
        str(year): {"source": "for tests", "days_off": [], "working_days": []} for year in years
    }
    for member in (CHONGQING, SICHUAN):
        (ledger.home(member) / "calendar.json").write_text(json.dumps(notices))


def prepare(ledger: Ledger) -> Ledger:
    """Registers Sichuan's department and puts the matter into the catalogue."""
    write_calendars(ledger)
    definition = define()
    with ledger.open(SICHUAN) as home:
        register_department(
            home, SICHUAN_HOUSING, "四川省住房和城乡建设厅（虚构）", RegionCode.parse("510000")
        )
        file = define_matter(home, definition).file
    with ledger.open() as home:
        import_file(home, file)
    return ledger


def present_certificate(ledger: Ledger, number: int = 1) -> HandedIn:
    """A genuine certificate of Chongqing's, issued in the row of that number."""
    with ledger.open() as home:
        evidence = present(home, identify(number), None)
    return HandedIn("考核合格证书", MaterialKind.CERTIFICATE, TYPE, evidence.to_json())


def make_submission(*materials: HandedIn, applicant: Party = FIRM, **changes: object) -> Submission:
    delegation = Delegation(HOLDER, FIRM, "劳动合同", int(time.time()) + 400 * DAY_S)
    values: dict[str, object] = {
        "item_code": ITEM,
        "applicant": applicant,
        "materials": materials or (CONTRACT,),
        "delegations": (delegation,),
    }
    return Submission(**values | changes)  # type: ignore[arg-type] # by name


def at(ledger: Ledger, member: object, action: Callable[[Workspace], T]) -> T:
    """Something done at a home, which is closed afterwards."""
    with ledger.open(member) as home:  # type: ignore[arg-type] # a member
        return action(home)


def submit(ledger: Ledger, *materials: HandedIn, **changes: object) -> bytes:
    """Opens a case at Chongqing's window; answers its id."""
    submission = make_submission(*materials, **changes)  # type: ignore[arg-type] # by name
    return at(ledger, CHONGQING, lambda w: submit_case(w, WINDOW, submission, OFFICER)).case_id


def send(ledger: Ledger, case_id: bytes) -> bytes:
    """Hands the case over to Sichuan, which takes it; answers the package."""
    given = at(ledger, CHONGQING, lambda home: hand_over(home, case_id, officer=OFFICER))
    assert given.package is not None
    package = given.package
    at(ledger, SICHUAN, lambda home: take_over(home, package, officer=OFFICER))
    return package


def accept(ledger: Ledger, *materials: HandedIn) -> bytes:
    """A case that Sichuan has accepted."""
    case_id = submit(ledger, *materials)
    send(ledger, case_id)
    result = at(ledger, SICHUAN, lambda home: accept_case(home, case_id, OFFICER))
    assert result.state is CaseState.ACCEPTED
    return case_id


def decide(ledger: Ledger, member: object, case_id: bytes, text: str = "同意") -> CaseResult:
    return at(ledger, member, lambda home: decide_step(home, case_id, Decision.APPROVE, text))


def assign(ledger: Ledger, case_id: bytes) -> CaseResult:
    return at(ledger, SICHUAN, lambda home: assign_step(home, case_id))
