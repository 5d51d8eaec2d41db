"""Records of transactions and logs, and their consensus encodings against py-evm's."""

from __future__ import annotations

from dataclasses import replace

from eth.rlp.logs import Log
from eth.rlp.receipts import Receipt
from hypothesis import given
from hypothesis import strategies as st

from local_chain.embedded.blocks import (
    LogRecord,
    Place,
    TransactionRecord,
    compute_bloom,
    encode_receipt,
)

addresses = st.binary(min_size=20, max_size=20)
words = st.binary(min_size=32, max_size=32)
logs = st.builds(
    LogRecord,
    addresses,
    st.lists(words, max_size=4).map(tuple),
    st.binary(max_size=80),
    st.integers(0, 2**32 - 1),
)

RECORD = TransactionRecord(
    raw=b"\x02\xc0",
    transaction_hash=b"\x11" * 32,
    sender=b"\x22" * 20,
    recipient=b"\x33" * 20,
    created=None,
    succeeded=True,
    gas_used=21_000,
    cumulative_gas_used=77_000,
    effective_gas_price=2**255,
    first_log_index=4,
    log_count=2,
)


@given(logs)
def test_logs_come_back(log: LogRecord) -> None:
    assert LogRecord.parse(log.encode()) == log


def test_records_come_back() -> None:
    creation = replace(RECORD, recipient=None, created=b"\x44" * 20, succeeded=False)
    for record in (RECORD, creation):
        assert TransactionRecord.parse(record.encode()) == record


@given(
    st.tuples(st.integers(0, 2**40), st.integers(0, 2**31)),
    st.tuples(st.integers(0, 2**40), st.integers(0, 2**31)),
)
def test_places_are_stored_in_the_order_of_the_chain(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    assert (Place(*one) < Place(*other)) == (Place(*one).encode() < Place(*other).encode())


@given(st.lists(logs, max_size=3))
def test_receipt_is_encoded_as_py_evm_does(emitted: list[LogRecord]) -> None:
    theirs = Receipt(
        state_root=b"\x01",
        gas_used=RECORD.cumulative_gas_used,
        logs=[
            Log(log.address, tuple(int.from_bytes(topic, "big") for topic in log.topics), log.data)
            for log in emitted
        ],
    )
    assert encode_receipt(replace(RECORD, raw=b"\xc0"), emitted) == theirs.encode()
    assert encode_receipt(RECORD, emitted) == b"\x02" + theirs.encode()
    assert compute_bloom(emitted) == theirs.bloom.to_bytes(256, "big")
