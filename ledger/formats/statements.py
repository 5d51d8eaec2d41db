"""The digest of a signed act: EIP-712 typed data under one domain for a ledger.

The domain names neither chain nor contract, only the ledger, so that a statement and its signature
outlive a change of engine. What the structs are stands in `ledger.records`; how a digest is signed
in `ledger.formats.seals`. Source: EIP-712; docs/spec/statements.md.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from eth_hash.backends.pysha3 import keccak256

from ledger.abi import Statement
from ledger.errors import MalformedInputError

DOMAIN_NAME: Final = "Zhenglian"
DOMAIN_VERSION: Final = "1"
DOMAIN_TYPE: Final = "EIP712Domain(string name,string version,bytes32 salt)"

_HASH_SIZE = 32


@lru_cache(maxsize=16)
def compute_domain_separator(ledger_id: bytes) -> bytes:
    """EIP-712 domainSeparator of a ledger, 32 bytes.

    Args:
        ledger_id: 32 random bytes fixed at founding.

    Raises:
        MalformedInputError: the ledger id has another length.
    """
    if len(ledger_id) != _HASH_SIZE:
        raise MalformedInputError(
            f"expected a ledger id of 32 bytes, got {len(ledger_id)}", field="ledger_id"
        )
    parts = (DOMAIN_TYPE, DOMAIN_NAME, DOMAIN_VERSION)
    return keccak256(b"".join([keccak256(part.encode()) for part in parts]) + ledger_id)


def compute_digest(statement: Statement, ledger_id: bytes) -> bytes:
    """The 32 bytes that the seal or authority key signs: keccak256(0x19 01 || domain || struct).

    Raises:
        MalformedInputError: the ledger id or a member of the statement does not fit its type.
    """
    return keccak256(b"\x19\x01" + compute_domain_separator(ledger_id) + statement.hash_struct())
