"""Turns what went wrong into one clear line and an exit code, in one place.

With --json the error is the one document on standard output:
`{"error": {"code", "field", "message"}}`; without, a line on standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

import typer

from ledger.errors import LedgerError
from zhenglian.language import Language
from zhenglian.output import Output

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells have it
DEBUG_VARIABLE = "ZHENGLIAN_DEBUG"


def run_guarded(output: Output, work: Callable[[], int | None], on_interrupt: str) -> int:
    """Runs a command's work and gives the exit code.

    Args:
        on_interrupt: what to tell who interrupted it.
    """
    try:
        code = work() or 0
        sys.stdout.flush()
    except (typer.Exit, typer.TyperException):
        raise  # the parser's own, such as a wrong use of an option
    except LedgerError as error:
        kinds = [getattr(kind, "default_code", "") for kind in type(error).__mro__]
        tell(output, error.message, error.code, error.field, kinds)
        return EXIT_FAILED
    except (KeyboardInterrupt, typer.Abort):
        output.note(on_interrupt)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _detach_stdout()
        return EXIT_FAILED
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        tell(output, f"{place}{error.strerror or error}", "os_error", None)
        return EXIT_FAILED
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        told = f"unexpected {type(error).__name__}: {error}; {DEBUG_VARIABLE}=1 shows where"
        tell(output, told, "unexpected", None)
        return EXIT_FAILED
    return code


def tell(
    output: Output, message: str, code: str, field: str | None, kinds: Sequence[str] = ()
) -> None:
    """Tells an error once: in Chinese what it is, and below in English which one exactly.

    Args:
        kinds: codes of the kinds of error it belongs to, the narrowest first.
    """
    if output.is_json:
        output.document({"error": {"code": code, "field": field, "message": message}})
        return
    if output.language is Language.ZH:
        from zhenglian.error_words import describe_error

        output.note(f"错误：{describe_error([code, *kinds])} [{code}]", "red")
        output.note(f"  {message}")
        return
    names = {field, (field or "").replace("_", "-")}
    prefix = "" if not field or any(name and name in message for name in names) else f"{field}: "
    output.note(f"Error: {prefix}{message} [{code}]", "red")


def _detach_stdout() -> None:
    """Whoever read our output has gone; let Python's exit not complain of it."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  # open until the process ends
