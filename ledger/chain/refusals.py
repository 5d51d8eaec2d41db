"""Turns what a chain refuses, and what fails on the way to it, into errors of ours, once.

A contract's refusal becomes its generated exception; an engine that cannot be reached or does not
answer becomes ChainUnavailableError, which says nothing about any certificate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from ledger.errors import ChainUnavailableError, LedgerError, StorageError
from ledger.records import decode_error
from local_chain.embedded import (
    STORAGE_REFUSED,
    ChainDamagedError,
    ChainError,
    ChainInUseError,
    ChainMismatchError,
    ChainStorageError,
)

_REVERTED = 3  # the JSON-RPC code most engines give a revert; Besu says -32000


def to_error(error: object, doing: str) -> LedgerError:
    """What a JSON-RPC error object means.

    Args:
        error: the `error` member of a response.
        doing: what was being done ("asking root").

    A revert carries the contract's reason as data; engines differ in its code and wording.
    """
    if not isinstance(error, Mapping):
        error = {"message": str(error)}
    message = str(error.get("message", "no message"))
    if error.get("data") == STORAGE_REFUSED:
        return StorageError(
            f"while {doing}: the chain cannot write its next block: {message}; make room, then run "
            "the command again, nothing is lost",
            code="chain_storage",
        )
    if error.get("code") == _REVERTED or "revert" in message.lower():
        return _decode_revert(error.get("data"), message)
    return ChainUnavailableError(
        f"while {doing}: the chain answered with an error: {message}", code="chain_refused"
    )


def _decode_revert(data: object, message: str) -> LedgerError:
    if isinstance(data, str) and data.startswith("0x"):
        try:
            return decode_error(bytes.fromhex(data[2:]))
        except ValueError:
            pass
    return LedgerError(f"the contract refused: {message}", code="contract_refused")


@contextmanager
def translate_errors(doing: str) -> Iterator[None]:
    """Runs a block in which the chain is asked.

    Args:
        doing: what was being done, for the message ("reading the log's root").

    Raises:
        ChainUnavailableError: no answer; code `chain_in_use` while another process has the
            embedded chain.
        StorageError: the embedded chain's directory is full, damaged or of another kind.
    """
    try:
        yield
    except ChainInUseError as error:
        raise ChainUnavailableError(str(error), code="chain_in_use") from error
    except (ChainStorageError, ChainDamagedError, ChainMismatchError) as error:
        raise StorageError(f"while {doing}: {error}", code="chain_storage") from error
    except (ChainError, OSError) as error:  # requests' errors are OSErrors
        raise ChainUnavailableError(
            f"while {doing}: the chain did not answer{_explain(error)}"
        ) from error


def _explain(error: Exception) -> str:
    """Where and why: libraries wrap "Connection refused" in sentences and URLs of their own.

    A URL may keep a secret, so only host and port are told.
    """
    from requests import RequestException  # loaded already by whoever has a node to ask

    if not isinstance(error, RequestException):
        return f": {error}"
    url = urlsplit(str(error.request.url) if error.request else "")
    place = f" at {url.hostname}:{url.port}" if url.port else f" at {url.hostname or 'its URL'}"
    cause: BaseException = error
    while cause.__context__ is not None:
        cause = cause.__context__
    reason = cause.strerror if isinstance(cause, OSError) else None
    return f"{place}: {reason or cause}"
