"""A home with a filled vault and no chain, for tests that kill backups, restorations and the like.

Run as `python -m tests.support.keeping ACT ARGUMENT...` it does one act, and says "ready" when it
begins and "done" when it has acknowledged it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.actions.backup import make_backup
from ledger.actions.founding import create_home
from ledger.actions.passphrase import change_passphrase
from ledger.actions.restoration import restore_backup
from ledger.chain.engines import ChainLocation
from ledger.identifiers import MemberId
from ledger.vault import key_files
from ledger.vault.passphrase import ScryptCost
from ledger.vault.store import Vault
from ledger.workspace import Workspace
from tests.ledger.vault.vaults import new_batch, seal

PASSPHRASE = "a passphrase for tests"
NEW_PASSPHRASE = "another passphrase for tests"
CHEAP = ScryptCost(n=2, r=1, p=1)
_AT_ONCE = 1000


@contextmanager
def cheap_key_files() -> Iterator[None]:
    """Lets this process write key files that cost nothing to open, for a while."""
    before = key_files._KDF_ROUNDS, key_files._MAC_ROUNDS
    key_files._KDF_ROUNDS = key_files._MAC_ROUNDS = 2
    try:
        yield
    finally:
        key_files._KDF_ROUNDS, key_files._MAC_ROUNDS = before


def make_home(home: Path, certificates: int) -> None:
    """A home of Chongqing whose vault has so many certificates, each of a kilobyte."""
    chain = ChainLocation.parse(str(home.parent / "no chain"))
    member = MemberId.parse("500000")
    with cheap_key_files():
        create_home(home, member, "重庆市", chain, PASSPHRASE, vault_cost=CHEAP)
    with Vault.open(home / "vault", PASSPHRASE) as vault:
        batch = vault.batches.open(new_batch())
        for start in range(0, certificates, _AT_ONCE):
            positions = range(start, min(start + _AT_ONCE, certificates))
            vault.certificates.stage(
                batch.pk, [seal(vault.row_cipher, name_of(p), p, content_of(p)) for p in positions]
            )


def name_of(position: int) -> str:
    return f"certificate {position}"


def content_of(position: int) -> bytes:
    return name_of(position).encode().ljust(1000, b".")


def require_whole(home: Path, certificates: int, passphrase: str = PASSPHRASE) -> None:
    """Every certificate is there and can be read."""
    with Vault.open(home / "vault", passphrase, lock_timeout_s=0.0) as vault:
        assert vault.integrity_check() == []
        count = 0
        for stored in vault.certificates.iterate(1):
            assert vault.certificates.decrypt(stored) == content_of(stored.position)
            count += 1
        assert count == certificates


def _act(name: str, first: Path, second: Path) -> None:
    if name == "backup":
        with Workspace.open(first, PASSPHRASE) as workspace:
            make_backup(workspace, second)
    elif name == "restore":
        restore_backup(first, second, PASSPHRASE)
    elif name == "passphrase":
        with cheap_key_files():
            change_passphrase(first, PASSPHRASE, NEW_PASSPHRASE, vault_cost=CHEAP)


if __name__ == "__main__":
    print("ready", flush=True)
    _act(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    print("done", flush=True)
