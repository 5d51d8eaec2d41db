"""How a function becomes a command: the common options, the error boundary and the exit code.

A command's function takes a `Session` and its own arguments; here it gets --home,
--passphrase-file, --lang and --json behind them, as far as they mean something to it.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from contextlib import suppress
from enum import Flag, auto
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import typer
from typer.core import TyperCommand

from zhenglian.failures import run_guarded
from zhenglian.language import detect_language
from zhenglian.options import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    LanguageOption,
    PassphraseFileOption,
)
from zhenglian.output import Output
from zhenglian.passphrases import HOME_VARIABLE, THIS_HOME, PassphraseSource
from zhenglian.session import Session

P = ParamSpec("P")
Words = tuple[str, str]  # in Chinese and in English
INTERRUPTED: Words = ("已中断。", "Interrupted.")


class Needs(Flag):
    """What of a home a command needs."""

    NOTHING = 0
    HOME = auto()
    PASSPHRASE = auto()
    KEYS = HOME | PASSPHRASE


def command(
    app: typer.Typer,
    name: str,
    needs: Needs = Needs.KEYS,
    *,
    cls: type[TyperCommand] | None = None,
    on_interrupt: Words = INTERRUPTED,
) -> Callable[
    [Callable[Concatenate[Session, P], int | None]], Callable[Concatenate[Session, P], int | None]
]:
    """Adds a function to an app as a command. Its integer result is the exit code.

    Args:
        on_interrupt: what to tell who interrupted it.
    """

    def add(
        function: Callable[Concatenate[Session, P], int | None],
    ) -> Callable[Concatenate[Session, P], int | None]:
        app.command(name, cls=cls)(_wrap(function, needs, on_interrupt))
        return function

    return add


def _wrap(
    function: Callable[Concatenate[Session, P], int | None], needs: Needs, on_interrupt: Words
) -> Callable[..., None]:
    def run(**options: Any) -> None:
        session, own = _make_session(options)
        call: Callable[..., int | None] = function
        told = session.language.pick(*on_interrupt)
        code = run_guarded(session.output, lambda: call(session, **own), told)
        raise typer.Exit(code)

    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    parameters = [*own, *_common_parameters(needs)]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by Typer
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    run.__doc__ = function.__doc__
    run.__name__ = function.__name__
    return run


def _common_parameters(needs: Needs) -> list[inspect.Parameter]:
    common: list[tuple[str, Any, Any]] = []
    if Needs.HOME in needs:
        common.append(("home", HomeOption, DEFAULT_HOME))
    if Needs.PASSPHRASE in needs:
        common.append(("passphrase_file", PassphraseFileOption, None))
    common += [("lang", LanguageOption, None), ("is_json", JsonOption, False)]
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, kind, default in common
    ]


def _make_session(options: dict[str, Any]) -> tuple[Session, dict[str, Any]]:
    own = dict(options)
    home = own.pop("home", DEFAULT_HOME)
    passphrase_file = own.pop("passphrase_file", None)
    _know_provinces(home)
    language = own.pop("lang") or detect_language(os.environ)
    output = Output(is_json=own.pop("is_json"), language=language)
    source = PassphraseSource(
        THIS_HOME, HOME_VARIABLE, "--passphrase-file", passphrase_file, language
    )
    return Session(home, language, output, source), own


def _know_provinces(home: Path) -> None:
    """Has the province codes of a home's settings known before any argument is read as one."""
    settings = home / "zhenglian.toml"
    try:
        is_asked = b"provinces" in settings.read_bytes()
    except OSError:
        return  # the command tells that there is no home, if it needs one
    if is_asked:
        from ledger.config import Config
        from ledger.errors import LedgerError

        with suppress(LedgerError):  # told by the command, when it opens the home
            Config.load(settings)
