"""What the chain says of cases. Reads only, as `gateway` does for everything else."""

from __future__ import annotations

from ledger.chain.gateway import Gateway
from ledger.identifiers import ItemCode, Uscc
from ledger.records import CaseRecord, CaseState, CaseUnknownError, MatterRecord, MatterStep

CASE_LEDGER = "CaseLedger"
CATALOGUE = "Catalogue"


def fetch_case(gateway: Gateway, case_id: bytes) -> CaseRecord:
    """The present record of a case. Raises CaseUnknownError."""
    answer = gateway.read(gateway.module(CASE_LEDGER), "caseRecord", case_id)
    record = CaseRecord.decode(answer)
    if record.state is CaseState.NONE:
        raise CaseUnknownError(case_id)
    return record


def fetch_deciders(gateway: Gateway, case_id: bytes, step: int) -> tuple[Uscc, ...]:
    """The deciders of a step in their order; none before it is assigned."""
    found = gateway.call(gateway.module(CASE_LEDGER), "stepDeciders", case_id, step)
    return tuple(Uscc.from_chain(each) for each in found)


def fetch_decision_digest(
    gateway: Gateway, case_id: bytes, step: int, department: Uscc
) -> bytes | None:
    """Digest of a department's decision in a step, 32 bytes; None if it has not decided."""
    module = gateway.module(CASE_LEDGER)
    digest = gateway.read(module, "decisionDigest", case_id, step, department.to_chain())
    return digest if any(digest) else None


def fetch_matter_version(gateway: Gateway, item_code: ItemCode) -> int:
    """The version of a matter that is in force, 0 if there is none."""
    module = gateway.module(CATALOGUE)
    return int.from_bytes(gateway.read(module, "currentMatterVersion", item_code.to_chain()))


def fetch_matter(gateway: Gateway, item_code: ItemCode, version: int) -> MatterRecord:
    """A version of a matter; all zero if there is none."""
    module = gateway.module(CATALOGUE)
    return MatterRecord.decode(gateway.read(module, "matter", item_code.to_chain(), version))


def fetch_step(gateway: Gateway, item_code: ItemCode, version: int, step: int) -> MatterStep:
    """A step of a version of a matter. Raises MatterUnknownError."""
    module = gateway.module(CATALOGUE)
    answer = gateway.read(module, "matterStep", item_code.to_chain(), version, step)
    return MatterStep.decode(answer)
