"""Reading what a browser's form posts: multipart/form-data, whole and in memory.

Source: RFC 7578; RFC 2046 §5.1.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ledger.errors import MalformedInputError

_BOUNDARY = re.compile(
    r'multipart/form-data\s*;.*?boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE
)
_NAME = re.compile(r'(?:^|[\s;])name="([^"]*)"')
_MAX_FIELDS = 16


@dataclass(frozen=True, slots=True)
class Form:
    """Contents by name of field; of several with one name the first that is not empty."""

    fields: dict[str, bytes]

    def text(self, name: str) -> str:
        """A field as text, without space around it; empty if it was not there.

        Raises:
            MalformedInputError: it is not UTF-8.
        """
        try:
            return self.fields.get(name, b"").decode("utf-8").strip()
        except UnicodeDecodeError:
            raise MalformedInputError(f"{name}: expected text in UTF-8", field=name) from None


def parse_form(content_type: str, body: bytes) -> Form:
    """Reads a posted form.

    Raises:
        MalformedInputError: form_malformed.
    """
    found = _BOUNDARY.match(content_type)
    if found is None:
        raise _malformed("expected multipart/form-data with a boundary")
    delimiter = b"\r\n--" + (found[1] or found[2]).encode("latin-1")
    parts = re.split(re.escape(delimiter) + rb"(?=\r\n|--)", b"\r\n" + body)
    if len(parts) < 2 or len(parts) > _MAX_FIELDS + 2 or not parts[-1].startswith(b"--"):
        raise _malformed("the form is cut off, or has too many fields")
    fields: dict[str, bytes] = {}
    for part in parts[1:-1]:
        head, separator, content = part.partition(b"\r\n\r\n")
        name = _read_name(head.decode("utf-8", "replace"))
        if not separator or name is None:
            raise _malformed("a field has no name")
        if not fields.get(name):
            fields[name] = content
    return Form(fields)


def _read_name(head: str) -> str | None:
    for line in head.split("\r\n"):
        if line.lower().startswith("content-disposition:"):
            found = _NAME.search(line)
            return found[1] if found else None
    return None


def _malformed(message: str) -> MalformedInputError:
    return MalformedInputError(f"form: {message}", code="form_malformed", field="body")
