"""Settings with which no node could run are told before one is started, and named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.config import CONFIG_NAME, Config
from ledger.errors import MalformedInputError, NotFoundError
from ledger.identifiers import MemberId
from node_api.serving.preflight import check_settings
from node_api.settings import SETTINGS_NAME, NodeSettings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    Config(MemberId.parse("500000"), "重庆市", "chain").store(tmp_path / CONFIG_NAME)
    (tmp_path / "not.pem").write_text("no certificate")
    return tmp_path


def test_the_defaults_pass(home: Path) -> None:
    check_settings(home, NodeSettings())


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ('relying_region = "Sichuan"', "relying_region"),
        ('[auth.approvals]\noperations = ["vtoe"]', "auth.approvals.operations"),
        ('[tls]\ncertificate = "{home}/none.pem"\nkey = "{home}/not.pem"', "tls.certificate"),
        ('[tls]\ncertificate = "{home}/not.pem"\nkey = "{home}/not.pem"', "tls.key"),
        (
            '[deliveries.peers."510000"]\nurl = "https://sc.example"\nca_file = "{home}/not.pem"',
            "deliveries.peers.510000.ca_file",
        ),
    ],
)
def test_what_cannot_be_used_is_named_with_its_file(home: Path, lines: str, field: str) -> None:
    (home / SETTINGS_NAME).write_text(lines.replace("{home}", str(home)))
    with pytest.raises(MalformedInputError, match=SETTINGS_NAME) as refused:
        check_settings(home, NodeSettings.load(home))
    assert refused.value.field == field


def test_a_directory_that_is_no_home_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        check_settings(tmp_path, NodeSettings())
