from __future__ import annotations

from tests.ledger.actions.conftest import admitted, founded, issued, ledger, provinces

__all__ = ["admitted", "founded", "issued", "ledger", "provinces"]
