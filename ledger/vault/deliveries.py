"""Deliveries of a vault: what waits to be sent, and what came in.

Everything is stored before anything is said of it: a delivery before its first byte leaves, a part
before it is told to be here, a receipt before it is answered. So whoever is killed when, the next
run goes on where this one was.
"""

from __future__ import annotations

from ledger.vault.incoming import IncomingDeliveries
from ledger.vault.outgoing import OutgoingDeliveries


class Deliveries(OutgoingDeliveries, IncomingDeliveries):
    """The deliveries of a vault."""
