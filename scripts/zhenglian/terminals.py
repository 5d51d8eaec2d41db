"""Terminals of other encodings than UTF-8, such as GBK: what they lack is stood in for.

A mark must never turn into another mark: "✗" shown as "?" would read as "indeterminate".
"""

from __future__ import annotations

import codecs
import sys
from typing import Final

_HANDLER: Final = "zhenglian-stand-in"
_STAND_INS: Final = {"✓": "√+", "✗": "×x", "–": "-", "…": ".", "·": "-", "—": "-"}
_LAST_RESORT: Final = "_"


def prepare_streams() -> None:
    """Lets standard output and error write what they cannot encode in another way."""
    codecs.register_error(_HANDLER, stand_in)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_HANDLER)


def stand_in(error: UnicodeError) -> tuple[str, int]:
    """What is written instead of characters that an encoding lacks.

    >>> codecs.register_error("doctest", stand_in)
    >>> "✓ ✗ –".encode("gbk", "doctest").decode("gbk"), "✗ 证".encode("ascii", "doctest")
    ('√ × –', b'x _')
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_replace(character, error.encoding) for character in lacking), error.end


def _replace(character: str, encoding: str) -> str:
    for candidate in _STAND_INS.get(character, ""):
        try:
            candidate.encode(encoding)
        except UnicodeEncodeError:
            continue
        return candidate
    return _LAST_RESORT
