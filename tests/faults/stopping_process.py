"""What a process does that the nursery forked: DIRECTORY ACTION MOMENT OCCURRENCE [SOURCE].

Does one action in a ledger's directory and kills itself, as kill -9 does, when a moment comes for
the given time. For the moment `all` it goes on to its end and prints how often each came.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ledger.actions.decisions import LifecycleAct
from ledger.actions.founding import found_ledger
from ledger.actions.issuance.outcome import IssuanceLimits
from ledger.actions.issuers import register_department, rotate_seal_key
from ledger.actions.lifecycle import change_status
from ledger.chain.account_state import AccountState
from ledger.config import Config
from ledger.identifiers import RegionCode
from ledger.vault.acts import Acts
from ledger.vault.batches import Batches
from ledger.vault.certificates import Certificates
from ledger.vault.key_files import KeyFiles
from ledger.vault.outbox import Outbox
from ledger.vault.runs import Runs
from tests.faults.moments import Moment, count_all, stop_at
from tests.ledger.actions.homes import DECISION, HOUSING, TRANSPORT, Ledger, identify

LIMITS = IssuanceLimits(batch_rows=10, chunk_rows=4, chunks_in_flight=1, chunks_staged_together=1)
IN_WORKERS = IssuanceLimits(batch_rows=512, chunk_rows=64, workers_from_bytes=0)
REVOKED = (1, 3)
NEVER = "never"
ALL = "all"

MOMENTS = {
    "run begun": Moment(Runs, "begin"),
    "batch opened": Moment(Batches, "open"),
    "chunk staged": Moment(Certificates, "stage"),
    "batch closed": Moment(Batches, "close"),
    "transaction kept": Moment(Outbox, "add"),
    "transaction sent": Moment(AccountState, "send"),
    "receipt seen": Moment(Outbox, "mark_all_mined", is_before=True),
    "transaction settled": Moment(Outbox, "mark_all_mined"),
    "batch anchored": Moment(Batches, "mark_anchored"),
    "run ending": Moment(Runs, "finish", is_before=True),
    "act kept": Moment(Acts, "record"),
    "act ending": Moment(Acts, "mark", is_before=True),
    "seal key kept": Moment(KeyFiles, "store_seal_key"),
    "settings stored": Moment(Config, "store"),
}


def act(ledger: Ledger, action: str, source: Path) -> None:
    """One of the actions that are interrupted."""
    if action == "issue":
        ledger.issue(source, limits=LIMITS)
    elif action == "issue in workers":
        ledger.issue(source, limits=IN_WORKERS)
    elif action == "issue beside":  # anchors while it seals
        ledger.issue(source, limits=IN_WORKERS, skip_invalid=True)
    else:
        with ledger.open() as workspace:
            if action == "revoke":
                ids = [identify(number) for number in REVOKED]
                change_status(workspace, LifecycleAct.REVOKE, ids, DECISION)
            elif action == "register":
                region = RegionCode.parse("500000")
                register_department(workspace, TRANSPORT, "交通（虚构）", region)
            elif action == "rotate":
                rotate_seal_key(workspace, HOUSING)
            elif action == "found":
                found_ledger(workspace)


def run(arguments: Sequence[str]) -> None:
    """What a process of this kind does."""
    directory, action, moment, occurrence, *source = arguments
    counts = count_all(MOMENTS) if moment == ALL else None
    if moment in MOMENTS:
        stop_at(MOMENTS[moment], int(occurrence))
    print("ready", flush=True)
    act(Ledger(Path(directory)), action, Path(*source))
    if counts is not None:
        print(json.dumps(counts))
