"""ethers 6 uses the served chain as any node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.local_chain.embedded.contracts import NOTEBOOK_INITCODE, word
from tests.local_chain.embedded.session import hex_of
from tests.support.served_chain import ROOT, serve_chain

ETHERS = ROOT / "contracts/node_modules/ethers/lib.esm/index.js"


@pytest.mark.skipif(
    shutil.which("node") is None or not ETHERS.exists(),
    reason="`make test` installs ethers; otherwise `npm ci` in contracts/",
)
def test_ethers_deploys_writes_listens_and_sees_reasons(directory: Path) -> None:
    client = Path(__file__).with_name("ethers_client.mjs")
    with serve_chain(directory) as served:
        arguments = [ETHERS.as_uri(), served.url, hex_of(word(8)), hex_of(NOTEBOOK_INITCODE)]
        finished = subprocess.run(
            ["node", client, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,  # a client that waits for ever must not hold up all the others
        )
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout) == {
        "chainId": 23116,
        "fees": ["0", "null", "null"],  # a base fee of 0 makes ethers choose the legacy type
        "types": [0, 2],
        "statuses": [1, 1],
        "heard": {"data": hex_of(word(55)), "isOfThatTransaction": True},
        "logs": [hex_of(word(44)), hex_of(word(55))],
        "stored": hex_of(word(55)),
        "finalizedIsHead": True,
        "refusal": {"code": "CALL_EXCEPTION", "name": "NotMandated", "issuer": 7},
        "reason": "未获授权",
        "blocks": [0, 1, 2, 3, *[None] * 16],
    }
