"""What became of a transaction: its receipt read, and a refusal explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger.abi import to_checksum_address
from ledger.chain.client import ChainClient, parse_data, parse_quantity, unusable
from ledger.chain.log_reading import Log, parse_log, read_entry
from ledger.errors import ChainUnavailableError, LedgerError
from ledger.records import EntryAppended

_DOING = "reading a receipt"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transaction that was carried out.

    Attributes:
        time_unix: of its log entries; 0 if it appended none.
        entries: log entries it appended, in order, but for those of a member whose code is none.
        contract_address: of what it deployed, EIP-55, else None.
    """

    transaction_hash: bytes
    block_number: int
    time_unix: int
    gas_used: int
    entries: tuple[EntryAppended, ...]
    contract_address: str | None


def has_succeeded(found: object, transaction_hash: bytes) -> bool:
    """Whether a node's receipt tells of success.

    Raises:
        ChainUnavailableError: code `chain_answer_unusable`, it is no receipt of this transaction.
    """
    if not isinstance(found, dict):
        raise unusable(_DOING, found)
    succeeded = parse_quantity(found.get("status"), _DOING) == 1
    if parse_data(found.get("transactionHash"), _DOING) != transaction_hash:
        raise unusable(_DOING, found)
    return succeeded


def block_of(found: dict[str, Any]) -> int:
    """The number of the block that a receipt is of. Raises ChainUnavailableError."""
    return parse_quantity(found.get("blockNumber"), _DOING)


def read_receipt(found: dict[str, Any], log_address: str) -> Receipt:
    """A receipt of success.

    Args:
        found: as the node gave it.
        log_address: of the EntryLog, whose entries are read.

    Raises:
        ChainUnavailableError: code `chain_answer_unusable`.
    """
    created = found.get("contractAddress")
    logs = [parse_log(log, _DOING) for log in found.get("logs", ())]
    entries = _read_entries(logs, log_address.lower())
    return Receipt(
        parse_data(found.get("transactionHash"), _DOING),
        block_of(found),
        entries[0].entry.time_unix if entries else 0,
        parse_quantity(found.get("gasUsed"), _DOING),
        entries,
        to_checksum_address(parse_data(created, _DOING)) if created else None,
    )


def explain_refusal(
    client: ChainClient, transaction_hash: bytes, found: dict[str, Any]
) -> LedgerError:
    """Why a mined transaction was refused, by asking again what it asked.

    Raises:
        ChainUnavailableError: the node does not answer, or does not know the transaction.
    """
    doing = "asking why a transaction was refused"
    block_number = parse_quantity(found.get("blockNumber"), doing)
    sent = client.request(doing, "eth_getTransactionByHash", f"0x{transaction_hash.hex()}")
    if not isinstance(sent, dict):
        raise unusable(doing, sent)
    again = {"from": sent["from"], "data": sent["input"], "gas": sent["gas"]}
    if sent.get("to"):
        again["to"] = sent["to"]
    try:
        client.request(doing, "eth_call", again, hex(block_number - 1))
    except ChainUnavailableError as error:
        return LedgerError(f"refused; {error.message}", code="contract_refused")
    except LedgerError as refusal:
        return refusal
    return LedgerError(
        f"transaction 0x{transaction_hash.hex()} was refused in block {block_number}; asked "
        "again it would pass",
        code="contract_refused",
    )


def _read_entries(logs: list[Log], log_address: str) -> tuple[EntryAppended, ...]:
    entries = (
        read_entry(log)
        for log in logs
        if log.address == log_address and log.topics[:1] == (EntryAppended.TOPIC,)
    )
    return tuple(entry for entry in entries if isinstance(entry, EntryAppended))
