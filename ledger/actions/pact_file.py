"""The terms of a pact as a file, which one side drafts and every side signs: all the same terms.

It holds nothing secret and proves nothing: who has signed stands in the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import orjson

from ledger.errors import MalformedInputError, NotFoundError
from ledger.formats.json_object import JsonObject
from ledger.formats.jws import parse_json_object
from ledger.identifiers import CertificateType, PartyId
from ledger.records import PactTerms
from ledger.verification.recognition import MAX_SEAL_LEVEL

PACT_FORMAT: Final = "zhenglian-pact/1"
PACT_SUFFIX: Final = ".pact.json"
PACT_MEDIA_TYPE: Final = "application/vnd.zhenglian.pact+json"
MAX_PACT_BYTES: Final = 64 * 1024
_MAX_TIME: Final = (1 << 40) - 1
_NAMES = frozenset(
    {
        *("format", "ledger_id", "party_a", "party_b", "certificate_types", "minimum_seal_level"),
        *("valid_from_unix", "valid_until_unix", "conditions_hash", "sign_until_unix", "nonce"),
    }
)


@dataclass(frozen=True, slots=True)
class PactDraft:
    """Terms, and the ledger for which they are meant."""

    ledger_id: bytes
    terms: PactTerms

    @property
    def pact_id(self) -> bytes:
        """What the pact is known by in the log."""
        return compute_pact_id(self.terms)

    def to_json(self) -> bytes:
        """The file."""
        terms = self.terms
        document = {
            "format": PACT_FORMAT,
            "ledger_id": self.ledger_id.hex(),
            "party_a": str(terms.party_a),
            "party_b": str(terms.party_b),
            "certificate_types": [str(each) for each in terms.certificate_types],
            "minimum_seal_level": terms.minimum_seal_level,
            "valid_from_unix": terms.valid_from,
            "valid_until_unix": terms.valid_until,
            "conditions_hash": terms.conditions_hash.hex(),
            "sign_until_unix": terms.sign_until,
            "nonce": terms.nonce.hex(),
        }
        return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def compute_pact_id(terms: PactTerms) -> bytes:
    """SHA-256(abi.encode(terms))."""
    return sha256(terms.encode()).digest()


def read_pact(path: Path) -> PactDraft:
    """Raises NotFoundError when there is no such file, MalformedInputError as `parse_pact`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PACT_BYTES + 1)
    except OSError as error:
        raise NotFoundError(
            f"no pact file {path} that can be read: {error.strerror}", field="file"
        ) from error
    return parse_pact(content)


def parse_pact(content: bytes) -> PactDraft:
    """Read the terms.

    Raises:
        MalformedInputError: it is no pact, or `field` is missing or malformed.
    """
    if len(content) > MAX_PACT_BYTES:
        raise MalformedInputError(
            f"a pact has at most {MAX_PACT_BYTES} bytes", code="pact_too_large"
        )
    document = JsonObject(parse_json_object(content, "pact"))
    if document.value.get("format") != PACT_FORMAT:
        raise MalformedInputError(
            f'expected format "{PACT_FORMAT}"', code="pact_format_unknown", field="format"
        )
    document.require_only(_NAMES)
    types = document.value.get("certificate_types")
    if not isinstance(types, list) or not all(isinstance(each, str) for each in types):
        document.refuse("certificate_types", "a list of certificate types")
    terms = PactTerms(
        PartyId.parse(document.text("party_a", 18)),
        PartyId.parse(document.text("party_b", 18)),
        tuple(CertificateType.parse(each) for each in types),
        document.integer("minimum_seal_level", MAX_SEAL_LEVEL),
        document.integer("valid_from_unix", _MAX_TIME),
        document.integer("valid_until_unix", _MAX_TIME),
        document.bytes_of_hex("conditions_hash", 32),
        document.integer("sign_until_unix", _MAX_TIME),
        document.bytes_of_hex("nonce", 32),
    )
    return PactDraft(document.bytes_of_hex("ledger_id", 32), terms)
