"""Reading the members of a JSON object into types, with errors that name the member's path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NoReturn, Self

from ledger.errors import MalformedInputError

MAX_TEXT_CHARACTERS: Final = 4096
MAX_UNIX: Final = 2**53 - 1  # every JSON reader keeps such whole numbers exactly


class JsonObject:
    """A JSON object at a path of a document, read member by member.

    Args:
        value: the object as parsed.
        path: where it stands, such as "facts[3].entry"; empty for the document itself.

    Every method raises MalformedInputError with field_missing or field_malformed, `field` being
    the path of the member.
    """

    __slots__ = ("path", "value")

    def __init__(self, value: dict[str, object], path: str = "") -> None:
        self.value = value
        self.path = path

    def refuse(self, name: str, expected: str) -> NoReturn:
        """Say that a member is not what it should be."""
        code = "field_malformed" if name in self.value else "field_missing"
        raise MalformedInputError(
            f"{self._path_of(name)}: expected {expected}", code=code, field=self._path_of(name)
        )

    def require_only(self, names: frozenset[str]) -> None:
        """Refuse members of other names."""
        if not self.value.keys() <= names:
            stranger = min(self.value.keys() - names)[:64]
            self.refuse(stranger, f"only {', '.join(sorted(names))}")

    def text(self, name: str, max_characters: int = MAX_TEXT_CHARACTERS) -> str:
        """A text that is not empty."""
        value = self.value.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= max_characters:
            self.refuse(name, f"a text of 1 to {max_characters} characters")
        return value

    def text_array(
        self, name: str, max_items: int, max_characters: int = MAX_TEXT_CHARACTERS
    ) -> tuple[str, ...]:
        """An array of texts, none of them empty."""
        value = self.value.get(name)
        if not isinstance(value, list) or len(value) > max_items:
            self.refuse(name, f"an array of at most {max_items} texts")
        for item in value:
            if not isinstance(item, str) or not 0 < len(item) <= max_characters:
                self.refuse(name, f"texts of 1 to {max_characters} characters")
        return tuple(value)

    def integer(self, name: str, highest: int = MAX_UNIX) -> int:
        """A whole number from 0 to `highest`."""
        value = self.value.get(name)
        if type(value) is not int or not 0 <= value <= highest:
            self.refuse(name, f"a whole number from 0 to {highest}")
        return value

    def seconds(self, name: str) -> int:
        """Unix seconds, which may lie before 1970."""
        value = self.value.get(name)
        if type(value) is not int or not -MAX_UNIX <= value <= MAX_UNIX:
            self.refuse(name, "whole unix seconds")
        return value

    def bytes_of_hex(self, name: str, size: int | None = None, max_size: int = 2**20) -> bytes:
        """Bytes written as lower-case hex without 0x."""
        return self._bytes_of_hex(name, self.value.get(name), size, max_size)

    def hashes(self, name: str, max_items: int = 64) -> tuple[bytes, ...]:
        """An array of 32-byte values written as hex."""
        value = self.value.get(name)
        if not isinstance(value, list) or len(value) > max_items:
            self.refuse(name, f"an array of at most {max_items} hashes")
        if {*map(type, value)} == {str} and {*map(len, value)} == {64}:
            decoded = _decode_hex("".join(value))
            if decoded is not None:
                return tuple([decoded[at : at + 32] for at in range(0, len(decoded), 32)])
        return tuple([self._bytes_of_hex(name, item, 32, 32) for item in value])

    def member(self, name: str) -> Self:
        """An object."""
        value = self.value.get(name)
        if not isinstance(value, dict):
            self.refuse(name, "an object")
        return type(self)(value, self._path_of(name))

    def objects(self, name: str, max_items: int) -> Iterator[Self]:
        """An array of objects."""
        value = self.value.get(name)
        if not isinstance(value, list) or len(value) > max_items:
            self.refuse(name, f"an array of at most {max_items} objects")
        for index, item in enumerate(value):
            if not isinstance(item, dict):
                self.refuse(name, f"an object at {index}")
            yield type(self)(item, f"{self._path_of(name)}[{index}]")

    def __contains__(self, name: str) -> bool:
        return name in self.value

    def _bytes_of_hex(self, name: str, value: object, size: int | None, max_size: int) -> bytes:
        if (
            not isinstance(value, str)
            or len(value) > 2 * max_size
            or (size is not None and len(value) != 2 * size)
            or (decoded := _decode_hex(value)) is None
        ):
            count = f"{size}" if size is not None else f"at most {max_size}"
            self.refuse(name, f"{count} bytes as lower-case hex without 0x")
        return decoded

    def _path_of(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def _decode_hex(text: str) -> bytes | None:
    """The bytes; None unless the text is exactly what they are written as."""
    try:
        decoded = bytes.fromhex(text)
    except ValueError:
        return None
    return decoded if decoded.hex() == text else None
