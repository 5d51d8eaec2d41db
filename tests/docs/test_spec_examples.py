"""The specification's sessions run without our code, and its values are what our code makes."""

from __future__ import annotations

import doctest
import re
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from ledger import records
from ledger.abi import Statement
from ledger.formats.certificate import compute_batch_key
from ledger.formats.merkle import MerkleTree, leaf_hash
from ledger.formats.p256 import der_to_raw
from ledger.formats.seals import (
    compute_key_id,
    public_coordinates,
    sign_digest,
    verify_digest,
)
from ledger.formats.statements import compute_digest
from ledger.formats.status_list import EMPTY_WORD, Status, set_status
from ledger.identifiers import CertificateType, MemberId, Uscc
from ledger.records import (
    EVENTS_BY_TOPIC,
    BatchAnchored,
    BatchStatement,
    EntryAppended,
    LogEntry,
    Signature,
    StatusChanged,
    StatusStatement,
    WordChange,
)

SPEC = Path(__file__).parents[2] / "docs/spec"
PAGES = ("entries.md", "statements.md")

# RFC 6979 appendix A.2.5, the P-256 key of the test vectors.
SEAL_KEY = ec.derive_private_key(
    0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721, ec.SECP256R1()
)
LEDGER_ID = sha256(b"zhenglian example ledger").digest()
BATCH_ID = sha256(b"zhenglian example batch").digest()
ISSUER = Uscc.parse("11500000000000001G")
BATCH_KEY = compute_batch_key(ISSUER, BATCH_ID)
KEY_ID = compute_key_id(1, *public_coordinates(SEAL_KEY.public_key()))
BATCH_STATEMENT = BatchStatement(
    ISSUER,
    KEY_ID,
    CertificateType.parse("11100000000013338W011"),
    BATCH_ID,
    MerkleTree([leaf_hash(b"certificate %d" % position) for position in range(3)]).root_hash,
    3,
    1_767_229_200,
)
STATUS_STATEMENT = StatusStatement(
    ISSUER,
    KEY_ID,
    BATCH_KEY,
    1,
    2,
    20260105,
    sha256(b"zhenglian example officer").digest(),
    "《安全生产许可证条例》第十四条",
    (
        WordChange(
            0,
            EMPTY_WORD,
            set_status(set_status(EMPTY_WORD, 1, Status.SUSPENDED), 2, Status.REVOKED),
        ),
    ),
)


@pytest.mark.parametrize("page", PAGES)
def test_sessions_of_the_specification_run(page: str) -> None:
    names = {
        "payload": read_bytes("entries.md", "payload"),
        "entry": read_bytes("entries.md", "entry"),
        "status_payload": read_bytes("entries.md", "status-payload"),
    }
    sessions = "\n".join(read_blocks(page, "python"))
    test = doctest.DocTestParser().get_doctest(sessions, names, page, page, 0)
    result = doctest.DocTestRunner().run(test)
    assert result.failed == 0
    assert result.attempted > 10


@pytest.mark.parametrize("page", PAGES)
def test_sessions_of_the_specification_use_none_of_our_code(page: str) -> None:
    modules = re.findall(r"^>>> from (\w+)", "\n".join(read_blocks(page, "python")), re.MULTILINE)
    assert set(modules) <= {"hashlib", "eth_hash", "cryptography"}


def test_every_kind_is_listed_with_its_topic() -> None:
    row = re.compile(r"^\| `(\w+\(.*\))`<br>`([0-9a-f]{64})` \|", re.MULTILINE)
    listed = row.findall(read("entries.md"))
    kinds = {event.SIGNATURE: topic.hex() for topic, event in EVENTS_BY_TOPIC.items()}
    kinds.pop(EntryAppended.SIGNATURE, None)
    assert dict(listed) == kinds
    assert len(listed) == len(kinds)
    assert EntryAppended.TOPIC.hex() in read("entries.md")


def test_every_statement_is_listed_with_its_type_string() -> None:
    row = re.compile(r"^\| (\w+Statement) \| `(\w+\(.*\))` \|", re.MULTILINE)
    listed = row.findall(read("statements.md"))
    generated = [
        (name, kind.EIP712_TYPE)
        for name, kind in vars(records).items()
        if isinstance(kind, type) and issubclass(kind, Statement) and kind is not Statement
    ]
    assert sorted(listed) == sorted(generated)


def test_batch_payload_of_the_example_is_what_the_code_makes() -> None:
    event = BatchAnchored(BATCH_KEY, BATCH_STATEMENT, seal(BATCH_STATEMENT))
    assert read_bytes("entries.md", "payload") == event.encode_payload()


def test_status_payload_of_the_example_is_what_the_code_makes() -> None:
    event = StatusChanged(BATCH_KEY, STATUS_STATEMENT, seal(STATUS_STATEMENT))
    assert read_bytes("entries.md", "status-payload") == event.encode_payload()


def test_entry_of_the_example_is_what_the_code_makes() -> None:
    event = BatchAnchored(BATCH_KEY, BATCH_STATEMENT, seal(BATCH_STATEMENT))
    entry = LogEntry(
        BatchAnchored.TOPIC,
        MemberId.parse("500000"),
        ISSUER.to_chain(),
        BATCH_KEY,
        event.payload_hash(),
        1_767_225_605,
    )
    assert read_bytes("entries.md", "entry") == entry.encode()
    assert entry.leaf_hash().hex() in read("entries.md")


def test_log_root_of_the_example_is_what_the_code_makes() -> None:
    leaves = [leaf_hash(b"entry %d" % index) for index in range(5)]
    leaves[2] = leaf_hash(read_bytes("entries.md", "entry"))
    assert MerkleTree(leaves).root_hash.hex() in read("entries.md")


@pytest.mark.parametrize("statement", [BATCH_STATEMENT, STATUS_STATEMENT])
def test_digest_of_the_example_is_what_the_code_makes(statement: Statement) -> None:
    assert compute_digest(statement, LEDGER_ID).hex() in read("statements.md")


@pytest.mark.parametrize("statement", [BATCH_STATEMENT, STATUS_STATEMENT])
def test_seal_of_the_example_verifies_like_any_other(statement: Statement) -> None:
    digest = compute_digest(statement, LEDGER_ID)
    point = public_coordinates(SEAL_KEY.public_key())
    assert verify_digest(*point, digest, seal(statement))
    assert verify_digest(*point, digest, sign_digest(SEAL_KEY, digest))


def seal(statement: Statement) -> Signature:
    """The seal with the nonce of RFC 6979, so that the page can print it."""
    digest = compute_digest(statement, LEDGER_ID)
    scheme = ec.ECDSA(Prehashed(SHA256()), deterministic_signing=True)
    raw = der_to_raw(SEAL_KEY.sign(digest, scheme))
    return Signature(1, raw[:32], raw[32:])


def read(page: str) -> str:
    return (SPEC / page).read_text("utf-8")


def read_blocks(page: str, info: str) -> list[str]:
    """Contents of the fenced blocks of a page that have exactly this info string."""
    block = re.compile(rf"^```{re.escape(info)}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return block.findall(read(page))


def read_bytes(page: str, name: str) -> bytes:
    """The words of the one block `hex <name>`; what follows a word on its line is a comment."""
    (block,) = read_blocks(page, f"hex {name}")
    return bytes.fromhex("".join(line.split()[0] for line in block.splitlines()))
