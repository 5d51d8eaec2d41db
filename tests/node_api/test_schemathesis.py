"""What the OpenAPI document promises, tried with requests made from it, on both databases.

Every operation gets requests, fit and unfit, from somebody who may call it. Nothing that comes may
make the node fail (5xx), and every answer must be one that the document has.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig

from ledger.actions.api_keys import create_api_key
from ledger.roles import Role
from tests.support.consortium import PASSPHRASE, Consortium
from tests.support.on_postgresql import POSTGRESQL, VaultServer
from tests.support.postgresql import run_postgresql
from tests.support.served_node import ServedNode, serve_node

DOCUMENT = Path(__file__).parents[2] / "docs" / "interfaces" / "openapi.json"
SQLITE = "sqlite"
EXAMPLES = 4
ENDLESS = "/v1/notices/stream"
NOT_OVER_TCP = "local_only"
_LIMITED = (Role.CLERK, Role.OFFICER, Role.KIOSK)

# What a request may mean is for the node to know: data that fit the document may still be refused
# (404, 409, 422), and are; whether unfit data are refused, and how, is what is looked at.
_CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {
                "expected-statuses": ["2xx", 401, 403, 404, 409, 410, 413, 422, 429]
            },
        }
    }
)
schema = schemathesis.openapi.from_path(DOCUMENT, config=_CONFIG).exclude(path=ENDLESS)


schemathesis.serializer.alias("application/partial-upload", "application/octet-stream")
schemathesis.serializer.alias(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/octet-stream"
)


@dataclass(frozen=True)
class Asked:
    """A node and somebody of each role, who stays connected."""

    node: ServedNode
    keys: dict[str, str]
    connection: requests.Session

    def headers(self, operation: dict[str, object]) -> dict[str, str]:
        """Of somebody who may call an operation."""
        roles = operation.get("x-zhenglian-roles") or []
        assert isinstance(roles, list)
        usable = [role for role in roles if role in self.keys]
        if operation.get("security") == [] or not usable:
            return {}
        return {"Authorization": f"Bearer {self.keys[usable[0]]}", "Purpose": "tests"}


@pytest.fixture(scope="module", params=[SQLITE, POSTGRESQL])
def asked(
    request: pytest.FixtureRequest,
    founded_consortium: Consortium,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Asked]:
    own = founded_consortium.copy(tmp_path_factory.mktemp("asked") / "consortium")
    if request.param == SQLITE:
        yield from _serve(own)
        return
    with run_postgresql() as url:
        server = VaultServer(url)
        server.take_over(own.home())
        yield from _serve(own)


def _serve(own: Consortium) -> Iterator[Asked]:
    with own.open() as workspace:
        keys = {
            role.value: create_api_key(
                workspace, f"test {role}", role, all_departments=role in _LIMITED
            ).secret
            for role in Role
            if role is not Role.HOLDER
        }
    limits = dict.fromkeys(("ANONYMOUS", "READS", "WRITES", "FAILED_LOGINS"), "")
    environment = {f"limits__{name}": value for name, value in limits.items()}
    with (
        serve_node(own.home(), PASSPHRASE, workers="0", **environment) as node,
        requests.Session() as connection,
    ):
        connection.trust_env = False  # no proxy is looked for
        node.wait_until_ready()
        yield Asked(node, keys, connection)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_document_has(case: schemathesis.Case, asked: Asked) -> None:
    operation = copy.deepcopy(case.operation.definition.raw)
    given = {name.lower() for name in case.headers or {}}
    own = asked.headers(operation)
    headers = {name: value for name, value in own.items() if name.lower() not in given}
    response = case.call(
        base_url=asked.node.url, session=asked.connection, headers=headers, timeout=60
    )
    assert response.status_code < 500, response.text
    case.validate_response(response, headers=headers)
