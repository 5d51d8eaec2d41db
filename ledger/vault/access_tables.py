"""The tables of access: keys to the node, acts that await a second officer, the access log.

Requests and results that await somebody are encrypted; their keys go with the data keys, since what
they hold may be personal. The access log holds no content: who, what for, which object, when.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, Table, Text, text

from ledger.vault.tables import IN_KEY_FILE, ROW_ID, Bytes, has_length, is_one_of, metadata


class ApprovalState(StrEnum):
    """pending awaits a second officer · approved is being carried out · done was · failed cannot
    be · rejected and expired never will be."""

    PENDING = "pending"
    APPROVED = "approved"
    DONE = "done"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"


api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("secret_hash", Bytes, nullable=False),
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("limits", JSON, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at_unix", BigInteger, nullable=False),
    Column("expires_at_unix", BigInteger, nullable=False),
    Column("revoked_at_unix", BigInteger),
    Column("revoked_by", Text),
    Column("last_used_at_unix", BigInteger),
    has_length("secret_hash", 32),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("operation", Text, nullable=False),
    Column("digest", Bytes, nullable=False),
    Column("state", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("people", JSON, nullable=False),
    Column("created_at_unix", BigInteger, nullable=False),
    Column("expires_at_unix", BigInteger, nullable=False),
    Column("decided_by", Text),
    Column("decided_at_unix", BigInteger),
    Column("reason", Text, nullable=False),
    Column("ended_at_unix", BigInteger),
    Column("error_code", Text, nullable=False),
    has_length("digest", 32),
    is_one_of(ApprovalState),
    Index(
        "uq_approvals_pending",
        "made_by",
        "digest",
        unique=True,
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    Index(None, "state"),
)

approval_papers = Table(
    "approval_papers",
    metadata,
    Column("approval", Text, ForeignKey("approvals.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("ciphertext", Bytes, nullable=False),
    Column("wrapped_key", Bytes, nullable=False),
    has_length("wrapped_key", 60),
    info=IN_KEY_FILE,
)

access_log = Table(
    "access_log",
    metadata,
    Column("id", ROW_ID, primary_key=True, autoincrement=False),
    Column("at_unix", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("object_kind", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("hash", Bytes, nullable=False),
    has_length("hash", 32),
    Index(None, "at_unix"),
    Index(None, "object_id"),
    Index(None, "subject"),
)

access_log_ends = Table(
    "access_log_ends",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("first_id", BigInteger, nullable=False),
    Column("before_first", Bytes, nullable=False),
    Column("last_id", BigInteger, nullable=False),
    Column("last_hash", Bytes, nullable=False),
    Column("mac", Bytes, nullable=False),
    has_length("before_first", 32),
    has_length("last_hash", 32),
    has_length("mac", 16),
)

ACCESS_TABLES = (api_keys, approvals, approval_papers, access_log, access_log_ends)
