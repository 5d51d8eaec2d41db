"""A few lines of assembler, so that contracts under test are written here and need no compiler."""

from __future__ import annotations

import re

_OPCODES = {
    "STOP": 0x00, "ADD": 0x01, "SUB": 0x03, "LT": 0x10, "EQ": 0x14, "ISZERO": 0x15,
    "CALLDATALOAD": 0x35, "CALLDATASIZE": 0x36, "CALLDATACOPY": 0x37, "CODECOPY": 0x39,
    "RETURNDATASIZE": 0x3D, "RETURNDATACOPY": 0x3E, "BLOCKHASH": 0x40, "TIMESTAMP": 0x42,
    "NUMBER": 0x43, "POP": 0x50, "MSTORE": 0x52, "SLOAD": 0x54, "SSTORE": 0x55, "JUMP": 0x56,
    "JUMPI": 0x57, "GAS": 0x5A, "JUMPDEST": 0x5B, "DUP1": 0x80, "LOG0": 0xA0, "LOG1": 0xA1,
    "LOG2": 0xA2, "RETURN": 0xF3, "STATICCALL": 0xFA, "REVERT": 0xFD, "INVALID": 0xFE,
}  # fmt: skip


def assemble(source: str) -> bytes:
    """Bytecode of words separated by blanks: opcodes, numbers (pushed), `label:` and `@label`.

    >>> assemble("1 2 ADD STOP").hex()
    '600160020100'
    >>> assemble("@end JUMP end: STOP").hex()
    '610004565b00'
    """
    words = re.sub(r"#.*", "", source).split()
    labels: dict[str, int] = {}
    code = _emit(words, labels)
    return _emit(words, labels) if labels else code


def _emit(words: list[str], labels: dict[str, int]) -> bytes:
    """One pass; labels of a first pass are known to the second."""
    code = bytearray()
    for word in words:
        if word.endswith(":"):
            labels[word[:-1]] = len(code)
            code.append(_OPCODES["JUMPDEST"])
        elif word.startswith("@"):
            code += bytes([0x61]) + labels.get(word[1:], 0).to_bytes(2, "big")
        elif word in _OPCODES:
            code.append(_OPCODES[word])
        else:
            value = int(word, 0)
            size = max(1, (value.bit_length() + 7) // 8)
            code += bytes([0x5F + size]) + value.to_bytes(size, "big")
    return bytes(code)


def wrap_initcode(runtime: bytes) -> bytes:
    """Initcode that returns `runtime`."""
    length = f"0x{len(runtime):06x}"
    start = len(assemble(f"{length} DUP1 255 0 CODECOPY 0 RETURN"))
    return assemble(f"{length} DUP1 {start} 0 CODECOPY 0 RETURN") + runtime
