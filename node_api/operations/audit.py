"""审计: what happened, step by step with its proof; and who looked at what."""

from __future__ import annotations

from typing import Final

from ledger.actions.access_log import check_access_log, read_access_log
from ledger.actions.audit import audit_case, audit_certificate
from ledger.actions.audit.exporting import ExportForm, export_audit
from ledger.actions.audit.pages import audit_document, page_audit
from node_api.auth.access import Access, ObjectRule
from node_api.auth.principals import Role
from node_api.operations.certificates import ONE
from node_api.operations.operation import Operation
from node_api.operations.samples import CERTIFICATE, CHONGQING, DIGEST, UNIX

TAG: Final = "audit"
_WATCHERS = (Role.AUDITOR, Role.SUPERVISOR)
_STAFF = (Role.CLERK, Role.OFFICER, *_WATCHERS)
# Officers are named in them.
OF_CERTIFICATE = Access.of(*_STAFF, rule=ObjectRule.CERTIFICATE, personal=True)
OF_CASE = Access.of(*_STAFF, rule=ObjectRule.CASE, personal=True)
OF_MEMBER = Access.of(*_WATCHERS, rule=ObjectRule.MEMBER, personal=True)
ACCESS_LOG = Access.of(Role.AUDITOR, rule=ObjectRule.MEMBER)

_DOCUMENT = {"document": "eyJhbGciOiJFUzI1NiJ9.e30.c2ln~"}


def _export(form: ExportForm, media_type: str) -> Operation:
    """Everything since a time as a file of one form."""
    return Operation(
        "GET",
        f"/v1/audit/export.{form}",
        export_audit,
        OF_MEMBER,
        TAG,
        name=f"export_audit_{form}",
        fixed={"form": form, "show_officers": True},
        media_type=media_type,
        example={"since_unix": UNIX, "region": CHONGQING},
    )


OPERATIONS = (
    Operation(
        "GET",
        f"{ONE}/trail",
        audit_certificate,
        OF_CERTIFICATE,
        TAG,
        example={"certificate_id": CERTIFICATE},
    ),
    Operation(
        "GET",
        "/v1/cases/{case_id}/trail",
        audit_case,
        OF_CASE,
        TAG,
        fixed={"show_officers": True},
        example={"case_id": DIGEST},
    ),
    Operation(
        "POST",
        "/v1/audit/presented",
        audit_document,
        Access.of(*_STAFF, Role.OPERATOR),
        TAG,
        fixed={"show_officers": False},
        example=_DOCUMENT,
    ),
    Operation(
        "GET",
        "/v1/audit",
        page_audit,
        OF_MEMBER,
        TAG,
        fixed={"show_officers": True},
        example={"since_unix": UNIX, "limit": 100},
    ),
    _export(ExportForm.NDJSON, "application/x-ndjson"),
    _export(ExportForm.CSV, "text/csv; charset=utf-8"),
    Operation("GET", "/v1/access-log", read_access_log, ACCESS_LOG, TAG),
    Operation("GET", "/v1/access-log/check", check_access_log, ACCESS_LOG, TAG),
)
