"""Founding a ledger on a chain: the log, the consortium with its first member, the modules.

The log and the consortium name each other: the consortium's address is known before it exists,
since it follows from the founder's account and nonce. The modules are deployed here and installed
afterwards by proposal and vote, as any later module is.
"""

from __future__ import annotations

from dataclasses import dataclass

import rlp  # type: ignore[import-untyped]  # ships no types
from eth_hash.auto import keccak
from web3 import Web3

from ledger.chain.artifacts import MODULE_NAMES, load_artifact
from ledger.chain.gateway import Gateway
from ledger.chain.refusals import translate_errors
from ledger.chain.submitter import Submitter
from ledger.errors import ConflictError
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


def compute_contract_address(deployer: str, nonce: int) -> str:
    """Address of the contract that an account deploys with this nonce (Yellow Paper §7)."""
    encoded = rlp.encode([bytes.fromhex(deployer[2:]), nonce])
    return Web3.to_checksum_address(keccak(encoded)[12:])


def deploy_ledger(
    web3: Web3,
    submitter: Submitter,
    ledger_id: bytes,
    statement: FoundingStatement,
    signature: Signature,
) -> Founding:
    """Deploys log, consortium and modules.

    Raises:
        LedgerError: the contract's refusal, such as AuthorityInvalidError.
        ConflictError: something else used the account meanwhile; nothing of it counts.
    """
    expected = compute_contract_address(submitter.address, submitter.next_nonce() + 1)
    log = _deploy(web3, submitter, "EntryLog", expected, 0, [])
    arguments = (ledger_id, log, statement.to_abi(), signature.to_abi())
    consortium = _deploy(web3, submitter, "Consortium", *arguments)
    if consortium != expected:
        raise ConflictError(
            f"expected the consortium at {expected}, it is at {consortium}: another process used "
            "the operator account meanwhile; found again"
        )
    installations = [_deploy_module(web3, submitter, name, consortium) for name in MODULE_NAMES]
    return Founding(consortium, tuple(installations))


def deploy_module(gateway: Gateway, submitter: Submitter, name: str) -> Installation:
    """Deploys this version of a module, after the one in force if there is one; it counts once a
    vote installs it."""
    try:
        predecessor: str = gateway.module(name).address
    except ModuleUnknownError:
        predecessor = NO_PREDECESSOR
    return _deploy_module(gateway.web3, submitter, name, gateway.consortium_address, predecessor)


def _deploy_module(
    web3: Web3,
    submitter: Submitter,
    name: str,
    consortium: str,
    predecessor: str = NO_PREDECESSOR,
) -> Installation:
    address = _deploy(web3, submitter, name, consortium, predecessor)
    with translate_errors(f"reading the code of {name}"):
        code = bytes(web3.eth.get_code(Web3.to_checksum_address(address)))
    kinds = load_artifact(name).event_topics
    return Installation(name.encode().ljust(32, b"\0"), address, keccak(code), kinds)


def _deploy(web3: Web3, submitter: Submitter, name: str, *arguments: object) -> str:
    artifact = load_artifact(name)
    factory = web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
    creation = factory.constructor(*arguments).data_in_transaction
    address = submitter.deploy(bytes.fromhex(str(creation)[2:]), f"deploy {name}").contract_address
    return Web3.to_checksum_address(str(address))
