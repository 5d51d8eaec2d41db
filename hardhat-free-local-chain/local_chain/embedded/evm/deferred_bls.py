"""Puts off importing py-evm's BLS12-381 contracts, which nobody here calls, until one is called.

Their import computes tables for 0.4 s, a third of the time a command would need to open a chain.
A stand-in module takes their name before py-evm is imported; each of its functions loads the real
module when called, so that the rules of the chain stay exactly those of Prague.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eth.abc import ComputationAPI

_MODULE = "eth.precompiles.bls12_381"
_CONTRACTS = (
    "bls12_g1_add",
    "bls12_g1_msm",
    "bls12_g2_add",
    "bls12_g2_msm",
    "bls12_map_fp2_to_g2",
    "bls12_map_fp_to_g1",
    "bls12_pairing_check",
)


def install() -> None:
    """Register the stand-in, unless py-evm has already loaded the real module."""
    if _MODULE not in sys.modules:
        stand_in = ModuleType(_MODULE)
        for name in _CONTRACTS:
            setattr(stand_in, name, _defer(name))
        sys.modules[_MODULE] = stand_in


def _defer(name: str) -> Callable[[ComputationAPI], ComputationAPI]:
    def run(computation: ComputationAPI) -> ComputationAPI:
        contract: Callable[[ComputationAPI], ComputationAPI] = getattr(_load(), name)
        return contract(computation)

    return run


def _load() -> ModuleType:
    module = sys.modules[_MODULE]
    if module.__spec__ is None:  # ours; what the import system makes has a specification
        del sys.modules[_MODULE]
        module = importlib.import_module(_MODULE)
    return module
