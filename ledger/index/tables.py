"""The tables of an index file. Another shape means another SCHEMA number, and a rebuild."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

SCHEMA = 3

metadata = MetaData()

cursor_table = Table(  # one row
    "cursor",
    metadata,
    Column("schema_number", Integer, nullable=False),
    Column("ledger_id", LargeBinary(32), nullable=False),
    Column("consortium", Text, nullable=False),
    Column("next_block", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("synced_to_unix", BigInteger, nullable=False),
    Column("proved_block_hash", LargeBinary(32), nullable=False),
    Column("proved_root", LargeBinary(32), nullable=False),
)
entries = Table(
    "entries",
    metadata,
    Column("entry_index", Integer, primary_key=True, autoincrement=False),
    Column("kind", LargeBinary(32), nullable=False),
    Column("region", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("subject", LargeBinary(32), nullable=False),
    Column("payload_hash", LargeBinary(32), nullable=False),
    Column("time_unix", BigInteger, nullable=False),
    Column("payload", LargeBinary),
    Column("leaf_hash", LargeBinary(32), nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Column("transaction_hash", LargeBinary(32), nullable=False),
    Index("entries_by_subject", "subject", "entry_index"),
    Index("entries_by_kind", "kind", "entry_index"),
    Index("entries_by_time", "time_unix", "entry_index"),
)
nodes = Table(  # inner nodes of the tree over complete subtrees; its leaves are in entries
    "nodes",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("hash", LargeBinary(32), nullable=False),
    sqlite_with_rowid=False,
)
statuses = Table(  # which entries speak of which status word
    "statuses",
    metadata,
    Column("batch_key", LargeBinary(32), primary_key=True),
    Column("word_index", Integer, primary_key=True),
    Column("entry_index", Integer, primary_key=True),
    sqlite_with_rowid=False,
)
