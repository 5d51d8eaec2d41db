"""目录: certificate types and service matters, in versions."""

from __future__ import annotations

from http import HTTPStatus

from ledger.actions.catalogue import import_document, propose_national
from ledger.actions.catalogue_documents import (
    compare_named,
    define_matter_document,
    define_type_document,
    show_matter,
    show_type,
)
from ledger.actions.catalogue_listing import read_catalogue
from node_api.auth.access import Access, ObjectRule
from node_api.auth.principals import Role
from node_api.operations.operation import Operation
from node_api.operations.samples import ITEM, MATTER_DOCUMENT, SCHEMA_DOCUMENT, TYPE

TAG = "catalogue"
READING = Access.of(
    Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR, Role.OPERATOR, Role.KIOSK
)
DEFINING = Access.of(Role.OPERATOR, rule=ObjectRule.MEMBER, changes=True)

OPERATIONS = (
    Operation("GET", "/v1/catalogue", read_catalogue, READING, TAG),
    Operation(
        "GET",
        "/v1/catalogue/types/{certificate_type}",
        show_type,
        READING,
        TAG,
        example={"certificate_type": TYPE},
    ),
    Operation(
        "GET",
        "/v1/catalogue/matters/{item_code}",
        show_matter,
        READING,
        TAG,
        example={"item_code": ITEM},
    ),
    Operation(
        "POST",
        "/v1/catalogue/comparisons",
        compare_named,
        READING,
        TAG,
        example={
            "left": {"item_code": ITEM, "version": 1},
            "right": {"document": MATTER_DOCUMENT},
        },
    ),
    Operation(
        "POST",
        "/v1/catalogue/documents",
        import_document,
        DEFINING,
        TAG,
        example={"document": SCHEMA_DOCUMENT},
    ),
    Operation(
        "POST",
        "/v1/catalogue/types",
        define_type_document,
        DEFINING,
        TAG,
        status=HTTPStatus.CREATED,
        example={"document": SCHEMA_DOCUMENT},
    ),
    Operation(
        "POST",
        "/v1/catalogue/matters",
        define_matter_document,
        DEFINING,
        TAG,
        status=HTTPStatus.CREATED,
        example={"document": MATTER_DOCUMENT},
    ),
    Operation(
        "POST",
        "/v1/catalogue/types/{certificate_type}/national",
        propose_national,
        DEFINING,
        TAG,
        status=HTTPStatus.CREATED,
        example={
            "certificate_type": TYPE,
            "legal_basis": "《国务院关于在线政务服务的若干规定》第十条",
            "is_national": True,
        },
    ),
)
