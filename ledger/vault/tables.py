"""The tables of the vault as they are now. How a vault gets there: `migrations`.

Times are unix seconds, hashes and keys are bytes. What an erasure destroys stands in a table of its
own (`data_keys`, `officers`); leaf hashes stay for ever. A batch is never deleted.

A backup has every table of the metadata. What a table's `info` says of that is read by `backups`:
`IN_KEY_FILE` for what must not outlive its erasure, such as wrapped keys or somebody's name.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

SCHEMA_REVISION = "0007"
REVISION_TABLE = "vault_revision"


class RunState(StrEnum):
    """How far the issuing of one source has come."""

    RUNNING = "running"
    STAGED = "staged"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self in (RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED)


class BatchState(StrEnum):
    """open takes certificates · closed is complete and signed · anchored is on the chain ·
    abandoned has given its certificates up."""

    OPEN = "open"
    CLOSED = "closed"
    ANCHORED = "anchored"
    ABANDONED = "abandoned"


class TransactionState(StrEnum):
    """prepared may have been sent · sent was · mined and reverted have a receipt · superseded gave
    its nonce up to another."""

    PREPARED = "prepared"
    SENT = "sent"
    MINED = "mined"
    REVERTED = "reverted"
    SUPERSEDED = "superseded"


class ActState(StrEnum):
    """prepared may have been sent · sent was · recorded is on the chain · refused never will be."""

    PREPARED = "prepared"
    SENT = "sent"
    RECORDED = "recorded"
    REFUSED = "refused"


class Bytes(LargeBinary):
    """Byte strings handed to the driver as they are: a fifth of the time of staging is saved."""

    def bind_processor(self, dialect: Dialect) -> None:
        """Every driver in use takes bytes."""


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)
IN_KEY_FILE = {"backup": "keys"}
"""`info` of a table whose rows a backup keeps in the file that expires, and nowhere else."""
ROW_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite aliases its row id only for INTEGER


def has_length(column: str, length: int) -> CheckConstraint:
    return CheckConstraint(f"length({column}) = {length}", name=f"{column}_length")


def is_one_of(states: type[StrEnum]) -> CheckConstraint:
    names = ", ".join(f"'{state.value}'" for state in states)
    return CheckConstraint(f"state IN ({names})", name="state")


settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Bytes, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("source_name", Text, nullable=False),
    Column("source_digest", Bytes, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at_unix", BigInteger, nullable=False),
    Column("ended_at_unix", BigInteger),
    Column("counts", JSON, nullable=False),
    is_one_of(RunState),
)

batches = Table(
    "batches",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("batch_id", Bytes, nullable=False),
    Column("batch_key", Bytes, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("key_id", Bytes, nullable=False),
    Column("certificate_type", Text, nullable=False),
    Column("header", Bytes, nullable=False),
    Column("run_id", ROW_ID, ForeignKey("runs.id")),
    Column("state", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("root", Bytes),
    Column("valid_until_unix", BigInteger),
    Column("signature", Bytes),
    Column("opened_at_unix", BigInteger, nullable=False),
    Column("closed_at_unix", BigInteger),
    Column("anchored_at_unix", BigInteger),
    Column("log_index", BigInteger),
    Column("transaction_hash", Bytes),
    UniqueConstraint("batch_key"),
    has_length("batch_id", 32),
    has_length("batch_key", 32),
    has_length("root", 32),
    has_length("signature", 64),
    has_length("transaction_hash", 32),
    is_one_of(BatchState),
    Index(None, "state"),
    Index(None, "run_id"),
)

certificates = Table(
    "certificates",
    metadata,
    Column("id", ROW_ID, primary_key=True, autoincrement=False),
    Column("identifier", Text, nullable=False),
    Column("batch", ROW_ID, ForeignKey("batches.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("leaf_hash", Bytes, nullable=False),
    Column("ciphertext", Bytes, nullable=False),
    UniqueConstraint("identifier"),
    UniqueConstraint("batch", "position"),
    has_length("leaf_hash", 32),
)

data_keys = Table(
    "data_keys",
    metadata,
    Column(
        "certificate",
        ROW_ID,
        ForeignKey("certificates.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("wrapped_key", Bytes, nullable=False),
    Column("content_mac", Bytes, nullable=False),
    has_length("wrapped_key", 60),
    has_length("content_mac", 16),
    info=IN_KEY_FILE
    | {"erased_as": "(SELECT identifier FROM main.certificates WHERE id = data_keys.certificate)"},
)

erasures = Table(
    "erasures",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("identifier", Text, nullable=False),
    Column("erased_at_unix", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("officer", Bytes),
    Index(None, "identifier"),
)

holds = Table(
    "holds",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("identifier", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("officer", Bytes),
    Column("placed_at_unix", BigInteger, nullable=False),
    Column("released_at_unix", BigInteger),
    Column("release_reason", Text),
    Column("release_officer", Bytes),
    Index(None, "identifier"),
)

successions = Table(
    "successions",
    metadata,
    Column("replaced", Text, primary_key=True),
    Column("successor", Text, nullable=False),
    Column("chosen_at_unix", BigInteger, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("account", Bytes, nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("raw_transaction", Bytes, nullable=False),
    Column("transaction_hash", Bytes, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at_unix", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    UniqueConstraint("transaction_hash"),
    has_length("account", 20),
    has_length("transaction_hash", 32),
    is_one_of(TransactionState),
    Index(
        "uq_outbox_unresolved_nonce",
        "account",
        "nonce",
        unique=True,
        sqlite_where=text("state IN ('prepared', 'sent')"),
        postgresql_where=text("state IN ('prepared', 'sent')"),
    ),
    Index(None, "account", "state"),
    Index(None, "purpose", "reference"),
)

officers = Table(
    "officers",
    metadata,
    Column("commitment", Bytes, primary_key=True),
    Column("ciphertext", Bytes, nullable=False),
    Column("wrapped_key", Bytes, nullable=False),
    has_length("commitment", 32),
    info=IN_KEY_FILE,
)

acts = Table(
    "acts",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("batch_key", Bytes),
    Column("sequence", BigInteger, nullable=False),
    Column("statement", Bytes, nullable=False),
    Column("signature", Bytes, nullable=False),
    Column("state", Text, nullable=False),
    Column("officer", Bytes, ForeignKey("officers.commitment")),
    Column("details", JSON, nullable=False),
    Column("created_at_unix", BigInteger, nullable=False),
    has_length("batch_key", 32),
    has_length("signature", 64),
    is_one_of(ActState),
    Index(None, "batch_key"),
    Index(None, "state"),
)
