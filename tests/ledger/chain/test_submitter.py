"""Whatever happens on the way, an act is recorded once or not at all, and it is known which."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.actions.issuers import find_seal_key
from ledger.chain.accounts import Call, OperatorAccount
from ledger.chain.submitter import MAX_TRANSACTION_GAS, Submitter
from ledger.errors import ChainUnavailableError, ConflictError, LedgerError, StorageError
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.records import BatchAnchored, BatchExistsError, BatchExpiredError, BatchStatement
from ledger.vault.outbox import NewTransaction, OutboxRow
from ledger.vault.tables import TransactionState, outbox
from ledger.workspace import Workspace
from local_chain.embedded import ChainInUseError, EmbeddedChain
from tests.ledger.chain.faulty_node import (
    FaultyNode,
    KilledError,
    answer,
    die_after,
    die_before,
    do_and_refuse,
    lose_request,
    lose_response,
    refuse,
    stand_between,
)
from tests.support.consortium import ISSUER, Consortium, batch_statement

ROOT = Path(__file__).parents[3]


class Act:
    """One batch to be anchored, sealed once: sent again it is the same act."""

    def __init__(self, workspace: Workspace, *, ends_unix: int | None = None) -> None:
        key = find_seal_key(workspace, ISSUER)
        made = batch_statement(workspace, key=key)
        until = ends_unix if ends_unix is not None else made.valid_until
        self.statement = BatchStatement(
            made.issuer,
            made.key_id,
            made.certificate_type,
            made.batch_id,
            made.root,
            made.count,
            until,
        )
        digest = compute_digest(self.statement, workspace.gateway.ledger_id)
        self.seal = sign_digest(key.private_key, digest)

    def submit(self, submitter: Submitter) -> object:
        return submitter.submit(
            "CertificateLedger",
            "anchorBatch",
            self.statement.to_abi(),
            self.seal.to_abi(),
            purpose="anchor",
            reference=self.statement.batch_id.hex(),
        )


@pytest.fixture
def workspace(consortium: Consortium) -> Iterator[Workspace]:
    with consortium.open() as opened:
        opened.submitter  # noqa: B018 - opens the vault, and with it the outbox
        yield opened


@pytest.fixture
def node(workspace: Workspace) -> FaultyNode:
    return stand_between(workspace)


@pytest.fixture
def act(workspace: Workspace) -> Act:
    return Act(workspace)


def hasty(workspace: Workspace, *, timeout_s: float = 0.05) -> Submitter:
    """The same account and outbox, with little patience."""
    account = OperatorAccount(workspace.keys.operator_secret())
    gateway, rows = workspace.gateway, workspace.vault.outbox
    return Submitter(gateway, account, rows, timeout_s=timeout_s)


def unresolved(workspace: Workspace) -> list[OutboxRow]:
    return workspace.vault.outbox.unresolved(bytes.fromhex(workspace.submitter.address[2:]))


def last_row(workspace: Workspace) -> OutboxRow:
    """The newest transaction in the outbox."""
    return workspace.vault.outbox._select(outbox.c.id > 0)[-1]


def anchored(workspace: Workspace, act: Act) -> int:
    """How many entries of the log anchor the act's batch."""
    head = workspace.gateway.head().block_number
    events = [recorded.event for recorded in workspace.gateway.fetch_entries(0, head)]
    return sum(
        isinstance(event, BatchAnchored) and event.statement == act.statement for event in events
    )


def test_an_act_is_recorded_and_its_receipt_tells_where(workspace: Workspace, act: Act) -> None:
    before = workspace.gateway.log_size()
    receipt = act.submit(workspace.submitter)
    assert [entry.index for entry in receipt.entries] == [before]
    assert receipt.time_unix == receipt.entries[0].entry.time_unix > 0
    row = last_row(workspace)
    assert (row.state, row.purpose) == (TransactionState.MINED, "anchor")
    assert (row.reference, row.transaction_hash) == (
        act.statement.batch_id.hex(),
        receipt.transaction_hash,
    )


