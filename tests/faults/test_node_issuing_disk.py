"""On a full disk a batch of requests is refused whole; once there is room, all of it goes on."""

from __future__ import annotations

from pathlib import Path

from tests.faults.small_disk import run_on_small_disk
from tests.ledger.actions.homes import Ledger

FILL = """
import shutil, sys, time
from pathlib import Path

from ledger.actions.fsck import fsck
from ledger.actions.issuance.group import GroupIssuer
from ledger.actions.issuance.request import RequestState, find_request
from ledger.actions.issuance.tickets import WaitingRoom
from ledger.errors import LedgerError, NotFoundError
from ledger.vault.tables import BatchState
from tests.ledger.actions.homes import CHONGQING, HOUSING, Ledger
from tests.ledger.actions.issuance.test_group import QUICK, ask

disk, ledger = Path(sys.argv[1]), Ledger(Path(sys.argv[2]))
vault = ledger.home(CHONGQING) / "vault"
shutil.copytree(vault, disk / "vault")
shutil.rmtree(vault)
vault.symlink_to(disk / "vault")
ballast = disk / "ballast"
ballast.write_bytes(bytes(24 << 20))
with ledger.open() as workspace:
    with GroupIssuer(workspace, QUICK) as issuer:
        room, tickets, count = WaitingRoom(), [], 0
        while not any(ticket.error for ticket in tickets) and count < 20_000:
            some = []
            while len(some) < 200:
                try:
                    some.append(issuer.hand_in(ask(count), room))
                    count += 1
                except LedgerError:
                    time.sleep(0.1)
            room.wait(lambda: all(t.is_settled or t.is_staged for t in some), 5)
            tickets += some
        refused = [ticket for ticket in tickets if ticket.error]
        print(*{getattr(ticket.error, "code", ticket.error) for ticket in refused})
        for ticket in refused:
            try:
                find_request(workspace, HOUSING, ticket.request.reference)
                print("half done", ticket.request.reference)
            except NotFoundError:
                pass
        assert workspace.vault.batches.in_state(BatchState.OPEN) == []
        ballast.unlink()
        room.wait(lambda: all(t.is_settled for t in tickets), 30)
        again = [issuer.hand_in(ask(n), room) for n in range(count) if tickets[n].error]
        room.wait(lambda: all(t.is_settled for t in again), 30)
        assert all(ticket.issued for ticket in again)
        states = {find_request(workspace, HOUSING, f"r-{n}").state for n in range(count)}
        print(*states)
    report = fsck(workspace)
    assert (report.problems, report.remarks) == ((), ()), report
    print(report.certificates - count)
"""


def test_a_full_disk_refuses_whole_batches_and_loses_none(ledger: Ledger, tmp_path: Path) -> None:
    refusal, states, difference = run_on_small_disk(
        tmp_path / "disk", 30 * 1024, FILL, ledger.directory
    )
    assert refusal == "disk_full"
    assert (states, difference) == ("issued", "0")
