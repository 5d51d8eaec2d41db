"""Writes the vectors that Python and Solidity are both held to.

Run as `python tests/vectors/make_vectors.py`. Nothing here uses our formats: digests come from
eth_account, encodings from eth_abi, trees from the recursive definition of RFC 9162 section 2.1,
status words from the drawing in draft-ietf-oauth-status-list. The leaves of the first trees are
those with which the certificate-transparency project tests its trees.
"""

from __future__ import annotations

import hashlib
import json
from itertools import count
from pathlib import Path
from typing import Any

import eth_abi
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

HERE = Path(__file__).parent
LEDGER_ID = hashlib.sha256(b"ledger of the vectors").digest()

MEMBER_KEYS = [
    ("uint16", "suite"),
    ("bytes32", "authorityX"),
    ("bytes32", "authorityY"),
    ("bytes32", "caFingerprint"),
    ("bytes32", "checkpointKey"),
    ("bytes32", "encryptionX"),
    ("bytes32", "encryptionY"),
    ("address", "validator"),
]
ADMISSION = [("bytes18", "member"), ("string", "name"), ("MemberKeys", "keys")]
WORD_CHANGE = [("uint16", "index"), ("bytes32", "wordBefore"), ("bytes32", "wordAfter")]
TYPES: dict[str, list[tuple[str, str]]] = {
    "MemberKeys": MEMBER_KEYS,
    "Admission": ADMISSION,
    "WordChange": WORD_CHANGE,
    "FoundingStatement": [("Admission", "founder")],
    "ProposalStatement": [
        ("bytes18", "member"),
        ("uint8", "action"),
        ("bytes", "payload"),
        ("uint64", "expiresAt"),
        ("uint64", "sequence"),
    ],
    "VoteStatement": [
        ("bytes18", "member"),
        ("bytes32", "proposalId"),
        ("bool", "approve"),
        ("uint64", "sequence"),
    ],
    "MemberKeysStatement": [("bytes18", "member"), ("MemberKeys", "keys"), ("uint64", "sequence")],
    "OperatorStatement": [
        ("bytes18", "member"),
        ("address", "account"),
        ("uint64", "validFrom"),
        ("uint64", "validUntil"),
        ("uint64", "sequence"),
    ],
    "DepartmentStatement": [
        ("bytes18", "member"),
        ("bytes18", "issuer"),
        ("bytes6", "region"),
        ("string", "name"),
        ("uint64", "validUntil"),
        ("uint64", "sequence"),
    ],
    "SealKeyStatement": [
        ("bytes18", "member"),
        ("bytes18", "issuer"),
        ("uint16", "suite"),
        ("bytes32", "x"),
        ("bytes32", "y"),
        ("bytes32", "certificateFingerprint"),
        ("uint64", "validFrom"),
        ("uint64", "validUntil"),
        ("uint64", "sequence"),
    ],
    "SealKeyEndStatement": [
        ("bytes18", "member"),
        ("bytes18", "issuer"),
        ("bytes32", "keyId"),
        ("uint64", "validUntil"),
        ("uint64", "sequence"),
    ],
    "CompromiseStatement": [
        ("bytes18", "member"),
        ("bytes18", "issuer"),
        ("bytes32", "keyId"),
        ("uint64", "compromisedSince"),
        ("uint64", "sequence"),
    ],
    "MandateStatement": [
        ("bytes18", "member"),
        ("bytes18", "issuer"),
        ("bytes21", "certificateType"),
        ("uint64", "validFrom"),
        ("uint64", "validUntil"),
        ("uint64", "sequence"),
    ],
    "BatchStatement": [
        ("bytes18", "issuer"),
        ("bytes32", "keyId"),
        ("bytes21", "certificateType"),
        ("bytes32", "batchId"),
        ("bytes32", "root"),
        ("uint32", "count"),
        ("uint64", "validUntil"),
    ],
    "StatusStatement": [
        ("bytes18", "issuer"),
        ("bytes32", "keyId"),
        ("bytes32", "batchKey"),
        ("uint64", "sequence"),
        ("uint16", "reasonCode"),
        ("uint32", "effectiveDate"),
        ("bytes32", "officerCommitment"),
        ("string", "legalBasis"),
        ("WordChange[]", "changes"),
    ],
    "MatterStep": [
        ("string", "name"),
        ("uint8", "rule"),
        ("uint8", "threshold"),
        ("uint8", "named"),
        ("uint16", "vetoes"),
        ("uint16", "limitDays"),
        ("bytes18[]", "deciders"),
    ],
    "TypeStatement": [
        ("bytes18", "member"),
        ("bytes21", "certificateType"),
        ("uint32", "version"),
        ("bytes32", "schemaHash"),
        ("string", "name"),
        ("uint64", "sequence"),
    ],
    "MatterStatement": [
        ("bytes18", "department"),
        ("bytes32", "keyId"),
        ("bytes31", "itemCode"),
        ("uint32", "version"),
        ("bytes32", "definitionHash"),
        ("uint16", "statutoryDays"),
        ("uint16", "promisedDays"),
        ("string", "name"),
        ("MatterStep[]", "steps"),
        ("bytes21[]", "requiredTypes"),
        ("bytes21[]", "resultTypes"),
    ],
    "PactTerms": [
        ("bytes18", "partyA"),
        ("bytes18", "partyB"),
        ("bytes21[]", "certificateTypes"),
        ("uint8", "minimumSealLevel"),
        ("uint64", "validFrom"),
        ("uint64", "validUntil"),
        ("bytes32", "conditionsHash"),
        ("uint64", "signUntil"),
        ("bytes32", "nonce"),
    ],
    "GroupStatement": [
        ("bytes18", "member"),
        ("bytes18", "group"),
        ("string", "name"),
        ("bytes18[]", "parties"),
        ("uint64", "sequence"),
    ],
    "GroupExitStatement": [("bytes18", "member"), ("bytes18", "group"), ("uint64", "sequence")],
    "PolicyStatement": [
        ("bytes18", "member"),
        ("bytes18", "relying"),
        ("bytes18", "source"),
        ("bytes21", "certificateType"),
        ("uint32", "version"),
        ("uint8", "minimumSealLevel"),
        ("uint64", "validFrom"),
        ("uint64", "validUntil"),
        ("bytes32", "conditionsHash"),
        ("uint64", "sequence"),
    ],
    "PactStatement": [("bytes18", "member"), ("PactTerms", "terms"), ("uint64", "sequence")],
    "CaseOpeningStatement": [
        ("bytes18", "department"),
        ("bytes32", "keyId"),
        ("bytes32", "caseNonce"),
        ("bytes31", "itemCode"),
        ("uint32", "matterVersion"),
        ("uint8", "channel"),
        ("bytes32", "applicantCommitment"),
        ("bytes32", "materialsDigest"),
        ("bytes32", "identityCheckDigest"),
        ("bytes32", "officerCommitment"),
        ("uint64", "acceptBy"),
        ("uint64", "validUntil"),
    ],
    "CaseStatement": [
        ("bytes18", "department"),
        ("bytes32", "keyId"),
        ("bytes32", "caseId"),
        ("uint64", "sequence"),
        ("uint8", "act"),
        ("uint8", "procedure"),
        ("uint64", "dueAt"),
        ("bytes32", "digest"),
        ("bytes32", "officerCommitment"),
        ("string", "legalBasis"),
        ("string", "remedies"),
        ("bytes32[]", "reliances"),
    ],
    "HandOverStatement": [
        ("bytes18", "giver"),
        ("bytes32", "keyId"),
        ("bytes32", "caseId"),
        ("uint64", "sequence"),
        ("bytes18", "taker"),
        ("uint8", "mode"),
        ("bytes32", "digest"),
        ("bytes32", "officerCommitment"),
    ],
    "TakeOverStatement": [
        ("bytes18", "taker"),
        ("bytes32", "keyId"),
        ("bytes32", "caseId"),
        ("uint64", "sequence"),
        ("bytes32", "handOverDigest"),
        ("bytes32", "digest"),
        ("uint64", "acceptBy"),
        ("bytes32", "officerCommitment"),
    ],
    "AssignmentStatement": [
        ("bytes18", "department"),
        ("bytes32", "keyId"),
        ("bytes32", "caseId"),
        ("uint64", "sequence"),
        ("uint8", "step"),
        ("uint64", "dueAt"),
        ("bytes18[]", "named"),
        ("bytes32", "officerCommitment"),
    ],
    "DecisionStatement": [
        ("bytes18", "department"),
        ("bytes32", "keyId"),
        ("bytes32", "caseId"),
        ("uint8", "step"),
        ("uint16", "round"),
        ("uint8", "decision"),
        ("uint32", "matterVersion"),
        ("bytes32", "materialsDigest"),
        ("bytes32", "opinionDigest"),
        ("bytes32", "precedingDigest"),
        ("bytes32", "officerCommitment"),
        ("uint64", "validUntil"),
    ],
    "DeliveryStatement": [
        ("bytes18", "receiver"),
        ("bytes32", "keyId"),
        ("bytes18", "sender"),
        ("bytes32", "deliveryId"),
        ("bytes32", "contentDigest"),
        ("bytes32", "receiptDigest"),
        ("uint64", "validUntil"),
    ],
}
IDENTIFIERS: dict[str, Any] = {  # by name, or by type and name where types differ
    "member": b"500000".ljust(18, b"\0"),
    "issuer": b"11430000006122244L",
    "region": b"500112",
    "certificateType": b"11100000000013338W011",
    "name": "重庆市住房和城乡建设委员会",
    "legalBasis": "《中华人民共和国行政许可法》第六十九条",
    "action": 2,
    "approve": True,
    "suite": 1,
    "effectiveDate": 20260901,
    "department": b"11430000006122244L",
    "itemCode": b"11430000006122244L0000117001000",
    "rule": 1,
    "threshold": 2,
    "named": 1,
    "deciders": [b"11430000006122244L", b"11100000000013338W"],
    "requiredTypes": [b"11100000000013338W011", b"11100000000013338W012"],
    "resultTypes": [],
    "group": b"@CHUANYU".ljust(18, b"\0"),
    "parties": [b"500000".ljust(18, b"\0"), b"510100".ljust(18, b"\0")],
    "relying": b"500000".ljust(18, b"\0"),
    "source": b"11100000000013338W",
    "partyA": b"500112".ljust(18, b"\0"),
    "partyB": b"510100".ljust(18, b"\0"),
    "certificateTypes": [b"11100000000013338W011", b"11100000000013338W012"],
    "minimumSealLevel": 2,
    "giver": b"11100000000013338W",
    "taker": b"11430000006122244L",
    "receiver": b"11430000006122244L",
    "sender": b"11100000000013338W",
    "bytes18[] named": [b"11430000006122244L", b"11100000000013338W"],
    "channel": 2,
    "act": 3,
    "procedure": 5,
    "mode": 1,
    "step": 4,
    "decision": 1,
    "remedies": "自收到本决定之日起六十日内可申请行政复议",
}


