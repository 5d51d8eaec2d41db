"""Where a chain is and how to reach it: a directory for the embedded chain, or a node's URL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from web3 import HTTPProvider, Web3

from ledger.chain.refusals import translate_errors
from ledger.errors import ChainUnavailableError, MalformedInputError
from local_chain.embedded import EmbeddedChain


@dataclass(frozen=True, slots=True)
class ChainLocation:
    """A chain's directory (embedded) or URL (any Ethereum JSON-RPC node)."""

    directory: Path | None
    url: str | None

    @classmethod
    def parse(cls, text: str) -> ChainLocation:
        """Args: text: `http://…` or `https://…`, or a path. Raises: MalformedInputError."""
        scheme = urlsplit(text).scheme
        if scheme in ("http", "https"):
            return cls(None, text)
        if not text or "://" in text:
            raise MalformedInputError(
                f"chain: expected a directory or an http(s) URL, got {text!r}", field="chain"
            )
        return cls(Path(text).expanduser().resolve(), None)

    def __str__(self) -> str:
        return self.url or str(self.directory)


@contextmanager
def connect(
    location: ChainLocation,
    *,
    timeout_s: float = 30.0,
    lock_timeout_s: float = 10.0,
    may_create: bool = False,
    clock: Callable[[], float] = time.time,
) -> Iterator[Web3]:
    """A web3 client of the chain, for as long as the block runs.

    Args:
        timeout_s: how long one request to a node may take.
        lock_timeout_s: how long to wait while another process uses the embedded chain.
        may_create: begin an embedded chain where there is none.
        clock: that the blocks of an embedded chain follow, seconds since the epoch.

    Raises:
        ChainUnavailableError: code `chain_missing`, there is no such directory; `chain_in_use`
            names the process that holds it.
        StorageError: the directory is damaged or was made with other settings.
    """
    if location.directory is None:
        yield Web3(HTTPProvider(location.url, request_kwargs={"timeout": timeout_s}))
        return
    if not may_create and not location.directory.is_dir():
        raise ChainUnavailableError(
            f"there is no chain in {location}: it is not mounted here, or nobody has founded a "
            "ledger on it yet",
            code="chain_missing",
        )
    with translate_errors(f"opening the chain in {location}"):
        chain = EmbeddedChain.open(
            location.directory, lock_timeout_s=lock_timeout_s, clock=clock
        )
    try:
        yield Web3(chain.provider)
    finally:
        chain.close()
