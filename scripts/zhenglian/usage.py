"""Wrong uses of a command are told as its other errors are, so that --json always gets JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from zhenglian.failures import tell
from zhenglian.output import Output

JSON_FLAG = "--json"
WRONG_USE = "wrong_use"


class CommandGroup(TyperGroup):
    """The group of all commands."""

    def main(self, args: Sequence[str] | None = None, *others: Any, **options: Any) -> Any:
        """Runs the command that the arguments name, and ends with its exit code."""
        given = list(sys.argv[1:] if args is None else args)
        if JSON_FLAG not in given:
            return super().main(given, *others, **options)
        try:
            code = super().main(given, *others, **{**options, "standalone_mode": False})
        except typer.TyperException as error:
            parameter = getattr(getattr(error, "param", None), "name", None)
            tell(Output(is_json=True), error.format_message(), WRONG_USE, parameter)
            code = error.exit_code
        sys.exit(code)
