"""The access log: read by auditors, checked, and shortened from its old end."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.errors import MalformedInputError
from ledger.vault.access_log import LogCondition, LogRecord
from ledger.workspace import Workspace

MIN_RETENTION_DAYS = 183
MAX_ROWS = 1000
_DAY_S = 86_400
ANY_RECORD = LogCondition()


@dataclass(frozen=True, slots=True)
class AccessLogPage:
    """Rows of the log, newest first; `next_before` reads on, None at the end."""

    records: tuple[LogRecord, ...]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class AccessLogCheck:
    """Whether the log is as it was written. `damage` is for people, empty if there is none."""

    records: int
    damage: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return not self.damage


@dataclass(frozen=True, slots=True)
class AccessLogExpiry:
    """How many rows were older than the retention and went."""

    removed: int
    before_unix: int


def read_access_log(
    workspace: Workspace, wanted: LogCondition = ANY_RECORD, limit: int = 100
) -> AccessLogPage:
    """Who looked at what, and what happened to credentials.

    Args:
        limit: rows at once, 1 to 1000.

    Raises:
        MalformedInputError: log_limit.
    """
    if not 1 <= limit <= MAX_ROWS:
        raise MalformedInputError(
            f"limit: expected 1 to {MAX_ROWS}, got {limit}", code="log_limit", field="limit"
        )
    rows = workspace.vault.access_log.read(wanted, limit)
    return AccessLogPage(tuple(rows), rows[-1].number if len(rows) == limit else None)


def check_access_log(workspace: Workspace) -> AccessLogCheck:
    """Recompute the chain of the log. Reads all of it."""
    log = workspace.vault.access_log
    return AccessLogCheck(log.count(), tuple(log.find_damage()))


def expire_access_log(
    workspace: Workspace, retention_days: int = MIN_RETENTION_DAYS
) -> AccessLogExpiry:
    """Remove rows older than the retention.

    Raises:
        MalformedInputError: retention_too_short, for less than six months.
    """
    if retention_days < MIN_RETENTION_DAYS:
        raise MalformedInputError(
            f"retention_days: the log is kept for at least {MIN_RETENTION_DAYS} days, "
            f"not {retention_days}",
            code="retention_too_short",
            field="retention_days",
        )
    before_unix = workspace.now_unix() - retention_days * _DAY_S
    return AccessLogExpiry(workspace.vault.access_log.forget_before(before_unix), before_unix)
