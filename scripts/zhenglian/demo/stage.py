"""The stage of the demonstration: four homes, one chain, and what the acts hand on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ledger.errors import ConflictError
from ledger.formats.civil_time import CHINA
from ledger.identifiers import MemberId
from ledger.workspace import Workspace
from zhenglian.demo.source import Source
from zhenglian.demo.summary import Attack, CaseOutcome, Recognition, Verdict

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
MINISTRY = MemberId.parse("11100000000013338W")
MINISTRY_NAME = "住房和城乡建设部"
SUMMARY_NAME = "summary.json"
_MADE_HERE = ("chain", "homes", "holder", "away", SUMMARY_NAME)
_MARK = ".zhenglian-demo"


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
    recognitions: list[Recognition] = field(default_factory=list)
    cases: list[CaseOutcome] = field(default_factory=list)
    certificates: int = 0
    batches: int = 0

    @property
    def chain(self) -> Path:
        return self.work / "chain"

    @property
    def holder_file(self) -> Path:
        """What the holder carries."""
        return self.work / "holder" / "certificate.zhenglian.json"

    def home(self, member: MemberId) -> Path:
        return self.work / "homes" / str(member)

    def open(self, member: MemberId) -> Workspace:
        return Workspace.open(self.home(member), PASSPHRASE)

    @contextmanager
    def chain_out_of_reach(self) -> Iterator[None]:
        """As when no node answers: what lies where the chain was is no chain."""
        away = self.work / "away"
        self.chain.rename(away)
        self.chain.write_bytes(b"")
        try:
            yield
        finally:
            self.chain.unlink()
            away.rename(self.chain)

    def clear(self) -> None:
        """Removes what an earlier run made here, and nothing else.

        Raises:
            ConflictError: there are files in it, and no demonstration was played here before.
        """
        mark = self.work / _MARK
        if not mark.exists() and any(self.work.iterdir()):
            raise ConflictError(
                f"{self.work} has files that no demonstration made, and is left as it is; remove "
                "it, or name another directory with --work",
                code="directory_not_ours",
                field="work",
            )
        mark.touch()
        for path in (self.work / name for name in _MADE_HERE):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        self.holder_file.parent.mkdir()

    def act(self, title: str) -> None:
        self.console.print(Text(f"\n{title}", style="bold"))

    def say(self, text: str) -> None:
        """One line; `text` may have rich's markup."""
        self.console.print(Text.from_markup(f"  {text}"), soft_wrap=True)

    def keep_verdict(self, verdict: Verdict, told: str = "") -> None:
        """Keeps a verdict and says it, with more that is told of it."""
        self.verdicts.append(verdict)
        colour = {"PASSED": "green", "FAILED": "red"}.get(verdict.outcome, "yellow")
        wrong = "" if verdict.is_right else f"  [bold red]expected {verdict.expected}[/bold red]"
        outcome = f"[{colour}]{verdict.outcome}[/{colour}] {verdict.reason}"
        self.say(f"{verdict.case}: {outcome.rstrip()}{told}{wrong}")

    def keep_attack(self, attack: Attack) -> None:
        """Keeps an attack and says what stopped it."""
        self.attacks.append(attack)
        colour = "green" if attack.is_right else "bold red"
        wrong = "" if attack.is_right else f" (expected {attack.expected})"
        self.say(f"{attack.name}: [{colour}]stopped by {attack.refused_by}[/{colour}]{wrong}")

    def keep_recognition(self, recognition: Recognition) -> None:
        """Keeps what a region recognised, and says by what."""
        self.recognitions.append(recognition)
        colour = {"PASSED": "green", "FAILED": "red"}.get(recognition.outcome, "yellow")
        told = recognition.reason or f"by {recognition.policy}"
        wrong = "" if recognition.is_right else f"  [bold red]expected {recognition.expected}[/]"
        self.say(
            f"{recognition.case} ({recognition.relying}): "
            f"[{colour}]{recognition.outcome}[/{colour}] {told}{wrong}"
        )

    def keep_case(self, case: CaseOutcome) -> None:
        """Keeps what became of a case."""
        self.cases.append(case)
        colour = "green" if case.is_right else "bold red"
        wrong = "" if case.is_right else f" (expected {case.expected})"
        detail = f"; {case.detail}" if case.detail else ""
        self.say(f"{case.case}: [{colour}]{case.outcome}[/{colour}]{detail}{wrong}")


def clock_text(unix: int) -> str:
    """A recorded time as people in China read it."""
    return datetime.fromtimestamp(unix, CHINA).strftime("%Y-%m-%d %H:%M:%S")
