"""What a command prints: lines and tables for people on stdout, notes on stderr, or one JSON.

Text may come from whoever made a file, so characters that steer a terminal are never passed on.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import typer

from zhenglian.language import Language

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH_OF_A_FILE = 200
_NOT_SHOWN = "\N{REPLACEMENT CHARACTER}"


class Output:
    """Where one command prints.

    Args:
        is_json: whether stdout carries a single JSON document and nothing else.
        language: of errors.
    """

    def __init__(self, *, is_json: bool, language: Language = Language.EN) -> None:
        self.is_json = is_json
        self.language = language

    @cached_property
    def console(self) -> Console:
        """Standard output for people."""
        return _make_console(is_stderr=False)

    @cached_property
    def notes(self) -> Console:
        """Standard error."""
        return _make_console(is_stderr=True)

    def line(self, text: str = "", style: str = "") -> None:
        """One line, however long."""
        self.console.print(clean(text), style=style, soft_wrap=True)

    def note(self, text: str, style: str = "") -> None:
        """One line beside the result."""
        self.notes.print(clean(text), style=style, soft_wrap=True)

    def pairs(self, rows: Iterable[tuple[str, str]], *, indent: int = 2) -> None:
        """Names with their values, one a line; what has no value is left out."""
        shown = [(clean(name), clean(value)) for name, value in rows if value]
        width = max((_cell_width(name) for name, _ in shown), default=0)
        for name, value in shown:
            gap = " " * (width - _cell_width(name) + 2)
            self.console.print(f"{' ' * indent}{name}{gap}{value}", soft_wrap=True)

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[str]],
        *,
        styles: Sequence[str] = (),
        fixed: Collection[int] = (),
    ) -> None:
        """A table.

        Args:
            styles: of the columns, "" for none.
            fixed: columns by number whose cells are never broken, however narrow the screen is.
        """
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for number, column in enumerate(columns):
            style = styles[number] if number < len(styles) else ""
            table.add_column(column, style=style, overflow="fold", no_wrap=number in fixed)
        for row in rows:
            table.add_row(*map(clean, row))
        self.console.print(table)

    def document(self, value: object, **more: object) -> None:
        """Prints the one JSON document.

        Args:
            value: what `to_plain` can turn into JSON, or bytes that are JSON.
            more: further members, if it is a dataclass.
        """
        import orjson

        from zhenglian.plain import to_object, to_plain

        if not isinstance(value, bytes):
            plain = to_object(value, **more) if more else to_plain(value)
            value = orjson.dumps(plain, option=orjson.OPT_INDENT_2)
        typer.echo(value)


def clean(text: str) -> str:
    """A text without line breaks, control characters and marks that change its direction.

    >>> clean("a\\x1b[31m\\u202eb")
    'a�[31m�b'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c in "\r\n\t" else _NOT_SHOWN for c in text)


def _make_console(*, is_stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if is_stderr else sys.stdout
    return Console(
        stderr=is_stderr,
        width=None if stream.isatty() else _WIDTH_OF_A_FILE,
        markup=False,
        highlight=False,
        emoji=False,
    )


def _cell_width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
