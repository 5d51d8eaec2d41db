"""Several provinces' processes share one chain over HTTP, and the process that serves it dies."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from ledger.actions.fsck import fsck
from ledger.actions.issuance.loop import issue_file
from ledger.actions.issuance.outcome import IssuanceLimits, IssuanceProgress
from ledger.errors import ChainUnavailableError
from ledger.vault.tables import RunState
from tests.ledger.actions.homes import identify, write_file
from tests.support.command_line import CommandLine
from tests.support.consortium import (
    CHONGQING,
    ISSUER,
    ISSUERS,
    PASSPHRASE,
    SAFETY_STAFF,
    SICHUAN,
    Consortium,
)
from tests.support.served_chain import ROOT, ServedChain, serve_chain, start_serving

EXAMPLE = ROOT / "examples" / "W011-chongqing-2000.csv"
SHOWN = "1.2.156.3005.2.11100000000013338W011.11500000000000001G.20230000001.001.1"
DEATHS = 3
PROGRAM = (sys.executable, "-c", "from zhenglian.app import main; main()")


def start_issuing(clerk: CommandLine, file: Path) -> subprocess.Popen[str]:
    """`zhenglian issue` in a process of its own."""
    own = {"ZHENGLIAN_HOME": str(clerk.home), "ZHENGLIAN_PASSPHRASE": PASSPHRASE}
    search = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [*PROGRAM, "issue", str(file), "--json"],
        env=os.environ | own | {"PYTHONPATH": search},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(running: subprocess.Popen[str]) -> Any:
    """What it reports."""
    said, complaint = running.communicate()
    assert running.returncode == 0, complaint
    return json.loads(said)


def test_provinces_found_issue_and_verify_on_one_served_chain(tmp_path: Path) -> None:
    chongqing = CommandLine(tmp_path / "chongqing")
    sichuan = CommandLine(tmp_path / "sichuan")
    expired, lasting = tmp_path / "expired.zhenglian.json", tmp_path / "lasting.zhenglian.json"
    with serve_chain(tmp_path / "chain") as served:
        chain = ("--chain", served.url)
        chongqing.run("init", "--region", "500000", "--name", "重庆市", *chain, "--found")
        sichuan.run("init", "--region", "510000", "--name", "四川省", *chain)
        proposal = chongqing.json("govern", "propose", "admit", sichuan.home / "application.json")
        chongqing.run("govern", "vote", proposal["proposal_id"][:8], "--approve")
        for clerk, member in ((chongqing, CHONGQING), (sichuan, SICHUAN)):
            clerk.run("issuer", "register", ISSUERS[member], "--name", "某部门")
            clerk.run("issuer", "mandate", ISSUERS[member], "W011")

        own = write_file(tmp_path / "sichuan.csv", range(1, 2_001), issuer=ISSUERS[SICHUAN])
        together = [start_issuing(chongqing, EXAMPLE), start_issuing(sichuan, own)]
        assert [finish(running)["issued"] for running in together] == [2_000, 2_000]

        chongqing.run("present", SHOWN, "--disclose", "姓名,证书编号", "--out", expired)
        pact = tmp_path / "both.pact.json"
        sichuan.run("recognise", "pact", "draft", "510000", "500000", "--out", pact)
        for clerk in (sichuan, chongqing):
            clerk.run("recognise", "pact", "sign", pact, "--yes")
        report = sichuan.json("verify", expired, code=10)  # its period ended in January 2026
        assert [check["name"] for check in report["checks"] if check["outcome"] == "FAILED"] == [
            "validity_period"
        ]
        sichuan.run("present", identify(1, issuer=ISSUERS[SICHUAN]), "--out", lasting)
        assert chongqing.json("verify", lasting)["outcome"] == "PASSED"

        roots = [clerk.json("log", "root") for clerk in (chongqing, sichuan)]
        assert len({root[f"{kind}_root"] for root in roots for kind in ("chain", "index")}) == 1
        for clerk in (chongqing, sichuan):
            assert clerk.json("fsck")["problems"] == []
        assert served.stop() == 0


class MortalServer:
    """Serves a consortium's chain at one address; is killed, and is there again when called."""

    def __init__(self, consortium: Consortium) -> None:
        self._directory = consortium.chain
        self._served: ServedChain = start_serving(self._directory)
        self._port = self._served.port
        self.deaths = 0
        consortium.set_chain_of_all(self._served.url)

    def kill(self) -> None:
        self._served.process.kill()

    def raise_again(self) -> None:
        """Once it is dead."""
        self.deaths += 1
        self._served.process.communicate()
        self._served = start_serving(self._directory, port=self._port)

    def stop(self) -> None:
        self._served.stop()
        self._served.process.communicate()


def test_issuing_goes_on_whenever_the_serving_process_was_killed(consortium: Consortium) -> None:
    source, timers = random.Random(11), list[threading.Timer]()
    server = MortalServer(consortium)
    limits = IssuanceLimits(batch_rows=100, chunk_rows=50)

    def kill_soon(_: IssuanceProgress) -> None:
        if server.deaths < DEATHS and source.random() < 0.2:
            timers.append(threading.Timer(source.uniform(0, 0.1), server.kill))
            timers[-1].start()

    state = None
    while state is not RunState.COMPLETED:
        try:
            with consortium.open() as workspace:
                state = issue_file(
                    workspace, EXAMPLE, ISSUER, SAFETY_STAFF, limits=limits, notify=kill_soon
                ).state
        except ChainUnavailableError:
            for timer in timers:
                timer.join()
            server.raise_again()
    for timer in timers:
        timer.join()
    server.kill()
    server.raise_again()
    assert server.deaths > DEATHS
    with consortium.open() as workspace:
        again = issue_file(workspace, EXAMPLE, ISSUER, SAFETY_STAFF, limits=limits)
        assert (again.issued, again.already_issued) == (0, 2_000)
        assert workspace.submitter.resolve_unfinished() == []
        workspace.sync_index()
        assert fsck(workspace).problems == ()
        root = workspace.index.root()
    with consortium.open(SICHUAN) as workspace:
        workspace.sync_index()
        assert workspace.index.root() == root
    server.stop()
