"""Who may use a node: its keys, acts that await a second officer, and what was looked at."""

from __future__ import annotations

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of access."""
