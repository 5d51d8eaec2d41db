"""All that knows py-evm, read from version 0.12.1b1: its rules, its state, its import.

Whatever is imported from here, this file runs first and prepares what py-evm finds when it is
imported itself, which takes half a second and happens only when something is to be executed.
"""

from __future__ import annotations

import eth_hash.auto

from local_chain.embedded.evm import deferred_bls
from local_chain.embedded.keccak import keccak

# Left alone, eth-hash takes pycryptodome, which is 7 times slower.
eth_hash.auto.keccak.hasher = keccak  # type: ignore[assignment]  # called by position only
deferred_bls.install()
