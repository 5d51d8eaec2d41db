"""When blocks are sealed, what they share, and what time they have."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from local_chain.embedded import EmbeddedChain, RpcError
from tests.local_chain.conftest import SteppedClock
from tests.local_chain.embedded.contracts import FAILING_INITCODE, encode_note
from tests.local_chain.embedded.history import check_history
from tests.local_chain.embedded.session import Session


def block_time(session: Session, tag: str = "latest") -> int:
    return int(session.ask("eth_getBlockByNumber", tag)["timestamp"], 16)


def time_seen_by_contract(session: Session, notebook: str, block: str = "latest") -> int:
    answer = session.ask("eth_call", {"to": notebook}, block)
    return int(answer[2:66], 16)


def test_first_transaction_after_a_pause_is_sealed_at_once(session: Session) -> None:
    digest = session.send(None, FAILING_INITCODE)
    assert session.receipt(digest)["blockNumber"] == "0x1"


def test_transactions_that_come_close_together_share_a_block(
    session: Session, notebook: str
) -> None:
    hashes = [session.note(notebook, slot, 1) for slot in range(20)]
    session.chain.seal()
    receipts = [session.receipt(digest) for digest in hashes]
    assert {receipt["blockNumber"] for receipt in receipts} == {"0x2"}
    assert [int(receipt["transactionIndex"], 16) for receipt in receipts] == list(range(20))
    assert [int(receipt["logs"][0]["logIndex"], 16) for receipt in receipts] == list(range(20))
    gas = [int(receipt["gasUsed"], 16) for receipt in receipts]
    totals = [int(receipt["cumulativeGasUsed"], 16) for receipt in receipts]
    assert totals == [sum(gas[: at + 1]) for at in range(20)]


def test_pending_transaction_has_no_receipt_yet(session: Session, notebook: str) -> None:
    digest = session.note(notebook, 1, 2)
    assert session.receipt(digest) is None
    pending = session.ask("eth_getTransactionByHash", digest)
    assert (pending["blockHash"], pending["blockNumber"], pending["transactionIndex"]) == (
        None,
        None,
        None,
    )
    assert session.ask("eth_getLogs", {"address": notebook, "fromBlock": "0x0"}) == []
    assert session.ask("eth_getBlockByNumber", "pending")["transactions"] == [digest]
    session.chain.seal()
    assert session.receipt(digest)["status"] == "0x1"


def test_latest_state_is_the_sealed_one_and_pending_is_ahead(
    session: Session, notebook: str
) -> None:
    session.note(notebook, 1, 2)
    assert (session.read(notebook, 1), session.read(notebook, 1, "pending")) == (0, 2)
    assert (session.nonce("latest"), session.nonce("pending")) == (1, 2)
    session.chain.seal()
    assert session.read(notebook, 1) == 2
    assert session.nonce("latest") == 2


def test_trying_a_call_on_the_pending_block_leaves_no_trace(
    session: Session, notebook: str
) -> None:
    session.note(notebook, 1, 2)
    call = {"from": session.account.address, "to": notebook}
    call["data"] = "0x" + encode_note(1, 55).hex()
    session.ask("eth_call", call, "pending")
    assert session.read(notebook, 1, "pending") == 2
    session.note(notebook, 2, 3)
    session.chain.seal()
    assert (session.read(notebook, 1), session.read(notebook, 2)) == (2, 3)
    assert session.nonce("latest") == 3


def test_blocks_may_share_a_second(session: Session, notebook: str) -> None:
    times = []
    for slot in range(3):
        session.note(notebook, slot, 1)
        session.chain.seal()
        times.append(block_time(session))
    assert times == [1_750_000_000] * 3


def test_chain_time_follows_the_clock(session: Session, notebook: str, clock: SteppedClock) -> None:
    clock.now_unix += 86_400.9
    session.note(notebook, 0, 1)
    session.chain.seal()
    assert block_time(session) == 1_750_086_401


def test_clock_set_back_makes_chain_time_stand_still(
    session: Session, notebook: str, clock: SteppedClock
) -> None:
    clock.now_unix -= 5_000
    for slot in range(3):
        session.note(notebook, slot, 1)
        session.chain.seal()
        assert block_time(session) == 1_750_000_000
    assert time_seen_by_contract(session, notebook) == 1_750_000_000
    clock.now_unix += 5_001
    session.note(notebook, 0, 1)
    session.chain.seal()
    assert block_time(session) == 1_750_000_001


def test_call_on_latest_sees_the_time_of_now_though_nothing_is_sealed(
    session: Session, notebook: str, clock: SteppedClock
) -> None:
    clock.now_unix += 600
    assert time_seen_by_contract(session, notebook) == 1_750_000_600
    assert time_seen_by_contract(session, notebook, "pending") == 1_750_000_600
    assert time_seen_by_contract(session, notebook, "0x1") == 1_750_000_000
    assert block_time(session) == 1_750_000_000


def test_contract_sees_number_and_parent_of_its_block(session: Session, notebook: str) -> None:
    head = session.ask("eth_getBlockByNumber", "latest")
    answer = bytes.fromhex(session.ask("eth_call", {"to": notebook}, "latest")[2:])
    assert int.from_bytes(answer[32:64], "big") == int(head["number"], 16) + 1
    assert answer[64:].hex() == head["hash"][2:]
    answer = bytes.fromhex(session.ask("eth_call", {"to": notebook}, head["number"])[2:])
    assert int.from_bytes(answer[32:64], "big") == int(head["number"], 16)
    assert answer[64:].hex() == head["parentHash"][2:]


def test_transactions_of_a_block_see_one_time(
    session: Session, notebook: str, clock: SteppedClock
) -> None:
    session.note(notebook, 0, 1)
    clock.now_unix += 60
    assert time_seen_by_contract(session, notebook, "pending") == 1_750_000_000
    session.chain.seal()
    assert block_time(session) == 1_750_000_000


def test_block_that_is_full_is_sealed_before_the_next_transaction(
    session: Session, notebook: str
) -> None:
    burned = [session.send(None, FAILING_INITCODE, gas=1 << 24) for _ in range(8)]
    assert session.receipt(burned[0]) is None
    next_one = session.note(notebook, 1, 1)
    assert session.ask("eth_getBlockByNumber", "0x2")["transactions"] == burned
    assert session.ask("eth_getBlockByNumber", "pending")["transactions"] == [next_one]


@pytest.mark.parametrize(
    ("nonce", "refusal"),
    [
        (0, "nonce too low: next nonce 1, tx nonce 0"),
        (3, "nonce too high: next nonce 1, tx nonce 3"),
    ],
)
def test_wrong_nonce_is_refused(session: Session, notebook: str, nonce: int, refusal: str) -> None:
    with pytest.raises(RpcError, match=refusal):
        session.send(notebook, encode_note(1, 1), nonce=nonce)
    assert session.nonce() == 1


def test_same_transaction_twice_is_already_known_then_too_low(
    session: Session, notebook: str
) -> None:
    raw = session.sign(notebook, encode_note(1, 1))
    session.ask("eth_sendRawTransaction", raw)
    with pytest.raises(RpcError, match="already known"):
        session.ask("eth_sendRawTransaction", raw)
    session.chain.seal()
    with pytest.raises(RpcError, match="nonce too low"):
        session.ask("eth_sendRawTransaction", raw)


def test_reverting_transaction_is_sealed_with_status_zero(session: Session, notebook: str) -> None:
    digest = session.send(notebook, b"\x01\x02\x03\x04")
    kept = session.note(notebook, 1, 5)
    session.chain.seal()
    receipt = session.receipt(digest)
    assert (receipt["status"], receipt["logs"]) == ("0x0", [])
    assert session.receipt(kept)["status"] == "0x1"
    assert session.nonce("latest") == 3


def test_transaction_out_of_gas_uses_all_of_it_and_changes_nothing(
    session: Session, notebook: str
) -> None:
    digest = session.send(notebook, encode_note(1, 1), gas=30_000)
    session.chain.seal()
    receipt = session.receipt(digest)
    assert (receipt["status"], receipt["gasUsed"]) == ("0x0", hex(30_000))
    assert session.read(notebook, 1) == 0


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"gas": (1 << 24) + 1}, "transaction gas limit too high"),
        ({"gas": 21_000}, "intrinsic gas too low"),
        ({"value": 1}, "insufficient funds .* have 0 want 1"),
        ({"maxFeePerGas": 1}, "insufficient funds .* have 0 want 300000"),
    ],
)
def test_transaction_that_cannot_be_included_is_refused(
    session: Session, notebook: str, fields: dict[str, int], refusal: str
) -> None:
    with pytest.raises(RpcError, match=refusal):
        session.send(notebook, encode_note(1, 1), **fields)
    assert session.nonce() == 1


def test_gas_is_free_for_accounts_without_balance(session: Session, notebook: str) -> None:
    assert session.ask("eth_getBalance", session.account.address) == "0x0"
    legacy = session.send(notebook, encode_note(1, 1), gasPrice=0)
    session.chain.seal()
    receipt = session.receipt(legacy)
    assert (receipt["status"], receipt["type"], receipt["effectiveGasPrice"]) == (
        "0x1",
        "0x0",
        "0x0",
    )


def test_contract_above_the_code_size_limit_is_not_created(session: Session) -> None:
    def deploy(size: int) -> str:
        runtime_of_zeros = bytes.fromhex(f"61{size:04x}5ff3")  # returns `size` zero bytes
        digest = session.send(None, runtime_of_zeros, gas=8_000_000)
        session.chain.seal()
        status: str = session.receipt(digest)["status"]
        return status

    assert (deploy(24_576), deploy(24_577)) == ("0x1", "0x0")


def test_initcode_above_its_limit_is_refused(session: Session) -> None:
    with pytest.raises(RpcError, match="max initcode size exceeded"):
        session.send(None, bytes(49_153), gas=8_000_000)


def test_background_thread_seals_what_no_sender_does(directory: Path) -> None:
    with EmbeddedChain.open(directory, seal_interval_s=0.2) as chain:
        session = Session.start(chain)
        notebook = session.deploy()
        hashes = [session.note(notebook, slot, 1) for slot in range(3)]
        pause = threading.Event()
        while any(session.receipt(digest) is None for digest in hashes):
            pause.wait(0.01)
    check_history(directory)


def test_senders_on_many_threads_lose_nothing(directory: Path) -> None:
    threads, notes = 6, 15
    with EmbeddedChain.open(directory, seal_interval_s=0.02) as chain:
        notebook = Session.start(chain).deploy()
        hashes: dict[int, list[str]] = {}

        def work(number: int) -> None:
            own = Session.start(chain, secret=100 + number)
            hashes[number] = [
                own.note(notebook, 1000 * number + slot, slot + 1) for slot in range(notes)
            ]

        workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        chain.seal()
        session = Session.start(chain)
        sent = [digest for own in hashes.values() for digest in own]
        assert len(sent) == threads * notes
        assert all(session.receipt(digest)["status"] == "0x1" for digest in sent)
        logs = session.ask("eth_getLogs", {"fromBlock": "0x0", "address": notebook})
        assert sorted(log["transactionHash"] for log in logs) == sorted(sent)
    check_history(directory)


def test_interval_of_zero_seals_every_transaction_alone(directory: Path) -> None:
    with EmbeddedChain.open(directory, seal_interval_s=0) as chain:
        session = Session.start(chain)
        notebook = session.deploy()
        for slot in range(3):
            assert session.receipt(session.note(notebook, slot, 1)) is not None
        assert session.ask("eth_blockNumber") == hex(4)
