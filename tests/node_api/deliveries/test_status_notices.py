"""Who was given a certificate is told by itself, once, when its status changes (审管衔接)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.actions.decisions import LifecycleAct
from ledger.actions.deliveries.inbox import (
    list_inbox,
    list_outgoing,
    send_content,
    take_delivery,
)
from ledger.actions.deliveries.limits import DEFAULT_LIMITS
from ledger.actions.deliveries.status_notices import Regulators, queue_status_notices
from ledger.actions.issuance.loop import issue_file
from ledger.actions.presentation import present
from ledger.actions.replacement_orders import replace_by_row
from ledger.actions.status_orders import change_status_of_one
from ledger.errors import StorageError
from ledger.formats.envelope import DeliveryKind
from ledger.identifiers import CertificateId, Uscc
from ledger.vault.delivery_tables import DeliveryState
from ledger.workspace import Workspace
from node_api.deliveries.noticing import StatusNoticing
from tests.node_api.deliveries.delivery_nodes import Pair
from tests.support.command_line import make_id, make_row, write_csv
from tests.support.consortium import ISSUER, ISSUERS, SAFETY_STAFF, SICHUAN

HANDLER = ISSUERS[SICHUAN]
FIRST, SECOND = CertificateId.parse(make_id(1)), CertificateId.parse(make_id(2))
BASIS = "《某条例》第十四条"
ALL: Regulators = {SAFETY_STAFF: (HANDLER,)}
NOTICE = DeliveryKind.STATUS_NOTICE


@pytest.fixture
def issued(fresh_pair: Pair, tmp_path: Path) -> Pair:
    """Chongqing has issued two certificates."""
    file = write_csv(tmp_path / "two.csv", [make_row(1), make_row(2)])
    assert issue_file(fresh_pair.sender.workspace, file, ISSUER, SAFETY_STAFF).issued == 2
    return fresh_pair


def deliver(home: Workspace, certificate: CertificateId, subject: str = "") -> str:
    document = present(home, certificate, None).to_json()
    kind = DeliveryKind.PRESENTATION
    return send_content(home, kind, HANDLER, document, subject=subject).subject


def change(home: Workspace, act: LifecycleAct, certificate: CertificateId, reason: str) -> None:
    change_status_of_one(home, act, certificate, reason, BASIS)
    home.sync_index()


def look(home: Workspace, regulators: Regulators | None = None, first: int | None = None) -> int:
    """How many notices a look queues."""
    return len(queue_status_notices(home, regulators or {}, first).queued)


def read_notices(pair: Pair) -> list[dict[str, Any]]:
    """What arrived, in the order of the log: several come within a second."""
    pair.sender.send_due()
    pair.receiver.settle()
    home = pair.receiver.workspace
    found = [each for each in list_inbox(home) if each.kind is NOTICE]
    notices = [json.loads(take_delivery(home, each.delivery_id)) for each in found]
    return sorted(notices, key=lambda notice: int(notice["log_index"]))


def test_whoever_was_given_a_certificate_is_told_of_each_change_once(issued: Pair) -> None:
    home = issued.sender.workspace
    assert deliver(home, FIRST, "随函") == f"{FIRST} 随函"
    assert look(home) == 0
    change(home, LifecycleAct.SUSPEND, SECOND, "02")
    assert look(home) == 0  # nobody was given this one
    change(home, LifecycleAct.SUSPEND, FIRST, "02")
    assert look(home) == 1
    assert look(home) == 0
    change(home, LifecycleAct.RESTORE, FIRST, "01")
    row = make_row(1) | {"证照标识": make_id(1, "002")}
    replace_by_row(home, FIRST, row, "04", BASIS)
    home.sync_index()
    assert look(home) == 2

    suspended, restored, replaced = read_notices(issued)
    (told,) = suspended["certificates"]
    assert told == {
        "certificate_id": str(FIRST),
        "position": 0,
        "before": "valid",
        "after": "suspended",
    }
    assert (suspended["format"], suspended["legal_basis"]) == ("zhenglian-status-notice/1", BASIS)
    assert (suspended["issuer"], suspended["reason_code"]) == (str(ISSUER), 2)
    entry = home.index.entry(suspended["log_index"])
    assert entry.time_unix == suspended["recorded_at_unix"]
    assert restored["certificates"][0]["after"] == "valid"
    assert replaced["certificates"][0]["replaced_by"] == make_id(1, "002")
    assert "王小明" not in json.dumps([suspended, restored, replaced], ensure_ascii=False)


def test_notice_is_queued_by_the_next_run_of_a_node_that_was_killed_before(issued: Pair) -> None:
    home = issued.sender.workspace
    deliver(home, FIRST)
    change(home, LifecycleAct.REVOKE, FIRST, "07")  # and the node is killed here
    noticing = StatusNoticing(home, issued.sender.settings)
    noticing.queue_new()
    noticing.queue_new()
    StatusNoticing(home, issued.sender.settings).queue_new()  # as after another start
    assert len(read_notices(issued)) == 1


def test_notice_that_could_not_be_stored_is_queued_by_the_next_look(
    issued: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = issued.sender.workspace
    deliver(home, FIRST)
    change(home, LifecycleAct.REVOKE, FIRST, "07")
    noticing = StatusNoticing(home, issued.sender.settings)

    def refuse(*_: object) -> None:
        raise StorageError("full")

    with monkeypatch.context() as broken:
        broken.setattr(type(home.vault.deliveries), "queue", refuse)
        with pytest.raises(StorageError):
            noticing.queue_new()
    noticing.queue_new()
    assert [each.kind for each in list_outgoing(home)].count(NOTICE) == 1


def test_regulator_is_told_of_every_change_of_a_type(issued: Pair) -> None:
    home = issued.sender.workspace
    deliver(home, FIRST)
    change(home, LifecycleAct.REVOKE, SECOND, "07")
    assert look(home) == 0
    assert look(home, ALL) == 1
    assert look(home, ALL) == 0
    (notice,) = read_notices(issued)
    assert [each["certificate_id"] for each in notice["certificates"]] == [str(SECOND)]


def test_department_that_cannot_be_told_keeps_no_other_from_being_told(issued: Pair) -> None:
    home, nobody = issued.sender.workspace, Uscc.build("11530000000000009")
    change(home, LifecycleAct.REVOKE, FIRST, "07")
    done = queue_status_notices(home, {SAFETY_STAFF: (nobody, ISSUER, HANDLER)})
    assert done.refused == [(nobody, "department_unknown")]
    assert len(done.queued) == 1


def test_what_is_older_than_a_delivery_is_tried_is_told_to_nobody(issued: Pair) -> None:
    home = issued.sender.workspace
    change(home, LifecycleAct.REVOKE, FIRST, "07")
    issued.clock.ahead_s += DEFAULT_LIMITS.give_up_s + 3_600
    assert look(home, ALL) == 0


def test_certificate_of_another_home_is_no_news_of_ours(issued: Pair) -> None:
    document = present(issued.sender.workspace, FIRST, None).to_json()
    theirs, kind = issued.receiver.workspace, DeliveryKind.PRESENTATION
    sent = send_content(theirs, kind, ISSUER, document, subject="退回")
    assert (sent.subject, sent.state) == ("退回", DeliveryState.QUEUED)