def test_a_transaction_is_in_the_outbox_before_it_is_sent(
    workspace: Workspace, node: FaultyNode, act: Act
) -> None:
    seen = []

    def look(request: dict, respond: object) -> object:
        seen.append((request["params"][0], unresolved(workspace)))
        return respond(request)

    node.faults["eth_sendRawTransaction"] = look
    act.submit(workspace.submitter)
    [(sent, [row])] = seen
    assert sent == f"0x{row.raw_transaction.hex()}"
    assert row.state is TransactionState.PREPARED


@pytest.mark.parametrize("death", [die_before, die_after])
@pytest.mark.parametrize("method", ["eth_sendRawTransaction", "eth_getTransactionReceipt"])
def test_killed_on_the_way_the_same_bytes_are_sent_again_and_count_once(
    consortium: Consortium, method: str, death: object
) -> None:
    with consortium.open() as workspace:
        act, node = Act(workspace), stand_between(workspace)
        submitter = workspace.submitter
        size, nonce = workspace.gateway.log_size(), submitter.next_nonce()
        node.faults[method] = death
        with pytest.raises(KilledError):
            act.submit(submitter)
        [left] = unresolved(workspace)
    with consortium.open() as workspace:
        node = stand_between(workspace)
        sent = []

        def keep(request: dict, respond: object) -> object:
            sent.append(request["params"][0])
            return respond(request)

        node.faults["eth_sendRawTransaction"] = keep
        [receipt] = workspace.submitter.resolve_unfinished()
        assert set(sent) <= {f"0x{left.raw_transaction.hex()}"}
        assert receipt.transaction_hash == left.transaction_hash
        assert workspace.submitter.resolve_unfinished() == unresolved(workspace) == []
        assert workspace.submitter.next_nonce() == nonce + 1
        assert workspace.gateway.log_size() == size + 1
        assert anchored(workspace, act) == 1
        with pytest.raises(BatchExistsError):
            act.submit(workspace.submitter)


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.ledger.chain.faulty_node import stand_between
from tests.support.consortium import Consortium, anchor

def die(request, respond):
    if sys.argv[2] == "after":
        respond(request)
    os.kill(os.getpid(), signal.SIGKILL)

with Consortium(Path(sys.argv[1])).open() as workspace:
    stand_between(workspace).faults["eth_sendRawTransaction"] = die
    anchor(workspace)
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_kill_9_around_the_sending_is_settled_by_the_next_run(
    consortium: Consortium, moment: str
) -> None:
    search_path = os.pathsep.join([str(ROOT), str(ROOT / "hardhat-free-local-chain")])
    arguments = [sys.executable, "-c", KILLED, str(consortium.directory), moment]
    run = subprocess.run(arguments, env=os.environ | {"PYTHONPATH": search_path}, check=False)
    assert run.returncode == -signal.SIGKILL
    with consortium.open() as workspace:
        size = workspace.gateway.log_size()
        [row] = unresolved(workspace)
        assert row.state is TransactionState.PREPARED
        [receipt] = workspace.submitter.resolve_unfinished()
        assert [entry.entry.kind for entry in receipt.entries] == [BatchAnchored.TOPIC]
        assert workspace.gateway.log_size() == size + (moment == "before")
        assert workspace.sync_index().size == workspace.gateway.log_size()


def test_response_lost_after_sending_is_found_by_its_receipt(
    workspace: Workspace, node: FaultyNode, act: Act
) -> None:
    node.fail_once("eth_sendRawTransaction", lose_response)
    assert len(act.submit(workspace.submitter).entries) == 1
    assert anchored(workspace, act) == 1


@pytest.mark.parametrize("fault", [lose_request, lose_response])
def test_chain_lost_while_sending_means_unknown_and_is_settled_later(
    workspace: Workspace, node: FaultyNode, act: Act, fault: object
) -> None:
    def lose_all(request: dict, respond: object) -> object:
        node.faults["*"] = lose_request
        return fault(request, respond)

    node.fail_once("eth_sendRawTransaction", lose_all)
    with pytest.raises(ChainUnavailableError, match="unknown, not failed") as caught:
        act.submit(workspace.submitter)
    assert caught.value.code == "outcome_unknown"
    assert len(unresolved(workspace)) == 1
    with pytest.raises(ChainUnavailableError) as caught:
        workspace.submitter.resolve_unfinished()
    assert caught.value.code == "outcome_unknown"
    node.faults.clear()
    assert len(workspace.submitter.resolve_unfinished()) == 1
    assert anchored(workspace, act) == 1


