"""What all identifiers share: quoting refused input, and ASCII bytes of a fixed width."""

from __future__ import annotations

from ledger.errors import MalformedInputError

_SHOWN_CHARACTERS = 64


def shown(text: str) -> str:
    """`text` as an error message may carry it: quoted, control characters escaped, cut.

    >>> shown("a" * 70) == repr("a" * 64) + "… (70 characters)"
    True
    """
    if len(text) <= _SHOWN_CHARACTERS:
        return repr(text)
    return f"{text[:_SHOWN_CHARACTERS]!r}… ({len(text)} characters)"


def pad_ascii(text: str, width: int) -> bytes:
    """ASCII bytes of `text`, left-aligned, zero-padded to `width` bytes."""
    return text.encode("ascii").ljust(width, b"\0")


def unpad_ascii(value: bytes, width: int, field: str) -> str:
    """The text of exactly `width` zero-padded bytes.

    Raises:
        MalformedInputError: another length, or not ASCII. A zero byte inside stays in the text,
            where the parser that follows refuses it.
    """
    if len(value) != width:
        raise MalformedInputError(
            f"{field}: expected {width} bytes, got {len(value)} (0x{value[:64].hex()})", field=field
        )
    try:
        return value.rstrip(b"\0").decode("ascii")
    except UnicodeDecodeError as error:
        raise MalformedInputError(
            f"{field}: expected zero-padded ASCII, got 0x{value.hex()}", field=field
        ) from error
