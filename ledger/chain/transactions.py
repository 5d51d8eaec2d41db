"""What a signed transaction of ours says, read from its bytes alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from eth_hash.backends.pysha3 import keccak256

from ledger import records
from ledger.abi import Statement
from ledger.abi.codec import decode_sequence
from ledger.chain.artifacts import MODULE_NAMES, load_artifact
from ledger.errors import MalformedInputError
from ledger.records import Signature
from local_chain.embedded.transactions import Transaction, parse_transaction

_SELECTOR_SIZE = 4
_STRUCT = "struct "


@dataclass(frozen=True, slots=True)
class SentCall:
    """A transaction as its sender signed it.

    Attributes:
        account: 20 bytes, recovered from the signature.
        transaction_hash: 32 bytes.
        function: what it calls of a contract of ours; None if it deploys one, or is empty.
        statement: the signed statement that it carries, None if none.
        arguments: encoded.
    """

    account: bytes
    nonce: int
    transaction_hash: bytes
    function: str | None
    statement: Statement | None
    arguments: bytes


def parse_call(raw: bytes, chain_id: int) -> SentCall:
    """Reads a raw transaction. Raises MalformedInputError where it is none of ours."""
    try:
        sent = parse_transaction(raw, chain_id)
        function, statement = _read_data(sent)
    except (ValueError, KeyError, MalformedInputError) as error:
        raise MalformedInputError(f"it is no transaction of this program: {error}") from error
    hashed = keccak256(raw)
    arguments = sent.data[_SELECTOR_SIZE:]
    return SentCall(sent.sender, sent.nonce, hashed, function, statement, arguments)


def _read_data(sent: Transaction) -> tuple[str | None, Statement | None]:
    if not sent.to or not sent.data:
        return None, None
    function, struct = _list_functions()[sent.data[:_SELECTOR_SIZE]]
    if struct is None:
        return function, None
    types = (struct.ABI, Signature.ABI)
    values, _ = decode_sequence(types, sent.data[_SELECTOR_SIZE:], 0, str)
    return function, values[0]


@cache
def _list_functions() -> dict[bytes, tuple[str, type[Statement] | None]]:
    """By selector, each function's name and the statement it takes first."""
    functions: dict[bytes, tuple[str, type[Statement] | None]] = {}
    for name in ("Consortium", *MODULE_NAMES):
        artifact = load_artifact(name)
        for selector, function, first in artifact.list_functions():
            struct = getattr(records, first.removeprefix(_STRUCT), None)
            is_statement = isinstance(struct, type) and issubclass(struct, Statement)
            functions[selector] = function, struct if is_statement else None
    return functions
