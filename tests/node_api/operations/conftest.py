"""A node whose home has issued: seven certificates of one department, and one of another.

The seventh has been out of validity for so long that its content may be erased.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.actions.api_keys import create_api_key
from ledger.actions.issuance.loop import issue_file
from ledger.actions.issuers import change_mandate, register_department
from ledger.identifiers import CertificateId, RegionCode, Uscc
from ledger.roles import Role
from ledger.schemas import load_schema
from ledger.workspace import Workspace
from node_api.auth.settings import AuthSettings, OidcSettings
from node_api.settings import NodeSettings
from tests.support.command_line import Issued, make_id, make_row, write_csv
from tests.support.consortium import ISSUER, PASSPHRASE, SAFETY_STAFF, Consortium
from tests.support.identity_provider import AUDIENCE, IdentityProvider, run_provider
from tests.support.node import PURPOSE, RunningNode, run_node

TRANSPORT = Uscc.build("11500000000000002")
TRANSPORT_REGION = RegionCode.parse("500103")
OF_TRANSPORT = str(CertificateId.build(SAFETY_STAFF, TRANSPORT, "20240000001", "001"))
OLD = make_id(7)
LONG_AGO = {
    "初次领证日期": "2010-01-05",
    "发证日期": "2012-01-05",
    "有效期起": "2012-01-05",
    "有效期止": "2015-01-04",
}
HOLDER_CODE = "160101199003071232"
OTHER_CODE = "160101198807154321"


@dataclass(frozen=True)
class Asker:
    """Somebody with credentials of their own, asking by the public door."""

    http: httpx.Client
    headers: Mapping[str, str]

    def ask(self, method: str, path: str, *, status: int = 200, **options: Any) -> Any:
        """The JSON of an answer, which must have this status."""
        answer = self.http.request(method, path, headers=self.headers, **options)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def get(self, path: str, *, status: int = 200, **query: object) -> Any:
        return self.ask("GET", path, status=status, params=query)

    def post(self, path: str, *, status: int = 200, **members: object) -> Any:
        return self.ask("POST", path, status=status, json=members)


MakeAsker = Callable[..., Asker]


def with_key(node: RunningNode, role: Role, *departments: Uscc, **limits: Any) -> Asker:
    """Somebody with an API key of a role."""
    made = create_api_key(
        node.workspace,
        f"{role} of a test",
        role,
        departments=departments,
        all_departments=not departments,
        **limits,
    )
    return Asker(node.public, {"authorization": f"Bearer {made.secret}", "purpose": PURPOSE})


def issue_more(workspace: Workspace, directory: Path) -> None:
    """A second department, in a district, with a certificate of its own."""
    register_department(workspace, TRANSPORT, "某区交通部门（虚构）", TRANSPORT_REGION)
    change_mandate(workspace, TRANSPORT, SAFETY_STAFF)
    row = {**make_row(1), "证照标识": OF_TRANSPORT, "身份证号": "160101199003071232"}
    file = write_csv(directory / "transport.csv", [row])
    report = issue_file(workspace, file, TRANSPORT, SAFETY_STAFF)
    assert report.issued == 1, report.errors
    workspace.sync_index()


@pytest.fixture(scope="session")
def issued_ledger(
    founded_consortium: Consortium, tmp_path_factory: pytest.TempPathFactory
) -> Issued:
    """To be copied, or read with commands."""
    directory = tmp_path_factory.mktemp("issued")
    issued = Issued(
        founded_consortium.copy(directory / "ledger"),
        tuple(make_id(number) for number in range(1, 8)),
    )
    rows = [*(make_row(number) for number in range(1, 7)), make_row(7, **LONG_AGO)]
    file = write_csv(directory / "seven.csv", rows)
    with issued.consortium.open() as workspace:
        assert issue_file(workspace, file, ISSUER, SAFETY_STAFF).issued == 7
        issue_more(workspace, directory)
    return issued


@pytest.fixture(scope="session")
def provider() -> Iterator[IdentityProvider]:
    with run_provider() as running:
        yield running


def make_settings(provider: IdentityProvider) -> NodeSettings:
    oidc = OidcSettings(issuer=provider.issuer, audience=AUDIENCE)
    return NodeSettings(auth=AuthSettings(oidc=(oidc,)), limits={"reads": "", "writes": ""})


@pytest.fixture(scope="session")
def reading_node(
    issued_ledger: Issued, provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningNode]:
    """For requests that change nothing."""
    copied = issued_ledger.copy(tmp_path_factory.mktemp("reading") / "ledger")
    with run_node(copied.consortium.open(), PASSPHRASE, make_settings(provider)) as running:
        yield running


@pytest.fixture
def issued_node(
    issued_ledger: Issued, provider: IdentityProvider, tmp_path: Path
) -> Iterator[RunningNode]:
    """A test's own."""
    copied = issued_ledger.copy(tmp_path / "ledger")
    with run_node(copied.consortium.open(), PASSPHRASE, make_settings(provider)) as running:
        yield running


@pytest.fixture(scope="session")
def columns() -> tuple[str, ...]:
    """Of the type that is issued."""
    return load_schema(SAFETY_STAFF).columns()


def with_token(node: RunningNode, provider: IdentityProvider, **claims: object) -> Asker:
    """Somebody whom the provider of identities knows."""
    token = provider.sign(provider.claims(**claims))
    return Asker(node.public, {"authorization": f"Bearer {token}", "purpose": PURPOSE})
