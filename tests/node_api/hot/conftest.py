from __future__ import annotations

from tests.ledger.actions.conftest import founded, ledger

__all__ = ["founded", "ledger"]
