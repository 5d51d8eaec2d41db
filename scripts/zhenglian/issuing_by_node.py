"""Issuing a file by the node that holds the home: uploaded as a job, followed to its end."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zhenglian.row_errors import tell_row_errors
from zhenglian.session import Session
from zhenglian.words import count_certificates

if TYPE_CHECKING:
    from ledger.actions.issuance.row_errors import RowError
    from ledger.identifiers import CertificateType, Uscc
    from node_api.client.jobs import JobState
    from zhenglian.citing import Cited


@dataclass(frozen=True, slots=True)
class FileToIssue:
    """What was typed. Attributes: issuer, certificate_type: None for the only one there is."""

    file: Path
    issuer: Uscc | None
    certificate_type: CertificateType | None
    report: Path
    skip_invalid: bool
    cited: Cited


def issue_by_node(session: Session, wanted: FileToIssue) -> bool:
    """Has the node issue a file, and tells what became of it; whether it was issued.

    Interrupted, the node goes on; the same command again shows what came of it.
    """
    from ledger.actions.issuers import choose_issuer, choose_type
    from node_api.client import NodeClient
    from node_api.client.jobs import fetch_errors, follow, upload_file

    with NodeClient.local(session.home, session.read_passphrase) as client:
        issuer = wanted.issuer or client.call(choose_issuer)
        kind = wanted.certificate_type or client.call(choose_type, issuer)
        job = upload_file(
            client,
            wanted.file,
            issuer,
            kind,
            skip_invalid=wanted.skip_invalid,
            citation=wanted.cited.resolve(client),
        )
        if not session.output.is_json:
            told = session.language.pick(
                f"节点已接收文件（任务 {job.job_id[:8]}）。",
                f"The node has the file (job {job.job_id[:8]}).",
            )
            session.output.note(told)
        job = follow(client, job)
        found = _read_report(fetch_errors(client, job)) if job.has_errors else []
    errors = [each for each in found if not each.is_warning]
    warnings = [each for each in found if each.is_warning]
    tell_row_errors(session, errors, warnings, wanted.report)
    _tell(session, job, wanted.report)
    return job.state == "completed"


def _read_report(content: bytes) -> list[RowError]:
    from ledger.actions.issuance.clerk_files import REPORT_ENCODING, read_error_rows

    return read_error_rows(io.StringIO(content.decode(REPORT_ENCODING), newline=""))


def _tell(session: Session, job: JobState, report: Path) -> None:
    output, pick, counts = session.output, session.language.pick, job.counts
    if output.is_json:
        output.document(job, errors_file=report if job.has_errors else None)
        return
    issued, before = counts.get("issued", 0), counts.get("already_issued", 0)
    rows = counts.get("rows", 0)
    if job.state != "completed":
        wrong = counts.get("errors", 0)
        why = pick(f"{wrong} 处有误", f"{wrong} problems") if wrong else job.detail or job.state
        output.line(pick(f"未签发任何证照：{why}。", f"Nothing was issued: {why}."), "bold red")
    elif before and not issued:
        output.line(
            pick(
                f"没有新的证照：{before} 张此前已签发，内容相同，未作改动。",
                f"Nothing new: {before} had been issued before with the same content; nothing "
                "was changed.",
            ),
            "bold",
        )
    else:
        output.line(
            pick(
                f"已签发 {issued} 张证照（共 {rows} 行）。",
                f"Issued {count_certificates(issued)}; rows read: {rows}.",
            ),
            "bold green",
        )
