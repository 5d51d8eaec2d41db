"""证照: what this home has issued: listed, shown, presented; and the types it issues."""

from __future__ import annotations

from typing import Final

from ledger.actions.evidence_export import complete_evidence, present_document
from ledger.actions.listing import page_certificates, page_own_certificates
from ledger.actions.showing import show_certificate
from ledger.actions.standings import find_certificate_status, find_place_status
from ledger.actions.type_fields import (
    TemplateForm,
    describe_type,
    list_known_types,
    make_template,
)
from node_api.auth.access import Access, ObjectRule
from node_api.auth.filling import Asked
from node_api.auth.principals import Role
from node_api.operations.operation import Operation
from node_api.operations.samples import CERTIFICATE, DIGEST, HOUSING, SICHUAN, TYPE

TAG: Final = "certificates"
EVIDENCE_MEDIA_TYPE: Final = "application/vnd.zhenglian.evidence+json"
XLSX_MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ONE: Final = "/v1/certificates/{certificate_id}"
_STAFF = (Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR)
_ANY_ROLE = (*_STAFF, Role.OPERATOR, Role.KIOSK)
LISTING = Access.of(*_STAFF, rule=ObjectRule.VIEWER)
OWN = Access.of(Role.HOLDER, rule=ObjectRule.VIEWER, personal=True)
STANDING = Access.of(*_STAFF, Role.KIOSK, Role.HOLDER, rule=ObjectRule.CERTIFICATE)
CONTENTS = Access.of(*_STAFF, Role.KIOSK, Role.HOLDER, rule=ObjectRule.CERTIFICATE, personal=True)
PRESENTING = Access.of(
    Role.CLERK, Role.OFFICER, Role.KIOSK, Role.HOLDER, rule=ObjectRule.CERTIFICATE, personal=True
)
TYPES = Access.of(*_ANY_ROLE)

_ONE = {"certificate_id": CERTIFICATE}

_CERTIFICATES = (
    Operation(
        "GET",
        "/v1/certificates",
        page_certificates,
        LISTING,
        TAG,
        fixed={"viewer": Asked.VIEWER},
        example={"status": "valid", "issuer": HOUSING, "limit": 20},
    ),
    Operation(
        "GET",
        "/v1/own-certificates",
        page_own_certificates,
        OWN,
        TAG,
        fixed={"viewer": Asked.VIEWER},
        example={"limit": 20},
    ),
    Operation("GET", ONE, show_certificate, CONTENTS, TAG, example=_ONE),
    Operation("GET", f"{ONE}/status", find_certificate_status, STANDING, TAG, example=_ONE),
    Operation(
        "POST",
        f"{ONE}/presentation",
        present_document,
        PRESENTING,
        TAG,
        media_type=EVIDENCE_MEDIA_TYPE,
        example={**_ONE, "disclose": ["姓名", "证书编号"], "relying_regions": [SICHUAN]},
    ),
    Operation(
        "POST",
        "/v1/evidence",
        complete_evidence,
        Access.of(*_ANY_ROLE),
        TAG,
        media_type=EVIDENCE_MEDIA_TYPE,
        example={"document": "eyJhbGciOiJFUzI1NiJ9.e30.c2ln~", "relying_regions": [SICHUAN]},
    ),
    Operation(
        "GET",
        "/v1/batches/{batch_key}/places/{position}/status",
        find_place_status,
        Access.anyone(),
        TAG,
        example={"batch_key": DIGEST, "position": 0},
    ),
)


def _template(form: TemplateForm, media_type: str) -> Operation:
    """An empty file of a type in one form."""
    return Operation(
        "GET",
        f"/v1/types/{{certificate_type}}/template.{form}",
        make_template,
        TYPES,
        TAG,
        name=f"make_template_{form}",
        fixed={"form": form},
        media_type=media_type,
        example={"certificate_type": TYPE},
    )


_TYPES = (
    Operation("GET", "/v1/types", list_known_types, TYPES, TAG),
    Operation(
        "GET",
        "/v1/types/{certificate_type}",
        describe_type,
        TYPES,
        TAG,
        example={"certificate_type": TYPE},
    ),
    _template(TemplateForm.CSV, "text/csv; charset=utf-8"),
    _template(TemplateForm.XLSX, XLSX_MEDIA_TYPE),
)

OPERATIONS = (*_CERTIFICATES, *_TYPES)
