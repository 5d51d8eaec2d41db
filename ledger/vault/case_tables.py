"""The tables of cases. What an erasure destroys stands in `case_keys` and `reliances`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from ledger.vault.tables import (
    IN_KEY_FILE,
    ROW_ID,
    ActState,
    Bytes,
    has_length,
    is_one_of,
    metadata,
)

_ERASED_AS = "'case:' || lower(hex(case_id))"
_DOCUMENT_ERASED_AS = (
    "(SELECT 'case:' || lower(hex(case_id)) FROM main.case_documents WHERE id = case_keys.document)"
)

cases = Table(
    "cases",
    metadata,
    Column("case_id", Bytes, primary_key=True),
    Column("role", Text, nullable=False),
    Column("item_code", Text, nullable=False),
    Column("matter_version", Integer, nullable=False),
    Column("created_at_unix", BigInteger, nullable=False),
    has_length("case_id", 32),
    CheckConstraint("role IN ('receiver', 'handler', 'decider')", name="role"),
)

case_acts = Table(
    "case_acts",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("case_id", Bytes, ForeignKey("cases.case_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("request_mac", Bytes, nullable=False),
    Column("statement", Bytes, nullable=False),
    Column("signature", Bytes, nullable=False),
    Column("state", Text, nullable=False),
    Column("officer", Bytes, ForeignKey("officers.commitment")),
    Column("created_at_unix", BigInteger, nullable=False),
    has_length("request_mac", 16),
    has_length("signature", 64),
    is_one_of(ActState),
    Index(None, "case_id"),
    Index(None, "state"),
)

case_documents = Table(
    "case_documents",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("case_id", Bytes, ForeignKey("cases.case_id"), nullable=False),
    Column("act", ROW_ID, ForeignKey("case_acts.id")),
    Column("kind", Text, nullable=False),
    Column("digest", Bytes, nullable=False),
    Column("ciphertext", Bytes, nullable=False),
    Column("created_at_unix", BigInteger, nullable=False),
    UniqueConstraint("case_id", "digest"),
    has_length("digest", 32),
    Index(None, "act"),
)

case_keys = Table(
    "case_keys",
    metadata,
    Column(
        "document",
        ROW_ID,
        ForeignKey("case_documents.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("wrapped_key", Bytes, nullable=False),
    has_length("wrapped_key", 60),
    info=IN_KEY_FILE | {"erased_as": _DOCUMENT_ERASED_AS},
)

reliances = Table(
    "reliances",
    metadata,
    Column("commitment", Bytes, primary_key=True),
    Column("case_id", Bytes, ForeignKey("cases.case_id"), nullable=False),
    Column("act", ROW_ID, ForeignKey("case_acts.id"), nullable=False),
    Column("batch_key", Bytes, nullable=False),
    Column("position", Integer, nullable=False),
    Column("salt", Bytes, nullable=False),
    has_length("commitment", 32),
    has_length("batch_key", 32),
    has_length("salt", 32),
    Index(None, "case_id"),
    Index(None, "act"),
    Index(None, "batch_key"),
    info=IN_KEY_FILE | {"erased_as": _ERASED_AS},
)

CASE_TABLES = (cases, case_acts, case_documents, case_keys, reliances)
