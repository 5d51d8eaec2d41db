"""The officer behind a commitment, where this home keeps the name."""

from __future__ import annotations

from ledger.errors import NotFoundError, StorageError
from ledger.workspace import Workspace

_NO_COMMITMENT = bytes(32)


def tell_officer(workspace: Workspace | None, commitment: bytes) -> str:
    """The officer if this home knows; else that there is one; empty where nobody is named.

    Args:
        workspace: whose vault to ask, None to ask none.
        commitment: 32 bytes.
    """
    if commitment == _NO_COMMITMENT:
        return ""
    told = f"commitment {commitment.hex()[:16]}…"
    if workspace is not None:
        try:
            return workspace.vault.acts.open_officer(commitment).officer
        except NotFoundError:
            pass
        except StorageError:  # named by `fsck`; the rest of the trail is as good as before
            return f"unreadable, {told}"
    return told
