from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger.formats.envelope import DeliveryKind
from ledger.vault.delivery_tables import DeliveryState
from tests.support.command_line import Issued
from tests.support.consortium import ISSUERS, SICHUAN
from zhenglian.delivery_words import describe_delivery_state, describe_kind
from zhenglian.language import Language


@pytest.mark.parametrize("kind", DeliveryKind)
def test_every_kind_has_words(kind: DeliveryKind) -> None:
    assert not describe_kind(kind.value, Language.ZH).isascii()


@pytest.mark.parametrize("state", DeliveryState)
def test_every_state_has_words(state: DeliveryState) -> None:
    assert not describe_delivery_state(state.value, Language.ZH).isascii()


def test_a_file_waits_until_a_node_sends_it(issued: Issued, tmp_path: Path) -> None:
    clerk, file = issued.chongqing, tmp_path / "result.json"
    file.write_text(json.dumps({"result": "granted"}))
    told = ("send", file, "--to", ISSUERS[SICHUAN], "--kind", "result", "--about", "案件一")
    queued = clerk.json(*told)
    assert (queued["state"], queued["kind"], queued["name"]) == ("queued", "result", "result.json")
    assert clerk.json(*told)["delivery_id"] == queued["delivery_id"]
    short = queued["delivery_id"][:12]
    (listed,) = clerk.json("outgoing", "list")["deliveries"]
    assert listed == clerk.json("outgoing", "show", short) == queued
    shown = clerk.run("outgoing", "list").stdout
    assert "案件一" in shown
    assert "waiting" in shown
    assert clerk.json("outgoing", "retry", short)["state"] == "queued"
    assert clerk.json("inbox", "list")["deliveries"] == []
    assert "empty" in clerk.run("inbox", "list").stdout
    refused = clerk.json("inbox", "take", short, "--out", tmp_path / "taken", code=1)
    assert refused["error"]["code"] == "delivery_not_here"
    assert clerk.json("outgoing", "show", "ffff", code=1)["error"]["code"] == "delivery_unknown"
