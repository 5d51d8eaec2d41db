"""The tables of single requests to issue, and of uploads and what is to be done with them.

A request keeps no trace of a content: what recognises that is erased with the certificate's key.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from ledger.vault.tables import IN_KEY_FILE, ROW_ID, Bytes, has_length, is_one_of, metadata


class JobState(StrEnum):
    """queued waits for its turn · running is being done, or was interrupted · the others have
    ended."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self in (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)


requests = Table(
    "requests",
    metadata,
    Column("issuer", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("batch", ROW_ID, ForeignKey("batches.id"), nullable=False),
    Column("accepted_at_unix", BigInteger, nullable=False),
    PrimaryKeyConstraint("issuer", "reference"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("issuer", Text),
    Column("made_by", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("digest", Bytes, nullable=False),
    Column("options", Bytes, nullable=False),
    Column("wrapped_key", Bytes, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at_unix", BigInteger, nullable=False),
    Column("ended_at_unix", BigInteger),
    Column("counts", JSON, nullable=False),
    Column("detail", Text, nullable=False),
    has_length("digest", 32),
    has_length("wrapped_key", 60),
    is_one_of(JobState),
    Index(None, "state"),
    info=IN_KEY_FILE,
)

REQUEST_TABLES = (requests, jobs)
