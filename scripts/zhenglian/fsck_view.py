"""What a check of a home found, on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zhenglian.session import Session

if TYPE_CHECKING:
    from ledger.actions.fsck import FsckReport


def tell_report(session: Session, report: FsckReport) -> None:
    """Prints a report for people."""
    output = session.output
    output.pairs(
        [
            ("certificates", f"{report.certificates} in {report.batches} batches"),
            ("erased", str(report.erased) if report.erased else ""),
            ("log entries", str(report.log_size)),
            ("log root", report.chain_log_root.hex()),
        ]
    )
    for remark in report.remarks:
        output.line(f"  note: {remark}", "yellow")
    for problem in report.problems:
        output.line(f"  ✗ {problem.subject}: {problem.message} [{problem.code}]", "red")
    if report.problems:
        output.line(f"{len(report.problems)} problems.", "bold red")
    else:
        output.line("✓ Everything is as it must be.", "bold green")
