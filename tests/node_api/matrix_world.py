"""Who asks what in the matrix of access: a home with objects, askers with credentials, requests.

The home is Chongqing's. Its objects belong to the department ISSUER and, where they have a holder,
to one person; "own" askers have just that within their limits, "other" askers just not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from ledger.actions.cases.opening import HandedIn, Submission, receive_application
from ledger.actions.catalogue_documents import define_matter_document
from ledger.actions.deliveries.inbox import send_content
from ledger.actions.issuance.loop import issue_file
from ledger.actions.issuers import register_department
from ledger.formats.case_documents import Party
from ledger.formats.case_materials import MaterialKind
from ledger.formats.envelope import DeliveryKind
from ledger.identifiers import CertificateId, ItemCode, RegionCode, Uscc
from ledger.workspace import Workspace
from node_api.app import RoutedApp
from node_api.auth.settings import ApprovalSettings, AuthSettings, LimitSettings, OidcSettings
from node_api.operations.operation import Operation
from node_api.operations.table import OPERATIONS
from node_api.settings import NodeSettings
from tests.support.command_line import make_id, make_row, write_csv
from tests.support.consortium import (
    ISSUER,
    ISSUERS,
    PASSPHRASE,
    SAFETY_STAFF,
    SICHUAN,
    Consortium,
)
from tests.support.identity_provider import AUDIENCE, IdentityProvider, run_provider
from tests.support.node import PURPOSE, RunningNode, run_node

OTHER_DEPARTMENT = Uscc.build("11500000000000002")
HOLDER_CODE, OTHER_CODE = make_row(1)["身份证号"], "160101198807154321"
ITEM = f"{ISSUER}0117002011000"
OWN_DEPARTMENT = {"departments": [str(ISSUER)]}
ANOTHER_DEPARTMENT = {"departments": [str(OTHER_DEPARTMENT)]}
WHOLE_MEMBER: Mapping[str, Any] = {"departments": None}
ANOTHER_REGION = {"departments": None, "regions": ["510000"]}
LOCAL, ANYONE = "local", "anyone"
ASKERS: Mapping[str, Mapping[str, Any] | None] = {
    ANYONE: None,
    "holder own": {"roles": ["holder"], "departments": None, "holder_code": HOLDER_CODE},
    "holder other": {"roles": ["holder"], "departments": None, "holder_code": OTHER_CODE},
    "kiosk own": {"roles": ["kiosk"], **OWN_DEPARTMENT},
    "kiosk other": {"roles": ["kiosk"], **ANOTHER_DEPARTMENT},
    "clerk own": {"roles": ["clerk"], **OWN_DEPARTMENT},
    "clerk other": {"roles": ["clerk"], **ANOTHER_DEPARTMENT},
    "officer own": {"roles": ["officer"], **OWN_DEPARTMENT},
    "officer other": {"roles": ["officer"], **ANOTHER_DEPARTMENT},
    "operator own": {"roles": ["operator"], **WHOLE_MEMBER},
    "operator other": {"roles": ["operator"], **ANOTHER_DEPARTMENT},
    "auditor own": {"roles": ["auditor"], **WHOLE_MEMBER},
    "auditor other": {"roles": ["auditor"], **ANOTHER_REGION},
    "supervisor own": {"roles": ["supervisor"], **WHOLE_MEMBER},
    "supervisor other": {"roles": ["supervisor"], **ANOTHER_REGION},
    LOCAL: None,
}
_IN_PATH = re.compile(r"{(\w+)}")
_MATTER = {
    "format": "zhenglian-matter/1",
    "itemCode": ITEM,
    "version": 1,
    "name": "安全生产管理人员转入（虚构）",
    "conditions": ["持有考核合格证书"],
    "channels": ["window"],
    "acceptanceModes": ["proxy"],
    "steps": [{"name": "决定", "rule": "all", "deciders": [str(ISSUER)], "limitDays": 3}],
    "statutoryDays": 20,
    "promisedDays": 10,
    "delivery": ["electronic"],
    "fee": {"amountFen": 0, "basis": "不收费"},
    "requiredTypes": [],
    "materials": [{"name": "劳动合同"}],
    "resultTypes": [str(SAFETY_STAFF)],
}


@dataclass(frozen=True, slots=True)
class Row:
    """A route and a request for it.

    Attributes:
        path: as the route has it, with its parameters in braces.
        operation: None of a route that is plain ASGI.
    """

    method: str
    path: str
    operation: Operation | None
    url: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class MatrixWorld:
    """A node with objects, and who may ask it."""

    node: RunningNode
    objects: Mapping[str, object]
    headers: Mapping[str, Mapping[str, str]]

    def rows(self) -> list[Row]:
        """Every route that the application serves, in its order."""
        found = [self._of_operation(each) for each in OPERATIONS]
        return found + [
            self._of_plain(method, path)
            for method, path in sorted(served_beside(self.node.node.routed))
        ]

    def ask(self, row: Row, asker: str) -> httpx.Response:
        """One real request."""
        if asker == LOCAL:  # may do everything: what it asks is understood to be nothing
            http, params = self.node.local, {"matrix": "1"}
        else:
            http, params = self.node.public, dict(row.options.get("params", {}))
        options = {**row.options, "params": params}
        headers = {**self.headers[asker], **options.pop("headers", {})}
        return http.request(row.method, row.url, headers=headers, **options)

    def _of_operation(self, operation: Operation) -> Row:
        example = {name: self.objects.get(name, value) for name, value in operation.example.items()}
        for parameter in operation.parameters:
            if parameter.name in self.objects and parameter.is_required:
                example.setdefault(parameter.name, self.objects[parameter.name])
        url = _IN_PATH.sub(lambda found: str(example.pop(found[1])), operation.path)
        if operation.body is not None:
            return Row(operation.method, operation.path, operation, url, {"json": example})
        params = {name: _to_text(value) for name, value in example.items()}
        return Row(operation.method, operation.path, operation, url, {"params": params})

    def _of_plain(self, method: str, path: str) -> Row:
        url = _IN_PATH.sub(lambda found: str(self.objects.get(found[1], "0")), path)
        return Row(method, path, None, url, PLAIN_REQUESTS.get(f"{method} {path}", {}))


_JOB = {"kind": "issue", "issuer": str(ISSUER), "certificate_type": str(SAFETY_STAFF)}
PLAIN_REQUESTS: Mapping[str, Mapping[str, Any]] = {
    "POST /v1/certificates": {
        "headers": {"idempotency-key": "matrix"},
        "json": {
            "issuer": str(ISSUER),
            "certificate_type": str(SAFETY_STAFF),
            "fields": {"matrix": "no such field"},
        },
    },
    "POST /v1/jobs": {
        "params": {**_JOB, "certificate_type": "11100000000013338W999"},
        "headers": {"content-type": "text/csv"},
        "content": b"",
    },
    "GET /v1/notices/stream": {"params": {"matrix": "no such parameter, so that it ends"}},
}
"""What a request for a plain route has besides its path, where a bare one would tell nothing."""


def served_beside(routed: RoutedApp) -> set[tuple[str, str]]:
    """Method and path of every route that is not of the table: plain ones, and FastAPI's own."""
    found: set[tuple[str, str]] = set()
    for route in routed.plain:
        assert route.served(), f"a plain route does not say what it serves: {route.app}"
        found |= route.served()
    declared = {(each.method, each.path) for each in OPERATIONS}
    for each in routed.rest.routes:
        methods, path = getattr(each, "methods", None) or {"ANY"}, getattr(each, "path", str(each))
        found |= {(method, path) for method in methods if method != "HEAD"} - declared
    return found


