"""Destroying what a case has of people: its papers' data keys, and what it relied on.

In the register of erasures a case is "case:" and its id in hexadecimal.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from ledger.vault.case_tables import case_documents, case_keys, reliances

_PREFIX = "case:"


def case_identifier(case_id: bytes) -> str:
    """What a case is called in the register of erasures."""
    return _PREFIX + case_id.hex()


def destroy_case(connection: Connection, identifier: str) -> None:
    """Destroy it, if the identifier is a case's."""
    if not identifier.startswith(_PREFIX):
        return
    case_id = bytes.fromhex(identifier.removeprefix(_PREFIX))
    of_case = select(case_documents.c.id).where(case_documents.c.case_id == case_id)
    connection.execute(delete(case_keys).where(case_keys.c.document.in_(of_case)))
    connection.execute(delete(reliances).where(reliances.c.case_id == case_id))


def find_readable_cases(connection: Connection) -> set[str]:
    """The identifiers of cases of which there are papers that can be read, or references."""
    with_keys = select(case_documents.c.case_id).join(case_keys)
    found = connection.scalars(with_keys.union(select(reliances.c.case_id)))
    return {case_identifier(case_id) for case_id in found}
