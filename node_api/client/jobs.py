"""Files of certificates, uploaded to a node as jobs and followed until they have ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.actions.issuance.outcome import Citation
from ledger.errors import LedgerError
from ledger.identifiers import CertificateType, Uscc
from node_api.client.client import NodeClient

PATH = "/v1/jobs"
POLL_S = 0.2
LONGEST_POLL_S = 2.0
_PART_BYTES = 1 << 20
_MEDIA_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class JobState:
    """How far a job is.

    Attributes:
        counts: rows read, issued, already issued, in error, …; as far as they are known.
        detail: why it failed, as a code and words.
        has_errors: whether there is a report of the rows' errors.
    """

    job_id: str
    state: str
    counts: Mapping[str, int]
    detail: str
    has_errors: bool

    @property
    def has_ended(self) -> bool:
        return self.state in ("completed", "failed", "cancelled")


def upload_file(
    client: NodeClient,
    file: Path,
    issuer: Uscc,
    certificate_type: CertificateType,
    *,
    skip_invalid: bool = False,
    citation: Citation | None = None,
) -> JobState:
    """Hands a file over.

    Args:
        citation: what the one certificate of the file cites.

    Raises:
        LedgerError: whatever the node refuses it for.
    """
    query = {
        "issuer": str(issuer),
        "certificate_type": str(certificate_type),
        "skip_invalid": "true" if skip_invalid else "false",
        "file_name": file.name,
    }
    if citation is not None and citation.case_id is not None:
        query["case_id"] = citation.case_id.hex()
    if citation is not None and citation.related is not None:
        query["related_certificate_id"] = str(citation.related)
    headers = {"content-type": _MEDIA_TYPES.get(file.suffix.lower(), "text/csv")}
    answer = client.send_raw("POST", PATH, query=query, content=_read(file), headers=headers)
    return _parse(answer.json())


def follow(
    client: NodeClient, job: JobState, notify: Callable[[JobState], None] = lambda _: None
) -> JobState:
    """Waits until a job has ended.

    Args:
        notify: told of each look at it.
    """
    pause_s = POLL_S
    while not job.has_ended:
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.3, LONGEST_POLL_S)
        job = _parse(client.send_raw("GET", f"{PATH}/{job.job_id}").json())
        notify(job)
    return job


def fetch_errors(client: NodeClient, job: JobState) -> bytes:
    """The report of what was wrong with its rows, as CSV."""
    return client.send_raw("GET", f"{PATH}/{job.job_id}/errors").content


def _read(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while part := stream.read(_PART_BYTES):
            yield part


def _parse(document: Any) -> JobState:
    try:
        return JobState(
            str(document["job_id"]),
            str(document["state"]),
            dict(document["counts"]),
            str(document.get("detail") or ""),
            bool(document.get("errors")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LedgerError("the node's answer about a job cannot be read") from error