def example(kind: str, name: str, numbers: count[int]) -> Any:
    """A value for a member: a real identifier where it is one, else another for every member."""
    for key in (f"{kind} {name}", name):
        if key in IDENTIFIERS:
            return IDENTIFIERS[key]
    number = next(numbers)
    if kind.endswith("[]"):
        return [example(kind[:-2], name, numbers) for _ in range(3)]
    if kind in TYPES:
        return {part: example(inner, part, numbers) for inner, part in TYPES[kind]}
    if kind.startswith("uint"):
        return number + 1_000
    if kind == "address":
        return "0x" + hashlib.sha256(bytes([number])).hexdigest()[:40]
    if kind == "bytes":
        return hashlib.sha256(bytes([number])).digest() * 2 + b"\x01"
    return hashlib.sha256(bytes([number])).digest()[: int(kind.removeprefix("bytes"))]


def abi_type(kind: str) -> str:
    if kind.endswith("[]"):
        return abi_type(kind[:-2]) + "[]"
    if kind in TYPES:
        return f"({','.join(abi_type(inner) for inner, _ in TYPES[kind])})"
    return kind


def plain(kind: str, value: Any) -> Any:
    if kind.endswith("[]"):
        return [plain(kind[:-2], element) for element in value]
    if kind in TYPES:
        return tuple(plain(inner, value[part]) for inner, part in TYPES[kind])
    return value


