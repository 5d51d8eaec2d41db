"""Turns what web3, the embedded chain and the network raise into errors of ours, once.

A contract's refusal becomes its generated exception; an engine that cannot be reached or does not
answer becomes ChainUnavailableError, which says nothing about any certificate.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from web3.exceptions import ContractCustomError, ContractLogicError, Web3Exception, Web3RPCError

from ledger.errors import ChainUnavailableError, LedgerError, StorageError
from ledger.records import decode_error
from local_chain.embedded import ChainError, ChainInUseError, ChainStorageError, RpcError


def decode_revert(error: ContractLogicError) -> LedgerError:
    """The contract's own reason in a refused call."""
    data = error.data
    if isinstance(data, dict):  # some engines name it after the transaction
        data = next(iter(data.values()), None)
    if not isinstance(data, str) or not data.startswith("0x"):
        return LedgerError(f"the contract refused: {error.message}", code="contract_refused")
    return decode_error(bytes.fromhex(data[2:]))


@contextmanager
def translate_errors(doing: str) -> Iterator[None]:
    """Runs a block in which the chain is asked.

    Args:
        doing: what was being done, for the message ("reading the log's root").

    Raises:
        LedgerError: the contract's refusal.
        ChainUnavailableError: no answer, or none that can be used.
        StorageError: the embedded chain's directory is full or damaged.
    """
    try:
        yield
    except (ContractCustomError, ContractLogicError) as error:
        raise decode_revert(error) from error
    except ChainInUseError as error:
        raise ChainUnavailableError(str(error), code="chain_in_use") from error
    except ChainStorageError as error:
        raise StorageError(f"while {doing}: {error}", code="chain_storage") from error
    except (Web3RPCError, RpcError) as error:
        raise ChainUnavailableError(
            f"while {doing}: the chain answered with an error: {error}", code="chain_refused"
        ) from error
    except (requests.RequestException, Web3Exception, ChainError, OSError) as error:
        raise ChainUnavailableError(f"while {doing}: the chain did not answer: {error}") from error
