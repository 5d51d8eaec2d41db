"""Founds a ledger of two provinces and a ministry, issues sample certificates, and makes logins.

Everything is synthetic. It is done once; the directory is then used again as it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from ledger.actions.api_keys import create_api_key
from ledger.actions.application import read_application
from ledger.actions.catalogue import define_type, import_document
from ledger.actions.catalogue_documents import define_matter_document
from ledger.actions.founding import create_home, found_ledger
from ledger.actions.governance import propose_admission, vote
from ledger.actions.issuance.loop import issue_file
from ledger.actions.issuers import change_mandate, register_department
from ledger.actions.presentation import present
from ledger.actions.recognition import Terms, set_policy
from ledger.chain.engines import ChainLocation
from ledger.config import CONFIG_NAME, Config
from ledger.errors import LedgerError
from ledger.identifiers import CertificateId, CertificateType, MemberId, PartyId, RegionCode, Uscc
from ledger.roles import Role
from ledger.verification.recognition_book import PolicyKey
from ledger.workspace import Workspace

PASSPHRASE = "synthetic neighbours"  # noqa: S105 - protects nothing but synthetic data
CHONGQING, SICHUAN = MemberId.parse("500000"), MemberId.parse("510000")
MINISTRY = MemberId.parse("11100000000013338W")
NAMES = {CHONGQING: "重庆市", SICHUAN: "四川省", MINISTRY: "住房和城乡建设部"}
DEPARTMENTS = {
    CHONGQING: (Uscc.parse("11500000000000001G"), "重庆市住房和城乡建设委员会"),
    SICHUAN: (Uscc.parse("11510000000000001L"), "四川省住房和城乡建设厅"),
}
TYPE = CertificateType.parse("11100000000013338W011")
LICENCE = CertificateType.parse("11100000000013338W050")
LOGINS = {
    "clerk": Role.CLERK,
    "officer": Role.OFFICER,
    "auditor": Role.AUDITOR,
    "supervisor": Role.SUPERVISOR,
    "operator": Role.OPERATOR,
    "operator 2": Role.OPERATOR,
    "kiosk": Role.KIOSK,
}
"""Each has a person of its own: the second operator can approve what the first asks for."""
OF_A_DEPARTMENT = (Role.CLERK, Role.OFFICER, Role.KIOSK)
EXAMPLES = Path(__file__).parents[3] / "examples"
SAMPLE_ID = "1.2.156.3005.2.11100000000013338W011.11500000000000001G.20250000495.001.X"
KEY_DAYS = 90


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything is. Attributes: work: the directory of it all."""

    work: Path

    @property
    def chain(self) -> Path:
        return self.work / "chain"

    @property
    def logins(self) -> Path:
        """API keys, in clear: readable by its owner alone."""
        return self.work / "logins.json"

    @property
    def sample(self) -> Path:
        """A presented certificate, to be verified."""
        return self.work / "sample.zhenglian.json"

    def home(self, member: MemberId) -> Path:
        return self.work / str(member)


def found(place: Place) -> Iterator[str]:
    """Makes everything anew; tells what it does.

    Raises:
        LedgerError: an act was refused.
    """
    location = ChainLocation.parse(str(place.chain))
    for member, name in NAMES.items():
        create_home(place.home(member), member, name, location, PASSPHRASE)
    with _open(place, CHONGQING) as workspace:
        found_ledger(workspace)
    _admit(place, SICHUAN, (CHONGQING,))
    _admit(place, MINISTRY, (CHONGQING, SICHUAN))
    yield "重庆市, 四川省 and 住房和城乡建设部 founded a ledger"
    with _open(place, MINISTRY) as workspace:
        for kind in (TYPE, LICENCE):
            define_type(workspace, workspace.schema(kind))
    yield "the ministry defined two types of certificates"
    yield from _open_departments(place)
    yield from _agree(place)
    _make_logins(place)
    yield f"API keys for each role are in {place.logins}"


def _open(place: Place, member: MemberId) -> Workspace:
    return Workspace.open(place.home(member), PASSPHRASE)


def _admit(place: Place, candidate: MemberId, voters: Sequence[MemberId]) -> None:
    application = read_application(place.home(candidate) / "application.json")
    with _open(place, voters[0]) as workspace:
        proposal = propose_admission(workspace, application)
        result = vote(workspace, proposal.proposal_id, approve=True)
    for voter in voters[1:]:
        if not result.executed:
            with _open(place, voter) as workspace:
                result = vote(workspace, proposal.proposal_id, approve=True)
    if not result.executed:
        raise LedgerError(f"{candidate} was not admitted: {result.missing}")


def _open_departments(place: Place) -> Iterator[str]:
    for member, (department, name) in DEPARTMENTS.items():
        kind = TYPE if member == CHONGQING else LICENCE
        with _open(place, member) as workspace:
            register_department(workspace, department, name, RegionCode.parse(str(member)))
            change_mandate(workspace, department, kind)
    department, name = DEPARTMENTS[CHONGQING]
    with _open(place, CHONGQING) as workspace:
        source = EXAMPLES / "W011-chongqing-2000.csv"
        report = issue_file(workspace, source, department, TYPE)
        evidence = present(workspace, CertificateId.parse(SAMPLE_ID), None)
    place.sample.write_bytes(evidence.to_json())
    yield f"{name} issued {report.issued} synthetic certificates; one is in {place.sample}"


def _agree(place: Place) -> Iterator[str]:
    relying, source = PartyId(SICHUAN.value), PartyId(CHONGQING.value)
    definition = EXAMPLES / "matters" / "sichuan-safety-licence.json"
    with _open(place, SICHUAN) as workspace:
        set_policy(workspace, PolicyKey(relying, source, None), Terms())
        define_matter_document(workspace, definition.read_bytes())
    with _open(place, CHONGQING) as workspace:
        import_document(workspace, definition.read_bytes())
    yield "四川省 recognises 重庆市's certificates, and defined a service matter"


def _make_logins(place: Place) -> None:
    logins: dict[str, dict[str, str]] = {}
    for member, (department, _) in DEPARTMENTS.items():
        with _open(place, member) as workspace:
            for login, role in LOGINS.items():
                made = create_api_key(
                    workspace,
                    f"{login} of {NAMES[member]}",
                    role,
                    departments=(department,) if role in OF_A_DEPARTMENT else (),
                    days=KEY_DAYS,
                    created_by=f"person:{login.replace(' ', '-')}",
                )
                logins.setdefault(str(member), {})[login] = made.secret
    descriptor = os.open(place.logins, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(logins, option=orjson.OPT_INDENT_2))


def point_to(place: Place, member: MemberId, chain_url: str) -> None:
    """Has a home ask its chain at a URL from now on."""
    path = place.home(member) / CONFIG_NAME
    config = Config.load(path)
    if config.chain != chain_url:
        replace(config, chain=chain_url).store(path)