def test_chain_lost_before_anything_is_stored_is_told_apart(
    workspace: Workspace, node: FaultyNode, act: Act
) -> None:
    node.faults["*"] = lose_request
    with pytest.raises(ChainUnavailableError) as caught:
        act.submit(workspace.submitter)
    assert caught.value.code == "chain_unavailable"
    assert unresolved(workspace) == []


def test_refusal_at_the_try_costs_no_nonce_and_says_why(
    workspace: Workspace, node: FaultyNode
) -> None:
    nonce, row = workspace.submitter.next_nonce(), last_row(workspace)
    with pytest.raises(BatchExpiredError) as caught:
        Act(workspace, ends_unix=1_700_000_000).submit(workspace.submitter)
    assert caught.value.valid_until == 1_700_000_000
    assert caught.value.at_unix >= 1_750_000_000
    assert node.asked["eth_sendRawTransaction"] == 0
    assert workspace.submitter.next_nonce() == nonce
    assert last_row(workspace) == row


def test_transaction_that_reverts_when_mined_is_marked_and_explained(
    workspace: Workspace, node: FaultyNode, act: Act
) -> None:
    act.submit(workspace.submitter)
    size = workspace.gateway.log_size()

    def let_try_pass(request: dict, respond: object) -> object:
        if "from" in request["params"][0]:
            del node.faults["eth_call"]
            return answer("0x")(request, respond)
        return respond(request)

    node.faults["eth_call"] = let_try_pass
    with pytest.raises(BatchExistsError):
        act.submit(workspace.submitter)
    row = last_row(workspace)
    assert row.state is TransactionState.REVERTED
    assert row.detail.startswith("batch_exists: ")
    assert workspace.gateway.log_size() == size
    assert workspace.submitter.resolve_unfinished() == []


@pytest.mark.parametrize(
    ("fault", "told"),
    [(answer("0x"), "asked again it would pass"), (refuse("pruned"), "pruned")],
)
def test_revert_that_cannot_be_explained_is_a_refusal_all_the_same(
    workspace: Workspace, node: FaultyNode, fault: object, told: str
) -> None:
    def pass_then_fault(request: dict, respond: object) -> object:
        if "from" not in request["params"][0]:
            return respond(request)
        node.faults["eth_call"] = fault
        return answer("0x")(request, respond)

    node.faults["eth_call"] = pass_then_fault
    with pytest.raises(LedgerError, match=told) as caught:
        Act(workspace, ends_unix=1_700_000_000).submit(workspace.submitter)
    assert caught.value.code == "contract_refused"
    assert last_row(workspace).state is TransactionState.REVERTED


def other_transaction(workspace: Workspace, nonce: int) -> str:
    """What another process signs with the same account: it deploys nothing of use."""
    account = OperatorAccount(workspace.keys.operator_secret())
    call = Call(None, b"\x60\x00\x60\x00\xf3")
    chain_id = workspace.gateway.chain_id
    signed = account.sign(call, nonce=nonce, gas=MAX_TRANSACTION_GAS, chain_id=chain_id)
    return f"0x{signed.raw.hex()}"


def test_nonce_taken_by_another_process_supersedes_and_changes_nothing(
    workspace: Workspace, node: FaultyNode, act: Act
) -> None:
    size = workspace.gateway.log_size()

    def overtake(request: dict, respond: object) -> object:
        raw = other_transaction(workspace, last_row(workspace).nonce)
        assert "result" in respond(request | {"params": [raw]})
        return respond(request)

    node.fail_once("eth_sendRawTransaction", overtake)
    with pytest.raises(ConflictError, match="nothing was changed") as caught:
        act.submit(workspace.submitter)
    assert caught.value.code == "superseded"
    assert last_row(workspace).state is TransactionState.SUPERSEDED
    assert workspace.gateway.log_size() == size
    assert len(act.submit(workspace.submitter).entries) == 1