def referenced(kind: str) -> set[str]:
    kind = kind.removesuffix("[]")
    if kind not in TYPES:
        return set()
    return {kind}.union(*(referenced(inner) for inner, _ in TYPES[kind]))


def statement_vectors() -> dict[str, Any]:
    """Each statement with its EIP-712 message, abi.encode, hashStruct and digest."""
    found = []
    for name in TYPES:
        if not name.endswith("Statement"):
            continue
        message = example(name, name, count())
        types = {
            other: [{"name": part, "type": inner} for inner, part in TYPES[other]]
            for other in sorted(referenced(name))
        }
        domain = {"name": "Zhenglian", "version": "1", "salt": LEDGER_ID}
        signable = encode_typed_data(domain, types, message)
        found.append(
            {
                "name": name,
                "message": message,
                "encoded": eth_abi.encode([abi_type(name)], [plain(name, message)]),
                "domainSeparator": signable.header,
                "hashStruct": signable.body,
                "digest": keccak(b"\x19" + signable.version + signable.header + signable.body),
            }
        )
    return {"ledgerId": LEDGER_ID, "statements": found}


def merkle_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + merkle_root(leaves[:k]) + merkle_root(leaves[k:])).digest()


def merkle_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if index < k:
        return [*merkle_path(index, leaves[:k]), merkle_root(leaves[k:])]
    return [*merkle_path(index - k, leaves[k:]), merkle_root(leaves[:k])]


