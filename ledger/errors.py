"""The kinds of failure the ledger tells apart.

Every error this product raises on purpose is a `LedgerError` of one of these kinds. The message
says what was expected and what was there; `code` is a stable, machine-readable name. The kinds
say nothing of HTTP or exit codes: the doors (node_api, the command line) map them.
"""

from __future__ import annotations


class LedgerError(Exception):
    """Any refusal or failure of the ledger that has a name.

    Args:
        message: what was expected and what came, for a person to act on.
        code: stable name in snake_case; by default derived from the class.
        field: the input field or argument at fault, if there is one.
    """

    default_code = "ledger_error"

    def __init__(self, message: str, *, code: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.field = field


class MalformedInputError(LedgerError):
    """The input cannot be what it claims to be: wrong shape, alphabet, checksum or encoding."""

    default_code = "malformed_input"


class NotFoundError(LedgerError):
    """Nothing of that name exists here."""

    default_code = "not_found"


class ConflictError(LedgerError):
    """The act contradicts what is already recorded."""

    default_code = "conflict"


class NotAuthorizedError(LedgerError):
    """The seal, key, mandate or passphrase does not permit the act."""

    default_code = "not_authorized"


class ChainUnavailableError(LedgerError):
    """The chain could not be asked, or its answer is still unknown. Says nothing of validity."""

    default_code = "chain_unavailable"


class StorageError(LedgerError):
    """A file or database of ours is damaged, full, locked or written by another version."""

    default_code = "storage"
