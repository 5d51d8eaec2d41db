"""Why personal data is looked at: said by who asks, in the header `Purpose` (or `X-Purpose`).

Text that is not ASCII comes percent-encoded in UTF-8 (RFC 3986 §2.1), since header fields hold no
other (RFC 9110 §5.5).

>>> read_purpose([(b"purpose", b"%E7%AA%97%E5%8F%A3%E6%A0%B8%E9%AA%8C")])
'窗口核验'
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_to_bytes

from ledger.errors import MalformedInputError
from node_api.auth.access import Access

MAX_PURPOSE: Final = 200
_NAMES: Final = (b"purpose", b"x-purpose")


def read_purpose(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The purpose that a request states; empty if it states none.

    Raises:
        MalformedInputError: purpose_malformed.
    """
    found = {name: value for name, value in headers if name in _NAMES}
    text = next((found[name] for name in _NAMES if found.get(name)), b"").decode("latin-1")
    return parse_purpose(text)


def parse_purpose(text: str) -> str:
    """A purpose as the header has it. Raises MalformedInputError, code purpose_malformed."""
    if not text:
        return ""
    try:
        purpose = unquote_to_bytes(text.encode("latin-1")).decode().strip()
    except UnicodeError:
        purpose = ""
    if not 0 < len(purpose) <= MAX_PURPOSE or not purpose.isprintable():
        raise MalformedInputError(
            f"Purpose: expected 1 to {MAX_PURPOSE} printable characters, percent-encoded UTF-8",
            code="purpose_malformed",
            field="Purpose",
        )
    return purpose


def require_purpose(access: Access, purpose: str) -> None:
    """Refuses to look at personal data for no purpose. Raises MalformedInputError."""
    if access.is_personal and not purpose:
        raise MalformedInputError(
            "what is asked for concerns a person: say what for in the header Purpose",
            code="purpose_required",
            field="Purpose",
        )