def compact_range(leaves: list[bytes]) -> list[bytes]:
    found, start = [], 0
    for level in reversed(range(len(leaves).bit_length())):
        if len(leaves) >> level & 1:
            found.append(merkle_root(leaves[start : start + (1 << level)]))
            start += 1 << level
    return found


def merkle_vectors() -> dict[str, Any]:
    """Trees by their leaf hashes: root, compact range, and the path of every leaf."""
    known = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    inputs = [bytes.fromhex(text) for text in [*known, "606162636465666768696a6b6c6d6e6f"]]
    leaves = [hashlib.sha256(b"\0" + data).digest() for data in inputs]
    more = [hashlib.sha256(b"\0" + bytes([n])).digest() for n in range(21)]
    trees = [leaves[:size] for size in range(9)] + [more]
    return {
        "inputs": inputs,
        "trees": [
            {
                "leafHashes": tree,
                "root": merkle_root(tree),
                "compactRange": compact_range(tree),
                "paths": [merkle_path(index, tree) for index in range(len(tree))],
            }
            for tree in trees
        ],
    }


def entry_vectors() -> dict[str, Any]:
    """Log entries with their leaf hashes, and the root over all of them."""
    entries = []
    for number in range(7):
        words = [hashlib.sha256(bytes([number, part])).digest() for part in range(3)]
        actor = IDENTIFIERS["issuer"] if number % 2 else bytes(18)
        fields = (
            words[0],
            IDENTIFIERS["member"],
            actor,
            words[1],
            words[2],
            1_790_000_000 + number,
        )
        encoded = eth_abi.encode(
            ["bytes32", "bytes18", "bytes18", "bytes32", "bytes32", "uint64"], fields
        )
        entries.append({"encoded": encoded, "leafHash": hashlib.sha256(b"\0" + encoded).digest()})
    return {"entries": entries, "root": merkle_root([entry["leafHash"] for entry in entries])}


def status_vectors() -> dict[str, Any]:
    """Statuses as the bytes of a word; changes between words; words at the edge of a batch."""
    drawn = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]  # the example of the draft for 2 bits: c944f9
    random = [byte >> 2 * place & 3 for byte in LEDGER_ID for place in range(4)]
    words = [[], drawn, random, [3] * 128]
    changes = [
        (before, after)
        for first in range(4)
        for second in range(4)
        for before, after in [([0] * 77 + [first], [0] * 77 + [second])]
    ]
    changes += [(random, [3 if s == 2 else s for s in random]), (random, [0] * 128)]
    edges = [
        (index, position, size)
        for index in (0, 1, 511)
        for position in (0, 3, 4, 127)
        for size in (1, 4, 5, 128, 129, 65_413, 65_536)
    ]
    return {
        "words": [{"statuses": s + [0] * (128 - len(s)), "word": status_word(s)} for s in words],
        "changes": [
            {
                "before": status_word(before),
                "after": status_word(after),
                "isAllowed": int(
                    all(b == a or b % 2 == 0 for b, a in zip(before, after, strict=False))
                ),
            }
            for before, after in changes
        ],
        "edges": [
            {
                "index": index,
                "word": status_word([0] * position + [2]),
                "count": size,
                "isWithin": int(index * 128 + position < size),
            }
            for index, position, size in edges
        ],
    }


def status_word(statuses: list[int]) -> bytes:
    padded = statuses + [0] * (128 - len(statuses))
    return bytes(
        sum(padded[4 * byte + place] << 2 * place for place in range(4)) for byte in range(32)
    )


def as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    return [as_json(inner) for inner in value] if isinstance(value, list) else value


def make_vectors() -> dict[str, str]:
    """The files' texts by name."""
    found = {
        "statements.json": statement_vectors(),
        "merkle.json": merkle_vectors(),
        "log_entries.json": entry_vectors(),
        "status_words.json": status_vectors(),
    }
    return {
        name: json.dumps(as_json(vectors), indent=1, ensure_ascii=False) + "\n"
        for name, vectors in found.items()
    }


if __name__ == "__main__":
    for name, text in make_vectors().items():
        (HERE / name).write_text(text, encoding="utf-8")
