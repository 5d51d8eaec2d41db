"""What can go wrong with an embedded chain, each kind with what it knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path


class ChainError(Exception):
    """Any failure of the embedded chain."""


@dataclass(frozen=True, slots=True)
class LockHolder:
    """The process that has a chain directory open.

    Args:
        pid: its process id; 0 where it could not be read.
        command: its command line, arguments separated by blanks.
        since: when it opened the directory, UTC; None where it could not be read.
    """

    pid: int
    command: str
    since: datetime | None

    def __str__(self) -> str:
        since = f" since {self.since.isoformat(timespec='seconds')}" if self.since else ""
        return f"process {self.pid or 'unknown'} ({self.command or 'command unknown'}){since}"


class ChainInUseError(ChainError):
    """Another process (or another object of this one) has the directory open."""

    def __init__(self, directory: Path, holder: LockHolder, waited_s: float) -> None:
        super().__init__(f"{directory} is in use by {holder}; waited {waited_s:g} s")
        self.directory = directory
        self.holder = holder


class ChainDamagedError(ChainError):
    """The directory holds something that no chain of ours can have written."""


class ChainMismatchError(ChainError):
    """The directory holds a chain of another id, format or set of rules than was asked for."""


class ChainStorageError(ChainError):
    """The disk refused a write (full, read-only, quota); what was sealed before is intact."""


class ChainClosedError(ChainError):
    """The chain was used after it was closed, or in a forked child."""


class RpcCode(IntEnum):
    """JSON-RPC error codes in use (JSON-RPC 2.0 section 5.1; EIP-1474; 3 as Ethereum nodes do)."""

    REVERTED = 3
    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL = -32603
    REFUSED = -32000
    RESPONSE_TOO_LARGE = -32003
    LIMIT_EXCEEDED = -32005


STORAGE_REFUSED = "chain_storage"
"""The `data` of an error object that says that the disk refuses the chain's next block."""


class RpcError(ChainError):
    """A request that is answered by a JSON-RPC error object."""

    def __init__(self, code: RpcCode, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def as_json(self) -> dict[str, int | str]:
        """The `error` member of the response."""
        error: dict[str, int | str] = {"code": int(self.code), "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return error