@contextmanager
def make_world(consortium: Consortium, directory: Path) -> Iterator[MatrixWorld]:
    """Issues a certificate, opens a case, and serves the home."""
    workspace = consortium.open()
    with workspace, run_provider() as provider:
        objects = _make_objects(workspace, directory)
        with run_node(workspace, PASSPHRASE, _make_settings(provider)) as node:
            objects["job_id"] = _upload_nothing(node)
            yield MatrixWorld(node, objects, _make_headers(provider))


def _upload_nothing(node: RunningNode) -> str:
    """The id of a job of ISSUER's."""
    file = {"content-type": "text/csv"}
    answer = node.local.post("/v1/jobs", params=_JOB, content=b"nothing\n", headers=file)
    if answer.status_code == httpx.codes.NOT_FOUND:
        return "0"  # a node without jobs
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return str(answer.json()["job_id"])


def _make_settings(provider: IdentityProvider) -> NodeSettings:
    """Every change awaits a second officer, so that who may make it makes none."""
    changes = frozenset(each.operation_id for each in OPERATIONS if each.access.is_change)
    return NodeSettings(
        auth=AuthSettings(
            oidc=(OidcSettings(issuer=provider.issuer, audience=AUDIENCE),),
            approvals=ApprovalSettings(operations=changes),
            cache_s=60,
        ),
        limits=LimitSettings(anonymous="", reads="", writes="", failed_logins=""),
    )


def _make_headers(provider: IdentityProvider) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {ANYONE: {}, LOCAL: {}}
    for asker, claims in ASKERS.items():
        if claims is not None:
            token = provider.sign(provider.claims(sub=asker.replace(" ", "-"), **claims))
            found[asker] = {"authorization": f"Bearer {token}", "purpose": PURPOSE}
    return found


def _make_objects(workspace: Workspace, directory: Path) -> dict[str, object]:
    """A certificate, its batch and a case, by the names that parameters have."""
    years = {
        str(year): {"source": "for tests", "days_off": [], "working_days": []} for year in _YEARS
    }
    (workspace.home / "calendar.json").write_text(json.dumps(years))
    register_department(
        workspace, OTHER_DEPARTMENT, "某区交通部门（虚构）", RegionCode.parse("500103")
    )
    file = write_csv(directory / "one.csv", [make_row(1)])
    assert issue_file(workspace, file, ISSUER, SAFETY_STAFF).issued == 1
    define_matter_document(workspace, json.dumps(_MATTER, ensure_ascii=False).encode())
    submission = Submission(
        ItemCode.parse(ITEM),
        Party("王小明", "111", HOLDER_CODE),
        [HandedIn("劳动合同", MaterialKind.DOCUMENT, None, b"%PDF")],
    )
    opened = receive_application(workspace, submission, ISSUER)
    receiver = ISSUERS[SICHUAN]
    sent = send_content(workspace, DeliveryKind.PRESENTATION, receiver, b"{}", sender=ISSUER)
    stored = workspace.vault.certificates.find(make_id(1))
    assert stored is not None
    certificate_id = str(CertificateId.parse(make_id(1)))
    return {
        "certificate_id": certificate_id,
        "certificate_ids": [certificate_id],
        "case_id": opened.case_id.hex(),
        "batch_key": stored.batch.batch_key.hex(),
        "issuer": str(ISSUER),
        "department": str(ISSUER),
        "region": "500000",
        "reference": "matrix",
        "sender": str(ISSUER),
        "delivery_id": sent.delivery_id.hex(),
    }


_YEARS = range(2027, 2032)


def _to_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
