"""What tests make is cheap to guess: a passphrase is stretched as in a product, but hardly.

Nothing else changes, and each file tells its own rounds: whatever opens it, in this process or in
another, needs no hint. What a process of its own makes costs what it costs everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ledger.actions import founding, passphrase
from ledger.vault import key_files
from ledger.vault.passphrase import ScryptCost

CHEAP = ScryptCost(n=2, r=1, p=1)
_FULL = key_files._KDF_ROUNDS, key_files._MAC_ROUNDS


@contextmanager
def stretch_hardly() -> Iterator[None]:
    """For the length of a block, in this process."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(key_files, "_KDF_ROUNDS", 1)
        patched.setattr(key_files, "_MAC_ROUNDS", 2)
        for action in (founding.create_home, passphrase.change_passphrase):
            patched.setitem(action.__kwdefaults__, "vault_cost", CHEAP)
        yield


@contextmanager
def stretch_fully() -> Iterator[None]:
    """Has key files made in a block cost what they cost everybody."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(key_files, "_KDF_ROUNDS", _FULL[0])
        patched.setattr(key_files, "_MAC_ROUNDS", _FULL[1])
        yield
