"""The stage of the demonstration: four homes, one chain, and what the acts hand on."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ledger.actions.issuance.row_reader import RowResult
from ledger.actions.issuance.rows import read_rows
from ledger.errors import MalformedInputError
from ledger.formats.civil_time import CHINA
from ledger.identifiers import CertificateId, CertificateType, MemberId, Uscc
from ledger.schemas import load_schema
from ledger.workspace import Workspace

PASSPHRASE = "synthetic demonstration"  # noqa: S105  # protects nothing: the homes are thrown away
CHONGQING = MemberId.parse("500000")
SICHUAN = MemberId.parse("510000")
GUIZHOU = MemberId.parse("520000")
YUNNAN = MemberId.parse("530000")
PROVINCES = {
    CHONGQING: "重庆市",
    SICHUAN: "四川省",
    GUIZHOU: "贵州省",
    YUNNAN: "云南省",
}
EXAMPLE = Path(__file__).parents[3] / "examples" / "W011-chongqing-2000.csv"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict of the story. `expected` is what it had to be."""

    case: str
    outcome: str
    reason: str
    expected: str

    @property
    def is_right(self) -> bool:
        return self.expected == (self.reason or self.outcome)


@dataclass(frozen=True, slots=True)
class Attack:
    """An attack and what stopped it. `expected` is what had to stop it."""

    name: str
    refused_by: str
    expected: str

    @property
    def is_right(self) -> bool:
        return self.refused_by == self.expected


@dataclass(frozen=True, slots=True)
class Source:
    """The clerk's file and who issues it.

    Attributes:
        chosen: two certificates of it that are in their period of validity today.
    """

    path: Path
    issuer: Uscc
    certificate_type: CertificateType
    chosen: tuple[CertificateId, CertificateId]


@dataclass(slots=True)
class Stage:
    """Where the story plays and what it has come to.

    Attributes:
        work: everything is made below it; chain, homes and hand are made anew by each run.
    """

    work: Path
    source: Source
    console: Console
    verdicts: list[Verdict] = field(default_factory=list)
    attacks: list[Attack] = field(default_factory=list)
    certificates: int = 0
    batches: int = 0

    @property
    def chain(self) -> Path:
        return self.work / "chain"

    @property
    def hand(self) -> Path:
        """What the holder carries."""
        return self.work / "holder"

    def home(self, member: MemberId) -> Path:
        return self.work / "homes" / str(member)

    def open(self, member: MemberId) -> Workspace:
        return Workspace.open(self.home(member), PASSPHRASE)

    def clear(self) -> None:
        """Removes what an earlier run made here, and nothing else."""
        for name in ("chain", "homes", "holder", "away"):
            shutil.rmtree(self.work / name, ignore_errors=True)
        self.hand.mkdir(parents=True)

    def act(self, title: str) -> None:
        self.console.print(Text(f"\n{title}", style="bold"))

    def say(self, text: str) -> None:
        """One line; `text` may have rich's markup."""
        self.console.print(Text.from_markup(f"  {text}"), soft_wrap=True)


def read_source(path: Path, today: date) -> Source:
    """Finds out from a file's first good rows who issues what.

    Raises:
        MalformedInputError: no row can be read, or fewer than two are valid today.
    """
    first = _first_identifier(path)
    issuer = first.issuer
    if not isinstance(issuer, Uscc):
        raise MalformedInputError(
            f"{path}: the demonstration needs identifiers whose issuer is a USCC of 18 "
            f"characters, got {issuer}",
            field="证照标识",
        )
    schema = load_schema(first.type)
    chosen: list[CertificateId] = []
    with path.open("rb") as stream:
        for row in read_rows(stream, schema, issuer=issuer, today=today):
            if _is_valid_on(row, today) and row.draft:
                chosen.append(row.draft.certificate_id)
            if len(chosen) == 2:
                return Source(path, issuer, first.type, (chosen[0], chosen[1]))
    raise MalformedInputError(
        f"{path}: the demonstration needs two certificates that are valid on {today}, found "
        f"{len(chosen)}"
    )


def clock_text(unix: int) -> str:
    """A recorded time as people in China read it."""
    return datetime.fromtimestamp(unix, CHINA).strftime("%Y-%m-%d %H:%M:%S")


def today_in_china() -> date:
    return datetime.now(CHINA).date()


def _is_valid_on(row: RowResult, day: date) -> bool:
    draft = row.draft
    if draft is None or row.errors or draft.valid_from > day:
        return False
    return draft.valid_until is None or day <= draft.valid_until


def _first_identifier(path: Path) -> CertificateId:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=encoding, newline="") as stream:
                for row in csv.DictReader(stream):
                    return CertificateId.parse((row.get("证照标识") or "").strip())
        except UnicodeDecodeError:
            continue
    raise MalformedInputError(f"{path}: no row with a 证照标识 can be read", field="证照标识")