def test_nonce_taken_while_we_were_dead_supersedes_and_the_next_act_goes_on(
    workspace: Workspace, node: FaultyNode, act: Act
) -> None:
    node.fail_once("eth_sendRawTransaction", die_before)
    with pytest.raises(KilledError):
        act.submit(workspace.submitter)
    [left] = unresolved(workspace)
    raw = other_transaction(workspace, left.nonce)
    workspace.gateway.client.request("overtaking", "eth_sendRawTransaction", raw)
    assert workspace.submitter.resolve_unfinished() == []
    assert workspace.vault.outbox.get(left.pk).state is TransactionState.SUPERSEDED
    assert len(act.submit(workspace.submitter).entries) == 1


def test_receipt_that_lags_behind_the_nonce_is_not_taken_for_a_lost_transaction(
    workspace: Workspace, node: FaultyNode, act: Act
) -> None:
    node.faults["eth_getTransactionReceipt"] = answer(None)
    submitter = hasty(workspace)
    for attempt in (act.submit, lambda it: it.resolve_unfinished()):
        with pytest.raises(ChainUnavailableError) as caught:
            attempt(submitter)
        assert caught.value.code == "outcome_unknown"
    node.faults.clear()
    assert len(submitter.resolve_unfinished()) == 1
    assert anchored(workspace, act) == 1


def test_no_receipt_in_time_is_unknown_until_the_next_run(
    workspace: Workspace, node: FaultyNode, act: Act
) -> None:
    node.faults["eth_getTransactionReceipt"] = answer(None)
    with pytest.raises(ChainUnavailableError, match=r"within 0\.05 s") as caught:
        act.submit(hasty(workspace))
    assert caught.value.code == "outcome_unknown"
    assert last_row(workspace).state is TransactionState.SENT
    node.faults.clear()
    Act(workspace).submit(workspace.submitter)
    assert anchored(workspace, act) == 1
    assert unresolved(workspace) == []


def test_a_chain_that_makes_no_blocks_is_called_stalled(
    workspace: Workspace, node: FaultyNode, act: Act
) -> None:
    node.faults["eth_sendRawTransaction"] = answer("0x" + "00" * 32)
    with pytest.raises(ChainUnavailableError, match="made 0 blocks: it is stalled"):
        act.submit(hasty(workspace))


@pytest.mark.parametrize(
    "wording",
    ["already known", "Known transaction", "transaction already imported", "nonce too low"],
)
def test_a_node_that_has_it_already_may_say_so_in_any_words(
    workspace: Workspace, node: FaultyNode, act: Act, wording: str
) -> None:
    node.fail_once("eth_sendRawTransaction", do_and_refuse(wording))
    assert len(act.submit(workspace.submitter).entries) == 1


@pytest.mark.parametrize(
    "wording",
    [
        "replacement transaction underpriced",
        "insufficient funds for gas * price + value",
        "execution reverted",
    ],
)
def test_a_node_that_does_not_take_it_leaves_it_to_the_next_run(
    workspace: Workspace, node: FaultyNode, act: Act, wording: str
) -> None:
    node.fail_once("eth_sendRawTransaction", refuse(wording))
    with pytest.raises(ChainUnavailableError) as caught:
        act.submit(workspace.submitter)
    assert caught.value.code == "transaction_refused"
    assert wording in caught.value.message
    assert len(unresolved(workspace)) == 1
    Act(workspace).submit(workspace.submitter)  # settles what was left, first
    assert anchored(workspace, act) == 1


BUSY = ["txpool is full: 5120", "Transaction pool is full", "too many requests", "server busy"]


@pytest.mark.parametrize("wording", BUSY)
def test_a_node_without_room_is_asked_again(
    workspace: Workspace, node: FaultyNode, act: Act, wording: str
) -> None:
    node.fail_once("eth_sendRawTransaction", refuse(wording))
    assert len(act.submit(workspace.submitter).entries) == 1
    assert anchored(workspace, act) == 1
    assert unresolved(workspace) == []


