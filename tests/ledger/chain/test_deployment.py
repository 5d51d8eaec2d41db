"""A ledger is founded whole, by whom it names, or nothing of it counts."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from eth_hash.backends.pysha3 import keccak256

from ledger.actions.application import read_application
from ledger.actions.founding import create_home, found_ledger
from ledger.chain.accounts import Call
from ledger.chain.deployment import NO_PREDECESSOR, Founding, deploy_ledger, deploy_module
from ledger.chain.engines import ChainLocation, connect
from ledger.chain.gateway import Gateway
from ledger.chain.submitter import Submitter, load_account
from ledger.errors import ConflictError
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.records import AuthorityInvalidError, FoundingStatement, ModuleUnknownError
from ledger.vault.passphrase import ScryptCost
from ledger.vault.tables import TransactionState, outbox
from ledger.workspace import Workspace
from tests.ledger.chain.faulty_node import FaultyNode, KilledError, die_after, die_before
from tests.support.consortium import CHONGQING, PASSPHRASE, Consortium

LEDGER_ID = secrets.token_bytes(32)


class Founder:
    """A home without a ledger, on a chain without one."""

    def __init__(self, workspace: Workspace, node: FaultyNode, gateway: Gateway) -> None:
        self.workspace, self.node, self.gateway = workspace, node, gateway
        self.submitter = Submitter(
            gateway, load_account(workspace.keys.operator_secret()), workspace.vault.outbox
        )

    def found(self, key: ec.EllipticCurvePrivateKey | None = None) -> Founding:
        application = read_application(self.workspace.home / "application.json")
        statement = FoundingStatement(application)
        digest = compute_digest(statement, LEDGER_ID)
        signature = sign_digest(key or self.workspace.keys.authority(), digest)
        client = self.gateway.client
        return deploy_ledger(client, self.submitter, LEDGER_ID, statement, signature)


@pytest.fixture
def founder(tmp_path: Path) -> Iterator[Founder]:
    location = ChainLocation.parse(str(tmp_path / "chain"))
    home, cheap = tmp_path / "home", ScryptCost(n=2, r=1, p=1)
    create_home(home, CHONGQING, "重庆市", location, PASSPHRASE, vault_cost=cheap)
    with (
        Workspace.open(home, PASSPHRASE) as workspace,
        connect(location, may_create=True) as client,
    ):
        client._respond = node = FaultyNode(client._respond)
        account = load_account(workspace.keys.operator_secret())
        yield Founder(workspace, node, Gateway(client, account.address))


def test_what_is_founded_is_one_ledger(founder: Founder) -> None:
    founding = founder.found()
    gateway = Gateway(founder.gateway.client, founding.consortium)
    assert gateway.ledger_id == LEDGER_ID
    assert gateway.active_members() == (CHONGQING,)
    assert gateway.log_size() == 1
    for installation in founding.installations:
        code = gateway.client.request_data("asking", "eth_getCode", installation.module, "latest")
        assert installation.code_hash == keccak256(code)
        with pytest.raises(ModuleUnknownError):  # it counts once a vote installs it
            gateway.module(installation.name.rstrip(b"\0").decode())


def test_founding_signed_by_another_key_is_refused_and_explained(founder: Founder) -> None:
    with pytest.raises(AuthorityInvalidError):
        founder.found(ec.generate_private_key(ec.SECP256R1()))
    rows = founder.workspace.vault.outbox._select(outbox.c.id > 0)
    assert [row.state for row in rows] == [TransactionState.MINED, TransactionState.REVERTED]
    assert rows[-1].detail.startswith("authority_invalid")


def test_account_used_meanwhile_makes_the_founding_void(founder: Founder) -> None:
    account = load_account(founder.workspace.keys.operator_secret())

    def interfere(request: dict, respond: object) -> object:
        """Right after the log was deployed."""
        response = respond(request)
        nonce = int(
            respond({"method": "eth_getTransactionCount", "params": [account.address]})["result"],
            16,
        )
        signed = account.sign(
            Call(account.address, b""), nonce=nonce, gas=30_000, chain_id=founder.gateway.chain_id
        )
        raw = f"0x{signed.raw.hex()}"
        assert "result" in respond({"method": "eth_sendRawTransaction", "params": [raw]})
        return response

    founder.node.fail_once("eth_sendRawTransaction", interfere)
    with pytest.raises(ConflictError, match="found again"):
        founder.found()
    assert Gateway(founder.gateway.client, founder.found().consortium).ledger_id == LEDGER_ID


@pytest.mark.parametrize("death", [die_before, die_after])
@pytest.mark.parametrize("at", range(1, 5))
def test_founding_killed_at_any_deployment_can_be_done_again(
    founder: Founder, at: int, death: object
) -> None:
    """What the interrupted one left in the outbox takes a nonce, and is counted with."""

    def die_at(request: dict, respond: object) -> object:
        if founder.node.asked["eth_sendRawTransaction"] < at:
            return respond(request)
        return death(request, respond)

    founder.node.faults["eth_sendRawTransaction"] = die_at
    with pytest.raises(KilledError):
        founder.found()
    founder.node.faults.clear()
    gateway = Gateway(founder.gateway.client, founder.found().consortium)
    assert gateway.log_size() == 1


def test_successor_of_a_module_names_its_predecessor(consortium: Consortium) -> None:
    with consortium.open() as workspace:
        before = workspace.gateway.module("CertificateLedger").address
        installation = deploy_module(workspace.gateway, workspace.submitter, "CertificateLedger")
        assert installation.module != before
        assert installation.name.rstrip(b"\0") == b"CertificateLedger"
        assert before != NO_PREDECESSOR
        assert workspace.gateway.module("CertificateLedger").address == before


def test_ledger_is_founded_once_on_a_chain(consortium: Consortium) -> None:
    with consortium.open() as workspace, pytest.raises(ConflictError) as caught:
        found_ledger(workspace)
    assert caught.value.code == "consortium_founded"
