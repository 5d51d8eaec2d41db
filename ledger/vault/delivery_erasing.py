"""Destroying what a delivery held: the key to it, what it was about, and its body.

In the register of erasures a delivery is "delivery:" and its id in hexadecimal.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from ledger.vault.delivery_tables import delivery_parts, delivery_secrets

_PREFIX = "delivery:"


def delivery_identifier(delivery_id: bytes) -> str:
    """What a delivery is called in the register of erasures."""
    return _PREFIX + delivery_id.hex()


def destroy_delivery(connection: Connection, identifier: str) -> None:
    """Destroy it, if the identifier is a delivery's."""
    if not identifier.startswith(_PREFIX):
        return
    delivery_id = bytes.fromhex(identifier.removeprefix(_PREFIX))
    for table in (delivery_secrets, delivery_parts):
        connection.execute(delete(table).where(table.c.delivery == delivery_id))


def find_readable_deliveries(connection: Connection) -> set[str]:
    """The identifiers of deliveries whose key is there."""
    found = connection.scalars(select(delivery_secrets.c.delivery))
    return {delivery_identifier(delivery_id) for delivery_id in found}