def test_a_node_without_room_for_too_long_is_called_busy_and_gets_it_with_the_next_act(
    workspace: Workspace, node: FaultyNode, act: Act
) -> None:
    node.faults["eth_sendRawTransaction"] = refuse(BUSY[0])
    for _ in range(2):  # the second time, nothing further is stored
        with pytest.raises(ChainUnavailableError, match=BUSY[0]) as caught:
            act.submit(hasty(workspace))
        assert caught.value.code == "chain_busy"
        assert len(unresolved(workspace)) == 1
    with pytest.raises(ChainUnavailableError) as caught:
        workspace.submitter.give_up_refused()
    assert caught.value.code == "chain_busy"  # which is no reason to give anything up
    node.faults.clear()
    Act(workspace).submit(workspace.submitter)
    assert anchored(workspace, act) == 1
    assert unresolved(workspace) == []


def leave(workspace: Workspace, *, ahead: int = 0, gas: int = 1_000, size: int = 4) -> OutboxRow:
    """What a run left in the outbox that no chain takes: too little gas, too long, out of turn."""
    account = OperatorAccount(workspace.keys.operator_secret())
    nonce = workspace.submitter.next_nonce() + ahead
    call = Call(workspace.gateway.log.address, bytes(size))
    signed = account.sign(call, nonce=nonce, gas=gas, chain_id=workspace.gateway.chain_id)
    new = NewTransaction(
        "anchor", "", account.address_bytes, nonce, signed.raw, signed.transaction_hash
    )
    return workspace.vault.outbox.add(new)


REFUSED_FOR_EVER = {
    "too little gas": ({}, "intrinsic gas too low"),
    "too long": ({"size": 200_000, "gas": MAX_TRANSACTION_GAS}, "oversized data"),
    "too much gas": ({"gas": MAX_TRANSACTION_GAS + 1}, "gas limit too high"),
    "number out of turn": ({"ahead": 3, "gas": 100_000}, "nonce too high"),
}


@pytest.mark.parametrize(("made", "told"), REFUSED_FOR_EVER.values(), ids=REFUSED_FOR_EVER.keys())
def test_transaction_that_is_refused_for_ever_is_named_and_given_up(
    workspace: Workspace, act: Act, made: dict[str, int], told: str
) -> None:
    left = leave(workspace, **made)
    for _ in range(2):
        with pytest.raises(ChainUnavailableError, match=told) as caught:
            act.submit(workspace.submitter)
        assert caught.value.code == "transaction_refused"
        assert "fsck --repair" in caught.value.message
    assert [row.pk for row in workspace.submitter.give_up_refused()] == [left.pk]
    assert workspace.vault.outbox.get(left.pk).state is TransactionState.SUPERSEDED
    assert len(act.submit(workspace.submitter).entries) == 1
    assert anchored(workspace, act) == 1
    assert workspace.submitter.give_up_refused() == unresolved(workspace) == []


def test_number_of_what_was_given_up_is_used(workspace: Workspace, node: FaultyNode) -> None:
    """So that a node which has it after all can never carry it out."""
    left = leave(workspace)
    before = workspace.submitter.next_nonce()
    workspace.submitter.give_up_refused()
    assert workspace.submitter.next_nonce() == before + 1
    empty = last_row(workspace)
    assert (empty.nonce, empty.purpose, empty.state) == (
        left.nonce,
        "give up",
        TransactionState.MINED,
    )
    assert empty.reference == left.transaction_hash.hex()


def test_act_whose_giving_up_is_refused_too_is_not_given_up_twice(
    workspace: Workspace, node: FaultyNode, act: Act
) -> None:
    """Such as of an account without funds on a chain that wants some."""
    left = leave(workspace)
    node.faults["eth_sendRawTransaction"] = refuse("insufficient funds for gas * price + value")
    for _ in range(2):
        with pytest.raises(ChainUnavailableError, match="insufficient funds") as caught:
            workspace.submitter.give_up_refused()
        assert caught.value.code == "transaction_refused"
    assert [row.purpose for row in unresolved(workspace)] == ["give up"]
    node.faults.clear()
    assert workspace.submitter.give_up_refused() == []
    assert workspace.vault.outbox.get(left.pk).state is TransactionState.SUPERSEDED
    assert len(act.submit(workspace.submitter).entries) == 1


