"""Settings of a node: a commented file, environment before it, secrets beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ledger.errors import MalformedInputError, NotFoundError, StorageError
from node_api.auth.settings import ClaimNames, OidcSettings
from node_api.settings import (
    SETTINGS_NAME,
    NodeSettings,
    find_credential,
    read_secret,
    write_template,
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_template(tmp_path / SETTINGS_NAME, "127.0.0.1:9000")
    return tmp_path


def test_the_template_is_the_defaults_but_for_its_address(home: Path) -> None:
    assert NodeSettings.load(home) == NodeSettings(listen="127.0.0.1:9000")


def test_every_commented_setting_of_the_template_can_be_uncommented(home: Path) -> None:
    """What the template shows as the default is a setting, and is its default."""
    path = home / SETTINGS_NAME
    lines = path.read_text("utf-8").splitlines()
    shown = [
        line.removeprefix("#") if line.startswith("#") and line[1:2] not in (" ", "") else line
        for line in lines
    ]
    examples = ("passphrase_file", "[tls]", "certificate", "key =")
    kept = [line for line in shown if not line.startswith(examples)]
    path.write_text("\n".join(kept), "utf-8")
    assert NodeSettings.load(home) == NodeSettings(listen="127.0.0.1:9000")


def test_the_template_shows_every_setting(home: Path) -> None:
    text = (home / SETTINGS_NAME).read_text("utf-8")
    by_example = {"tls", "peers", "oidc", "approvals"}
    for name, value in NodeSettings.load(home).model_dump().items():
        for setting in value if isinstance(value, dict) else (name,):
            shown = setting in by_example or re.search(rf"^#?{setting} = ", text, re.MULTILINE)
            assert shown, f"{name}: {setting}"


def test_the_template_shows_every_setting_of_an_identity_provider(home: Path) -> None:
    text = (home / SETTINGS_NAME).read_text("utf-8")
    for setting in (*OidcSettings.model_fields, *ClaimNames.model_fields):
        assert re.search(rf"^#   (?:{setting} = |\[auth\.oidc\.{setting}\])", text, re.MULTILINE)


def test_the_environment_comes_before_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGLIAN_NODE_WORKERS", "5")
    monkeypatch.setenv("ZHENGLIAN_NODE_ISSUING__INTERVAL_S", "0.5")
    settings = NodeSettings.load(home)
    assert (settings.workers, settings.issuing.interval_s) == (5, 0.5)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("wrokers = 2", "wrokers"),
        ('workers = "many"', "workers"),
        ("workers = -1", "workers"),
        ('listen = "8480"', "listen"),
        ("[issuing]\ninterval_s = 0", "issuing.interval_s"),
        ('[limits]\nreads = "often"', "limits.reads"),
        ('[log]\nlevel = "loud"', "log.level"),
        ('[deliveries.peers."510000"]\nurl = "sc"', "deliveries.peers.510000.url"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(tmp_path: Path, line: str, field: str) -> None:
    (tmp_path / SETTINGS_NAME).write_text(line)
    with pytest.raises(MalformedInputError) as refused:
        NodeSettings.load(tmp_path)
    assert refused.value.field == field
    assert SETTINGS_NAME in refused.value.message


def test_a_wrong_variable_of_the_environment_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHENGLIAN_NODE_ISSUING__WAIT_S", "long")
    with pytest.raises(MalformedInputError, match="ZHENGLIAN_NODE_ISSUING__WAIT_S") as refused:
        NodeSettings.load(home)
    assert refused.value.field == "issuing.wait_s"


def test_a_peer_that_is_no_member_is_named(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_NAME).write_text(
        '[deliveries.peers."Sichuan"]\nurl = "https://sc.example"'
    )
    with pytest.raises(MalformedInputError, match=f"{SETTINGS_NAME}.*Sichuan"):
        NodeSettings.load(tmp_path)


def test_no_template_is_written_for_an_address_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(MalformedInputError, match="ADDRESS:PORT"):
        write_template(tmp_path / SETTINGS_NAME, "nonsense")
    assert not (tmp_path / SETTINGS_NAME).exists()


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_NAME).write_text("listen = ")
    with pytest.raises(MalformedInputError, match="not a TOML file"):
        NodeSettings.load(tmp_path)


def test_without_settings_it_is_told_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="zhenglian node init"):
        NodeSettings.load(tmp_path)


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    path.write_text("correct horse\n")
    path.chmod(0o644)
    with pytest.raises(StorageError) as refused:
        read_secret(path)
    assert refused.value.code == "secret_exposed"
    path.chmod(0o600)
    assert read_secret(path) == "correct horse"


def test_the_service_managers_credential_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert find_credential("passphrase") is None
    (tmp_path / "passphrase").touch()
    assert find_credential("passphrase") == tmp_path / "passphrase"
