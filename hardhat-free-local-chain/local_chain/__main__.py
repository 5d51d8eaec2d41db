"""`python -m local_chain serve`: the embedded chain as a node of its own."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from local_chain.embedded import EmbeddedChain
from local_chain.server.logs import configure_logging
from local_chain.server.serving import Address, ServeError, serve


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 after a stop that was asked for, 1 if serving failed, 2 if misused."""
    options = _make_parser().parse_args(arguments)
    configure_logging()
    try:
        serve(
            options.data,
            options.host,
            options.port,
            seal_interval_s=options.seal_interval,
            announce=_announce,
        )
    except ServeError as problem:
        print(f"local_chain serve: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before serving began
        return 130
    return 0


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see --help\n")


def _make_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="local_chain", description="Chains that run without a node of their own.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    command = commands.add_parser("serve", help="serve an embedded chain over HTTP (JSON-RPC)")
    command.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="the chain's directory"
    )
    command.add_argument(
        "--port", type=_parse_port, required=True, metavar="N", help="0 for any that is free"
    )
    command.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="NAME",
        help="where to listen; there is no authentication (default: %(default)s)",
    )
    command.add_argument(
        "--seal-interval",
        type=_parse_interval,
        default=0.2,
        metavar="SECONDS",
        help="the longest that a transaction waits for its block (default: %(default)s)",
    )
    return parser


def _parse_port(text: str) -> int:
    if text.isascii() and text.isdecimal() and int(text) < 1 << 16:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, got {text!r}")


def _parse_interval(text: str) -> float:
    try:
        interval_s = float(text)
    except ValueError:
        interval_s = math.nan
    if 0 <= interval_s <= 3600:
        return interval_s
    raise argparse.ArgumentTypeError(f"expected seconds from 0 to 3600, got {text!r}")


def _announce(address: Address, chain: EmbeddedChain) -> None:
    status = chain.status()
    print(f"{address} chain {status.chain_id} head {status.head_number}", flush=True)
    if not address.is_loopback:
        print(
            f"local_chain serve: {address.host} can be reached from other machines, and there is "
            "no authentication: let only those through whom you trust with the whole chain",
            file=sys.stderr,
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