def test_outage_gives_nothing_up(workspace: Workspace, node: FaultyNode) -> None:
    leave(workspace)
    node.faults["eth_sendRawTransaction"] = lose_request
    with pytest.raises(ChainUnavailableError):
        workspace.submitter.give_up_refused()
    assert [row.purpose for row in unresolved(workspace)] == ["anchor"]


@contextmanager
def full_disk(consortium: Consortium) -> Iterator[None]:
    """The chain's file cannot grow, whichever process has it."""
    with pytest.raises(ChainInUseError) as held:
        EmbeddedChain.open(consortium.chain, lock_timeout_s=0)
    pid = held.value.holder.pid
    size = max(path.stat().st_size for path in consortium.chain.iterdir())
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def deploy_until_refused(submitter: Submitter) -> None:
    creation = b"\x5f\x5f\xf3" + bytes(range(256)) * 90
    for _ in range(200):  # until the free pages of the chain's file are used up
        submitter.deploy(creation, "deploy nothing")


@pytest.mark.parametrize("chain_location", ["http"])  # else the vault's file could not grow either
def test_full_disk_of_the_chain_is_named_at_once_and_what_was_sent_is_done_later(
    workspace: Workspace, consortium: Consortium
) -> None:
    """However long one is ready to wait for the receipt."""
    patient = hasty(workspace, timeout_s=1e9)
    with full_disk(consortium):
        with pytest.raises(StorageError, match="make room") as caught:
            deploy_until_refused(patient)
        assert caught.value.code == "chain_storage"
        with pytest.raises(StorageError, match="make room"):
            patient.resolve_unfinished()
    assert len(patient.resolve_unfinished()) == 1
    assert unresolved(workspace) == []


@pytest.mark.parametrize("nonsense", ["yes", {"status": "good"}, {"status": None}, 1])
def test_receipt_of_nonsense_is_unknown(
    workspace: Workspace, node: FaultyNode, act: Act, nonsense: object
) -> None:
    node.faults["eth_getTransactionReceipt"] = answer(nonsense)
    with pytest.raises(ChainUnavailableError) as caught:
        act.submit(workspace.submitter)
    assert caught.value.code == "outcome_unknown"
    assert len(unresolved(workspace)) == 1


def test_threads_that_share_a_submitter_take_turns(workspace: Workspace) -> None:
    acts = [Act(workspace) for _ in range(4)]
    problems: list[BaseException] = []

    def run(each: Act) -> None:
        try:
            each.submit(workspace.submitter)
        except BaseException as problem:  # noqa: BLE001 - told to the test's own thread
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(each,)) for each in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert [anchored(workspace, each) for each in acts] == [1, 1, 1, 1]


@pytest.mark.parametrize("is_same_act", [True, False])
def test_two_outboxes_of_one_account_never_record_an_act_twice(
    consortium: Consortium, tmp_path: Path, is_same_act: bool
) -> None:
    """A home was restored from a backup, and the old one is still in use."""
    restored = consortium.copy(tmp_path / "restored")
    restored.set_chain(consortium.location)
    with consortium.open() as workspace:
        act, node = Act(workspace), stand_between(workspace)
        node.faults["eth_sendRawTransaction"] = die_before
        with pytest.raises(KilledError):
            act.submit(workspace.submitter)
    with restored.open() as workspace:
        (act if is_same_act else Act(workspace)).submit(workspace.submitter)
    with consortium.open() as workspace:
        # The same act under the same nonce is, byte for byte, the same transaction.
        assert len(workspace.submitter.resolve_unfinished()) == is_same_act
        expected = TransactionState.MINED if is_same_act else TransactionState.SUPERSEDED
        assert last_row(workspace).state is expected
        if not is_same_act:
            act.submit(workspace.submitter)
        assert anchored(workspace, act) == 1
