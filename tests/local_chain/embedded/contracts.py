"""The contracts the tests deploy, and how to talk to them."""

from __future__ import annotations

from tests.local_chain.embedded.assembler import assemble, wrap_initcode

# What it does depends on the length of the call data:
#  0: returns its timestamp, its block number and the hash of the block before
# 32: returns the word kept in that slot
# 64: keeps the second word in the slot named by the first; logs (topic slot, data value)
# otherwise: reverts with the call data
NOTEBOOK = assemble("""
    CALLDATASIZE ISZERO @time JUMPI
    CALLDATASIZE 32 EQ @read JUMPI
    CALLDATASIZE 64 EQ @write JUMPI
    CALLDATASIZE 0 0 CALLDATACOPY  CALLDATASIZE 0 REVERT
  time:
    TIMESTAMP 0 MSTORE  NUMBER 32 MSTORE
    1 NUMBER SUB BLOCKHASH 64 MSTORE
    96 0 RETURN
  read:
    0 CALLDATALOAD SLOAD 0 MSTORE  32 0 RETURN
  write:
    32 CALLDATALOAD 0 CALLDATALOAD SSTORE
    32 CALLDATALOAD 0 MSTORE
    0 CALLDATALOAD 32 0 LOG1
    STOP
""")
NOTEBOOK_INITCODE = wrap_initcode(NOTEBOOK)

# Hands its call data to the contract at 0x100 and returns what that returns.
P256_ASKER_INITCODE = wrap_initcode(
    assemble("""
    CALLDATASIZE 0 0 CALLDATACOPY
    0 0 CALLDATASIZE 0 0x100 GAS STATICCALL POP
    RETURNDATASIZE 0 0 RETURNDATACOPY
    RETURNDATASIZE 0 RETURN
""")
)

FAILING_INITCODE = assemble("INVALID")


def word(value: int) -> bytes:
    """A 32-byte word."""
    return value.to_bytes(32, "big")


def encode_note(slot: int, value: int) -> bytes:
    """Call data that keeps `value` in `slot`."""
    return word(slot) + word(value)
