"""An Ethereum chain inside one Python process, durable, with free gas, for permissioned use.

`EmbeddedChain` is the whole public surface: open a directory, hand `chain.provider` to web3, or
pass JSON-RPC requests to `chain.respond`. Everything else in this package serves it.
"""

from __future__ import annotations

from local_chain.embedded.chain import ChainStatus, EmbeddedChain
from local_chain.embedded.errors import (
    STORAGE_REFUSED,
    ChainClosedError,
    ChainDamagedError,
    ChainError,
    ChainInUseError,
    ChainMismatchError,
    ChainStorageError,
    LockHolder,
    RpcError,
)

__all__ = [
    "STORAGE_REFUSED",
    "ChainClosedError",
    "ChainDamagedError",
    "ChainError",
    "ChainInUseError",
    "ChainMismatchError",
    "ChainStatus",
    "ChainStorageError",
    "EmbeddedChain",
    "LockHolder",
    "RpcError",
]
