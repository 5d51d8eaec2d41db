"""What happened, by the log: one certificate or case from first to last step, or everything since a
time.

Each step says who, when it was recorded, from when it has effect, and where in the log it stands
with the proof. The words come from the log alone; only the officer's name, where this home keeps
it, comes from the vault.
"""

from ledger.actions.audit.cases import audit_case
from ledger.actions.audit.steps import UNREADABLE, AuditStep, Trail
from ledger.actions.audit.trails import (
    audit_certificate,
    audit_evidence,
    audit_presented,
    audit_since,
)

__all__ = [
    "UNREADABLE",
    "AuditStep",
    "Trail",
    "audit_case",
    "audit_certificate",
    "audit_evidence",
    "audit_presented",
    "audit_since",
]
