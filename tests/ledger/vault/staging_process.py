"""Stages certificates into the one open batch of a vault until it is killed.

Prints the batch's count after each acknowledgement: what has been printed must never be lost.
Run as `python -m tests.ledger.vault.staging_process DIRECTORY CHUNK`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ledger.vault.tables import BatchState
from tests.ledger.vault.vaults import new_batch, open_vault, stage


def main(directory: Path, chunk: int) -> None:
    with open_vault(directory) as vault:
        batch = next(iter(vault.batches.in_state(BatchState.OPEN)), None)
        batch = batch or vault.batches.open(new_batch())
        position = batch.count
        while True:
            identifiers = [f"certificate {position + n}" for n in range(chunk)]
            stage(vault, batch, *identifiers, first=position)
            position += chunk
            print(position, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
