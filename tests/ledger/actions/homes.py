"""A real ledger for tests: provinces with homes on one embedded chain, and files to issue.

Founding takes seconds, so it is done once a process; every test that changes anything gets a copy
of the directories.
"""

from __future__ import annotations

import csv
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from ledger.actions.application import read_application
from ledger.actions.decisions import Decision
from ledger.actions.founding import create_home, found_ledger
from ledger.actions.governance import propose_admission, vote
from ledger.actions.issuance.loop import issue_file
from ledger.actions.issuance.outcome import IssuanceReport
from ledger.actions.issuers import change_mandate, register_department
from ledger.actions.proposals import Proposal
from ledger.chain.engines import ChainLocation
from ledger.config import CONFIG_NAME, Config
from ledger.identifiers import CertificateId, CertificateType, MemberId, RegionCode, Uscc
from ledger.vault import key_files
from ledger.vault.passphrase import ScryptCost
from ledger.workspace import Workspace

PASSPHRASE = "a passphrase for tests"
CHEAP = ScryptCost(n=2, r=1, p=1)
TYPE = CertificateType.parse("11100000000013338W011")
CHONGQING, SICHUAN, GUIZHOU, YUNNAN, SHAANXI = (
    MemberId.parse(code) for code in ("500000", "510000", "520000", "530000", "610000")
)
MINISTRY = MemberId.parse("11100000000013338W")
NAMES = {
    MINISTRY: "住房和城乡建设部",
    CHONGQING: "重庆市",
    SICHUAN: "四川省",
    GUIZHOU: "贵州省",
    YUNNAN: "云南省",
    SHAANXI: "陕西省",
}
HOUSING = Uscc.build("11500000000000001")
TRANSPORT = Uscc.build("11500000000000002")
HOUSING_NAME = "重庆市住房和城乡建设委员会（虚构）"
OFFICER = "经办人（虚构）丁一"
ISSUED = 40
DECISION = Decision(2, "《安全生产管理人员管理规定》第二十四条", date(2026, 1, 15), OFFICER)

Row = dict[str, str]


@dataclass
class Ledger:
    """Homes and a chain below one directory.

    Attributes:
        ahead_s: how far the clock of whoever opens a home from now on runs ahead.
    """

    directory: Path
    ahead_s: float = 0.0

    @property
    def chain(self) -> Path:
        return self.directory / "chain"

    def home(self, member: MemberId) -> Path:
        return self.directory / str(member)

    def clock(self) -> float:
        return time.time() + self.ahead_s

    def create(self, member: MemberId) -> Path:
        """A home of a member to be."""
        home = self.home(member)
        location = ChainLocation.parse(str(self.chain))
        with pytest.MonkeyPatch.context() as cheap:  # every act opens two key files
            cheap.setattr(key_files, "_KDF_ROUNDS", 1)
            cheap.setattr(key_files, "_MAC_ROUNDS", 2)
            create_home(
                home,
                member,
                NAMES[member],
                location,
                PASSPHRASE,
                vault_cost=CHEAP,
                clock=self.clock,
            )
        return home

    def open(self, member: MemberId = CHONGQING, *, lock_timeout_s: float = 10.0) -> Workspace:
        return Workspace.open(
            self.home(member), PASSPHRASE, lock_timeout_s=lock_timeout_s, clock=self.clock
        )

    def act(self, member: MemberId, action: Callable[[Workspace], Proposal]) -> Proposal:
        """Something a member does at its own home."""
        with self.open(member) as workspace:
            return action(workspace)

    def admit(self, candidate: MemberId, *voters: MemberId) -> None:
        """The first voter proposes it, all of them vote for it."""
        application = read_application(self.home(candidate) / "application.json")
        proposal = self.act(voters[0], lambda workspace: propose_admission(workspace, application))
        self.carry(proposal, *voters)

    def carry(self, proposal: Proposal, *voters: MemberId) -> None:
        for voter in voters:
            with self.open(voter) as workspace:
                result = vote(workspace, proposal.proposal_id, approve=True)
        assert result.executed, result.missing

    def issue(self, source: Path, **options: object) -> IssuanceReport:
        """Chongqing's housing department issues a file."""
        with self.open() as workspace:
            return issue_file(workspace, source, HOUSING, TYPE, **options)  # type: ignore[arg-type]  # by name

    def copy(self, directory: Path) -> Ledger:
        """The same ledger, beginning another life in another directory."""
        shutil.copytree(self.directory, directory, dirs_exist_ok=True)
        for settings in directory.glob(f"*/{CONFIG_NAME}"):
            text = settings.read_text("utf-8")
            settings.write_text(text.replace(str(self.directory), str(directory)), "utf-8")
        return Ledger(directory, self.ahead_s)

    def set_chain(self, location: str) -> None:
        """Lets every home find its chain elsewhere: in another directory, or by a URL."""
        for settings in self.directory.glob(f"*/{CONFIG_NAME}"):
            replace(Config.load(settings), chain=location).store(settings)


def found(directory: Path) -> Ledger:
    """Chongqing alone, with a housing department that may issue W011."""
    ledger = Ledger(directory)
    ledger.create(CHONGQING)
    with ledger.open() as workspace:
        found_ledger(workspace)
        register_department(workspace, HOUSING, HOUSING_NAME, RegionCode.parse("500000"))
        change_mandate(workspace, HOUSING, TYPE)
    return ledger


def identify(number: int, *, version: str = "001", issuer: Uscc = HOUSING) -> CertificateId:
    """The identifier of the row of that number."""
    return CertificateId.build(TYPE, issuer, f"2024{number:07}", version)


def make_row(number: int, *, issuer: Uscc = HOUSING, **changes: str) -> Row:
    """A row that never ceases to be good."""
    return {
        "证照标识": str(identify(number, issuer=issuer)),
        "证书编号": f"渝建安C3（2024）{number:07}",
        "姓名": f"持证人{number}",
        "身份证号": "160101199003071232",
        "性别": "男",
        "企业名称": f"重庆示例{number}有限公司",
        "企业统一社会信用代码": str(Uscc.build("91160101MA0000001")),
        "职务": "安全员",
        "技术职称": "工程师",
        "岗位类别": "C3",
        "初次领证日期": "2018-01-05",
        "发证日期": "2024-01-05",
        "有效期起": "2024-01-05",
        "有效期止": "长期",
    } | changes


def write_rows(path: Path, rows: Iterable[Mapping[str, str]], encoding: str = "utf-8-sig") -> Path:
    """A clerk's file of these rows."""
    listed: Sequence[Mapping[str, str]] = list(rows)
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, listed[0].keys())
        writer.writeheader()
        writer.writerows(listed)
    return path


def write_file(path: Path, numbers: Iterable[int], *, issuer: Uscc = HOUSING) -> Path:
    """A clerk's file of the good rows of these numbers."""
    return write_rows(path, (make_row(number, issuer=issuer) for number in numbers))
