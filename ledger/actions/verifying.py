"""Judging a presented document by an own copy of the log; needs no vault, no key and no chain.

What the document says about the log counts for nothing where an own index can be asked. The
command syncs its index and asks; a node under load asks what it knows, and every report says until
when that is. An index that is missing, damaged or not compared with the chain gives no verdict but
INDETERMINATE, and the error says why.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import orjson

from ledger.actions.facts import Gathered, LogSubject
from ledger.actions.known_log import KnownLog
from ledger.errors import (
    ChainUnavailableError,
    LedgerError,
    MalformedInputError,
    NotFoundError,
    StorageError,
)
from ledger.formats.evidence import EVIDENCE_FORMAT, Evidence, LogHead, parse_evidence
from ledger.identifiers import CertificateType, RegionCode
from ledger.schemas import CertificateSchema
from ledger.schemas.shelf import SchemaShelf
from ledger.verification.policy import VerificationPolicy
from ledger.verification.report import Report
from ledger.verification.verifier import report_malformed, verify

AskLog = Callable[[LogSubject, tuple[RegionCode, ...]], tuple[LogHead, Gathered]]
"""What an own log says about a certificate. Raises where it cannot be asked."""


@dataclass(frozen=True, slots=True)
class VerificationQuestion:
    """What a relying party wants to know.

    Args:
        relying_region: region that wants to rely on the certificate; makes recognition required.
        as_of_unix: time the verdict is about, default now.
        nonce: what a bound presentation must repeat, None if nothing was asked.
        audience: region to which a bound presentation must be addressed, default the relying one.
    """

    relying_region: RegionCode | None = None
    as_of_unix: int | None = None
    nonce: str | None = None
    audience: RegionCode | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A report, and why the own log could not be asked for it, if so.

    Attributes:
        titles: Chinese titles of the shown fields, by name.
    """

    report: Report
    unavailable: LedgerError | None
    titles: Mapping[str, str]


class Verifier:
    """Verifies by an index that somebody else keeps in step with the chain. Safe for threads.

    Args:
        log: what is known.
        schemas: the schema files at hand.
        own_region: for which bound presentations are meant unless the question says otherwise.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        log: KnownLog,
        schemas: SchemaShelf,
        own_region: RegionCode | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.log = log
        self._schemas = schemas
        self._own_region = own_region
        self._clock = clock

    @classmethod
    def open(
        cls,
        home: Path,
        own_region: RegionCode | None,
        clock: Callable[[], float] = time.time,
        *,
        hold_s: float = 0.0,
    ) -> Verifier:
        """A verifier by the index and the schema files of a home.

        Args:
            hold_s: for so long index and schema files are not looked at again.
        """
        log = KnownLog(home / "index.sqlite", hold_s)
        return cls(log, SchemaShelf(home / "schemas", hold_s), own_region, clock)

    def close(self) -> None:
        """Ends the connections to the index."""
        self.log.close()

    def verify(
        self, document: bytes, question: VerificationQuestion = VerificationQuestion()
    ) -> Verdict:
        """Judges a document: evidence, or a bare certificate. Every document gets a report."""
        problems: list[LedgerError] = []

        def find_schemas(kind: CertificateType) -> Mapping[bytes, CertificateSchema]:
            try:
                return self._schemas.versions(kind)
            except MalformedInputError as error:
                problems.append(StorageError(error.message, code="schema_unreadable"))
                return {}

        if question.audience is None and question.relying_region is None:
            question = replace(question, audience=self._own_region)
        report = judge(
            wrap_certificate(document),
            question,
            self.log.gather,
            find_schemas,
            int(self._clock()),
            problems.append,
        )
        shown = report.certificate
        titles = {} if shown is None else self._schemas.titles(shown.type, shown.fields)
        return Verdict(report, problems[0] if problems else None, titles)


def judge(
    document: bytes,
    question: VerificationQuestion,
    ask_log: AskLog,
    find_schemas: Callable[[CertificateType], Mapping[bytes, CertificateSchema]],
    now_unix: int,
    on_unavailable: Callable[[LedgerError], None] = lambda _: None,
) -> Report:
    """The verdict on an evidence document by an own log.

    Args:
        document: what cannot be read gives a report that says so.
        ask_log: without an answer the verdict is INDETERMINATE, never FAILED for want of it.
        find_schemas: every version of a type's schema that is at hand, by its SHA-256.
        now_unix: the time of verifying.
        on_unavailable: told why the own log could not be asked, or not be read in full.
    """
    region = question.relying_region
    make_policy = partial(
        VerificationPolicy,
        as_of_unix=question.as_of_unix,
        relying_region=region,
        audience=question.audience or region,
        nonce=question.nonce,
    )
    try:
        evidence = parse_evidence(document, with_facts=False)
    except MalformedInputError as error:
        return report_malformed(error, make_policy(), now_unix)
    certificate = evidence.certificate
    schemas = find_schemas(certificate.type)
    try:
        head, gathered = ask_log(
            LogSubject.of_certificate(certificate), () if region is None else (region,)
        )
        _require_readable(gathered)
    except (ChainUnavailableError, StorageError, NotFoundError) as error:
        on_unavailable(error)
        return verify(evidence, make_policy(schemas=schemas), now_unix)
    own = Evidence(certificate, evidence.batch_proof, None, gathered.facts)
    policy = make_policy(schemas=schemas, trusted_log=head, has_complete_facts=True)
    return verify(own, policy, max(now_unix, head.time_unix))


def wrap_certificate(content: bytes) -> bytes:
    """An evidence document of a bare SD-JWT; anything else as it is."""
    text = content.strip()
    if text.startswith(b"eyJ"):  # base64url of '{"'
        wrapped = {"format": EVIDENCE_FORMAT, "certificate": text.decode("ascii", "replace")}
        return orjson.dumps(wrapped)
    return content


def _require_readable(gathered: Gathered) -> None:
    """Raises StorageError where an entry about the certificate cannot be read."""
    if gathered.unreadable:
        numbers = ", ".join(str(row.entry_index) for row in gathered.unreadable[:10])
        raise StorageError(
            f"this version cannot read entries of the log that concern the certificate ({numbers}):"
            " there is no verdict without them; update this node",
            code="entry_unreadable",
        )
