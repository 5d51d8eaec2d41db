"""Founding a ledger on a chain: the log, the consortium with its first member, the modules.

The log and the consortium name each other: the consortium's address is known before it exists,
since it follows from the founder's account and nonce. The modules are deployed here and installed
afterwards by proposal and vote, as any later module is.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_hash.backends.pysha3 import keccak256

from ledger.chain.accounts import compute_contract_address
from ledger.chain.artifacts import MODULE_NAMES, load_artifact
from ledger.chain.client import ChainClient
from ledger.chain.gateway import Gateway
from ledger.chain.submitter import Submitter
from ledger.errors import ConflictError, LedgerError
from ledger.records import FoundingStatement, Installation, ModuleUnknownError, Signature

NO_PREDECESSOR = "0x" + "0" * 40


@dataclass(frozen=True, slots=True)
class Founding:
    """What founding put on the chain.

    Attributes:
        consortium: address, EIP-55.
        installations: payloads of the proposals that install the first modules.
    """

    consortium: str
    installations: tuple[Installation, ...]


def deploy_ledger(
    client: ChainClient,
    submitter: Submitter,
    ledger_id: bytes,
    statement: FoundingStatement,
    signature: Signature,
) -> Founding:
    """Deploys log, consortium and modules.

    Raises:
        LedgerError: the contract's refusal, such as AuthorityInvalidError.
        ConflictError: something else used the account meanwhile (`account_in_use`, `superseded`);
            nothing of it counts.
    """
    submitter.resolve_unfinished()  # what an interrupted founding left takes nonces, too
    nonce = submitter.next_nonce() + 1
    log = _deploy(submitter, "EntryLog", compute_contract_address(submitter.address, nonce), 0, [])
    # Anywhere else the consortium would be refused by the log, which awaits it at that address.
    if submitter.next_nonce() != nonce:
        raise ConflictError(
            "another process used the operator account meanwhile; found again",
            code="account_in_use",
        )
    arguments = (ledger_id, log, statement.to_abi(), signature.to_abi())
    consortium = _deploy(submitter, "Consortium", *arguments)
    installations = [_deploy_module(client, submitter, name, consortium) for name in MODULE_NAMES]
    return Founding(consortium, tuple(installations))


def deploy_module(gateway: Gateway, submitter: Submitter, name: str) -> Installation:
    """Deploys this version of a module, after the one in force if there is one; it counts once a
    vote installs it."""
    try:
        predecessor = gateway.module(name).address
    except ModuleUnknownError:
        predecessor = NO_PREDECESSOR
    consortium = gateway.consortium_address
    return _deploy_module(gateway.client, submitter, name, consortium, predecessor)


def _deploy_module(
    client: ChainClient,
    submitter: Submitter,
    name: str,
    consortium: str,
    predecessor: str = NO_PREDECESSOR,
) -> Installation:
    address = _deploy(submitter, name, consortium, predecessor)
    code = client.request_data(f"reading the code of {name}", "eth_getCode", address, "latest")
    kinds = load_artifact(name).event_topics
    return Installation(name.encode().ljust(32, b"\0"), address, keccak256(code), kinds)


def _deploy(submitter: Submitter, name: str, *arguments: object) -> str:
    creation = load_artifact(name).encode_creation(arguments)
    address = submitter.deploy(creation, f"deploy {name}").contract_address
    if address is None:
        raise LedgerError(f"the chain made no contract of the deployment of {name}")
    return address
