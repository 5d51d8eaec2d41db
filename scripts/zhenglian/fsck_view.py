"""What a check of a home found, on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zhenglian.session import Session

if TYPE_CHECKING:
    from ledger.actions.fsck import FsckReport


def tell_report(session: Session, report: FsckReport) -> None:
    """Prints a report for people."""
    output, pick = session.output, session.language.pick
    output.pairs(
        [
            (
                pick("证照", "certificates"),
                pick(
                    f"{report.certificates} 张，{report.batches} 个批次",
                    f"{report.certificates} in {report.batches} batches",
                ),
            ),
            (pick("已删除内容", "erased"), str(report.erased) if report.erased else ""),
            (pick("日志条目", "log entries"), str(report.log_size)),
            (pick("日志根", "log root"), report.chain_log_root.hex()),
        ]
    )
    for remark in report.remarks:
        output.line(f"  {pick('提示', 'note')}: {remark}", "yellow")
    for problem in report.problems:
        output.line(f"  ✗ {problem.subject}: {problem.message} [{problem.code}]", "red")
    if report.problems:
        count = len(report.problems)
        output.line(pick(f"共 {count} 个问题。", f"{count} problems."), "bold red")
    else:
        output.line(pick("✓ 一切正常。", "✓ Everything is as it must be."), "bold green")
