"""What the chain says comes out in types of ours, whatever the node is like."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.abi import to_checksum_address
from ledger.actions.issuers import find_seal_key
from ledger.chain.client import ChainClient
from ledger.chain.gateway import Gateway, discover_consortium
from ledger.errors import ChainUnavailableError, ConflictError, LedgerError, NotFoundError
from ledger.formats.merkle import MerkleTree
from ledger.identifiers import Uscc
from ledger.records import (
    ConsortiumFounded,
    ModuleUnknownError,
    ProposalAction,
    ProposalSubmitted,
    ProposalUnknownError,
)
from ledger.workspace import Workspace
from local_chain.embedded import EmbeddedChain
from tests.ledger.chain.faulty_node import answer, lose_request, stand_between
from tests.ledger.chain.forger import Forger
from tests.support.consortium import (
    CHONGQING,
    ISSUER,
    ISSUERS,
    SAFETY_STAFF,
    SICHUAN,
    Consortium,
    anchor,
    batch_statement,
    status_statement,
    submit_sealed,
)


@pytest.fixture
def workspace(consortium: Consortium) -> Iterator[Workspace]:
    with consortium.open() as opened:
        yield opened


def test_members_keys_and_mandates_are_read(workspace: Workspace) -> None:
    gateway, now = workspace.gateway, workspace.latest_unix()
    assert gateway.active_members() == (CHONGQING, SICHUAN)
    assert gateway.member(SICHUAN).admitted_at > 0
    for member, issuer in ISSUERS.items():
        assert gateway.department(issuer).member == member
        mandate = gateway.mandate_at(issuer, SAFETY_STAFF, now)
        assert mandate.valid_from <= now < mandate.valid_until
    key = find_seal_key(workspace, ISSUER)
    assert gateway.seal_key(ISSUER, key.key_id).suite == 1


def test_what_was_never_recorded_reads_as_none(workspace: Workspace) -> None:
    gateway = workspace.gateway
    stranger = Uscc.build("11520000000000001")
    assert gateway.department(stranger).member is None
    assert gateway.seal_key(ISSUER, bytes(32)).suite == 0
    assert gateway.mandate_at(stranger, SAFETY_STAFF, 1).valid_until == 0
    assert gateway.batch(bytes(32)) is None
    assert gateway.status_word(bytes(32), 0) == bytes(32)
    with pytest.raises(ProposalUnknownError):
        gateway.proposal(bytes(32))
    with pytest.raises(ModuleUnknownError):
        gateway.module("DisputeLedger")


def test_batches_and_status_words_are_read(workspace: Workspace) -> None:
    key = find_seal_key(workspace, ISSUER)
    statement = batch_statement(workspace, key=key, count=200)
    receipt = submit_sealed(workspace, "anchorBatch", statement, key.private_key)
    batch_key = receipt.entries[0].entry.subject
    found = workspace.gateway.batch(batch_key)
    assert found is not None
    assert (found.root, found.issuer, found.count) == (statement.root, ISSUER, 200)
    assert found.anchored_at == receipt.time_unix
    after = b"\x02".ljust(32, b"\0")
    submit_sealed(
        workspace, "changeStatus", status_statement(workspace, batch_key, after), key.private_key
    )
    assert workspace.gateway.status_word(batch_key, 0) == after
    assert workspace.gateway.status_word(batch_key, 1) == bytes(32)


def test_proposals_are_read(workspace: Workspace) -> None:
    workspace.sync_index()
    for row in workspace.index.entries_of_kind(ProposalSubmitted.TOPIC):
        record = workspace.gateway.proposal(row.subject)
        assert record.is_executed
        assert record.proposer == CHONGQING
        assert record.action in (ProposalAction.INSTALL_MODULE, ProposalAction.ADMIT_MEMBER)


def test_log_is_the_tree_over_its_entries_at_every_block(workspace: Workspace) -> None:
    gateway = workspace.gateway
    head = gateway.head().block_number
    leaves: list[bytes] = []
    for block in range(head + 1):
        leaves += [each.entry.entry.leaf_hash() for each in gateway.fetch_entries(block, block)]
        if leaves:
            assert gateway.log_size(block=block) == len(leaves)
            assert gateway.log_root(block=block) == MerkleTree(leaves).root_hash
    assert gateway.log_size() == len(leaves)


def test_structs_and_single_values_can_be_asked_by_name(workspace: Workspace) -> None:
    gateway = workspace.gateway
    registry = gateway.module("IssuerRegistry")
    arguments = (ISSUER.to_chain(), SAFETY_STAFF.to_chain(), workspace.latest_unix())
    assert gateway.call(registry, "isMandatedAt", *arguments) is True
    mandate = gateway.call(registry, "mandateAt", *arguments)
    assert mandate[:2] == (0, (1 << 40) - 1)


@pytest.mark.parametrize("chain_location", ["directory"])  # a server's clock is its own
def test_time_of_a_chain_that_seals_on_demand_is_now(consortium: Consortium) -> None:
    later = 4_000_000_000
    with consortium.open(clock=lambda: later) as workspace:
        assert workspace.gateway.seals_on_demand
        assert workspace.gateway.head().time_unix == later


def test_time_of_a_chain_with_regular_blocks_is_its_newest_block(consortium: Consortium) -> None:
    with consortium.open(clock=lambda: 4_000_000_000) as workspace:
        node = stand_between(workspace)
        node.faults["web3_clientVersion"] = answer("besu/v25.7.0/linux-x86_64/openjdk-java-21")
        assert workspace.gateway.head().time_unix < 3_000_000_000
        assert node.asked["eth_getBlockByNumber"] == 1


def test_dead_chain_is_unavailable(workspace: Workspace) -> None:
    gateway, node = workspace.gateway, stand_between(workspace)
    node.faults["*"] = lose_request
    for ask in (
        gateway.head,
        gateway.log_root,
        lambda: gateway.chain_id,
        lambda: gateway.member(CHONGQING),
        lambda: gateway.batch(bytes(32)),
        lambda: discover_consortium(gateway.client),
    ):
        with pytest.raises(ChainUnavailableError, match="did not answer"):
            ask()


@pytest.mark.parametrize("nonsense", ["0x", "0x" + "00" * 31, "0x" + "00" * 64])
def test_address_that_answers_nonsense_is_no_contract_of_ours(
    workspace: Workspace, nonsense: str
) -> None:
    gateway = workspace.gateway
    address, node = gateway.log.address, stand_between(workspace)
    node.faults["eth_call"] = answer(nonsense)
    with pytest.raises(
        ChainUnavailableError, match=f"expected the EntryLog at {address}"
    ) as caught:
        gateway.log_root()
    assert caught.value.code == "contract_missing"


@pytest.mark.parametrize(
    "tag",
    [None, "0x5", [], {"number": "0x1"}, {"number": 1, "timestamp": 2}, {"hash": 5}],
)
def test_block_of_nonsense_is_an_unavailable_chain(workspace: Workspace, tag: object) -> None:
    gateway, node = workspace.gateway, stand_between(workspace)
    node.faults["eth_getBlockByNumber"] = answer(tag)
    with pytest.raises(ChainUnavailableError) as caught:
        gateway.head()
    assert caught.value.code == "chain_answer_unusable"


def test_chain_where_nobody_founded_anything_has_no_consortium(tmp_path: Path) -> None:
    with (
        EmbeddedChain.open(tmp_path / "chain") as chain,
        pytest.raises(NotFoundError, match="no consortium was founded") as caught,
    ):
        discover_consortium(ChainClient(chain.respond))
    assert caught.value.code == "consortium_not_founded"


def test_consortium_founded_later_or_forged_misleads_no_new_home(workspace: Workspace) -> None:
    """Whoever may deploy a contract can put a second one there, genuine or look-alike."""
    founded = next(
        recorded.event
        for recorded in workspace.gateway.fetch_entries(0, workspace.gateway.head().block_number)
        if isinstance(recorded.event, ConsortiumFounded)
    )
    forged = ConsortiumFounded(secrets.token_bytes(32), founded.statement, founded.signature)
    Forger(workspace).emit(forged)
    found = discover_consortium(workspace.gateway.client)
    assert found == workspace.gateway.consortium_address


def test_address_without_code_is_no_consortium(workspace: Workspace) -> None:
    gateway = Gateway(workspace.gateway.client, to_checksum_address(bytes(19) + b"\x99"))
    with pytest.raises(ChainUnavailableError, match="expected the Consortium at") as caught:
        gateway.ledger_id  # noqa: B018 - a property that asks
    assert caught.value.code == "contract_missing"


def test_expected_ledger_is_asked_for_once_before_anything_else(workspace: Workspace) -> None:
    client, address = workspace.gateway.client, workspace.gateway.consortium_address
    right = Gateway(client, address, ledger_id=workspace.gateway.ledger_id)
    assert right.log_size() == workspace.gateway.log_size()
    wrong = Gateway(client, address, ledger_id=b"L" * 32)
    node = stand_between(workspace)
    for _ in range(3):
        with pytest.raises(ConflictError, match="expected ledger 4c4c") as caught:
            wrong.log_size()
        assert caught.value.code == "another_ledger"
    assert node.asked["eth_call"] == 1


def test_head_names_its_block(workspace: Workspace) -> None:
    before = workspace.gateway.head()
    assert len(before.block_hash) == 32
    assert workspace.gateway.head().block_hash == before.block_hash
    anchor(workspace)
    assert workspace.gateway.head().block_hash != before.block_hash


def test_another_contract_is_no_consortium(workspace: Workspace) -> None:
    for address in (Forger(workspace).address, workspace.gateway.log.address):
        with pytest.raises(LedgerError, match=r"refused|answered with an error"):
            Gateway(workspace.gateway.client, address).ledger_id  # noqa: B018 - as above


@pytest.mark.parametrize("word", ["00" * 32, "ff" * 32])
def test_module_at_nobodys_address_is_missing(workspace: Workspace, word: str) -> None:
    """A call sent there would succeed, and do nothing."""
    workspace.gateway.require_ledger()
    stand_between(workspace).faults["eth_call"] = answer(f"0x{word}")
    with pytest.raises(ChainUnavailableError) as caught:
        workspace.gateway.module("CertificateLedger")
    assert caught.value.code == "contract_missing"
