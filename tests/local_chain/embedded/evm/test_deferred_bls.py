"""The deferred import changes when BLS12-381 is loaded, not what it answers."""

from __future__ import annotations

import subprocess
import sys

from tests.local_chain.embedded.session import Session

# RFC-independent vector of EIP-2537: adding the point at infinity to itself
INFINITY = "0x" + "00" * 256

PROGRAM = """
import sys
import local_chain.embedded.evm.machine
assert "eth.vm.forks.prague.state" in sys.modules
print("py_ecc.bls" in sys.modules)
"""


def test_importing_the_machine_does_not_load_bls() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert finished.stdout == "False\n"


def test_contract_answers_when_it_is_called(session: Session) -> None:
    addition = "0x" + (0x0B).to_bytes(20, "big").hex()
    answer = session.ask("eth_call", {"to": addition, "data": INFINITY}, "latest")
    assert answer == "0x" + "00" * 128
    again = session.ask("eth_call", {"to": addition, "data": INFINITY}, "latest")
    assert again == answer
