"""Which of a vault's tables go where in a backup, as each says itself in its `info`.

    info=IN_KEY_FILE                        its rows stand in the file that expires, nowhere else
    info=IN_KEY_FILE | {"erased_as": SQL}   those of erased subjects do not come back: SQL that
                                            gives, for a row in SQLite, the identifier that the
                                            register of erasures would have for it
    info=LEFT_OUT                           its rows are of no use elsewhere, and in no backup

A table that says nothing is kept with everything else, for as long as the operator likes: it must
hold nothing that an erasure destroys, nor anything that reads it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ledger.vault.tables import IN_KEY_FILE, metadata

__all__ = ["IN_KEY_FILE", "LEFT_OUT", "find_erasable_tables", "find_key_tables", "is_left_out"]

LEFT_OUT = {"backup": "none"}


def find_key_tables() -> tuple[str, ...]:
    """Names of the tables whose rows stand in the file of keys alone, parents first."""
    return tuple(
        table.name for table in metadata.sorted_tables if table.info.get("backup") == "keys"
    )


def find_erasable_tables() -> Iterator[tuple[str, str | None]]:
    """The same, each with the SQL that gives a row's identifier in the register, if it has one."""
    for name in find_key_tables():
        yield name, metadata.tables[name].info.get("erased_as")


def is_left_out(name: str) -> bool:
    """Whether the rows of the table are in no backup."""
    table = metadata.tables.get(name)
    return table is not None and table.info.get("backup") == "none"
