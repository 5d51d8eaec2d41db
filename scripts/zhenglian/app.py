"""The command `zhenglian`: its commands put together."""

from __future__ import annotations

import typer

from zhenglian.commands import (
    auditing,
    cases,
    catalogue,
    deliveries,
    demonstration,
    erasing,
    founding,
    governance,
    issuers,
    issuing,
    keeping,
    lifecycle,
    listing,
    lost_batches,
    maintenance,
    node,
    noticing,
    presenting,
    recalling,
    recognition,
    replacing,
    showing,
    verifying,
)
from zhenglian.terminals import prepare_streams
from zhenglian.usage import CommandGroup

_IN_ORDER_OF_HELP = (
    founding,
    governance,
    issuers,
    catalogue,
    issuing,
    listing,
    showing,
    presenting,
    verifying,
    recognition,
    lifecycle,
    replacing,
    cases,
    deliveries,
    recalling,
    noticing,
    auditing,
    erasing,
    keeping,
    lost_batches,
    maintenance,
    node,
    demonstration,
)


def build_app() -> typer.Typer:
    """The application with all its commands."""
    app = typer.Typer(
        name="zhenglian",
        cls=CommandGroup,
        help="Certificates that provinces recognise each other's: issue, present, verify, audit.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    for module in _IN_ORDER_OF_HELP:
        module.add_commands(app)
    return app


def main() -> None:
    """Runs the command line of this process."""
    prepare_streams()
    build_app()()
