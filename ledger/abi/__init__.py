"""What the generated types of `ledger.records` are made of.

`codec` has the Solidity types, `structs` the bases of structs and events, `refusals` those of
errors. Imports neither web3 nor eth_account: sealing workers load this.
"""

from __future__ import annotations

from ledger.abi.codec import (
    ADDRESS,
    BOOL,
    BYTES,
    STRING,
    Array,
    enumeration,
    fixed_bytes,
    identifier,
    optional_identifier,
    parse_address,
    to_checksum_address,
    uint,
)
from ledger.abi.refusals import ContractError, decode_refusal
from ledger.abi.structs import Event, Field, Leaf, Statement, Struct

__all__ = [
    "ADDRESS",
    "BOOL",
    "BYTES",
    "STRING",
    "Array",
    "ContractError",
    "Event",
    "Field",
    "Leaf",
    "Statement",
    "Struct",
    "decode_refusal",
    "enumeration",
    "fixed_bytes",
    "identifier",
    "optional_identifier",
    "parse_address",
    "to_checksum_address",
    "uint",
]
