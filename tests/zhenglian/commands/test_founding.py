from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from ledger.identifiers import regions
from tests.support.command_line import CommandLine, at
from tests.support.consortium import Consortium

INIT = ("init", "--name", "贵州省", "--region", "520000")


@pytest.fixture
def newcomer(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "new")


def test_new_home_has_keys_vault_settings_and_an_application(
    newcomer: CommandLine, tmp_path: Path
) -> None:
    told = newcomer.json(*INIT, "--chain", tmp_path / "chain")
    assert (told["member"], told["name"], told["ledger_id"]) == ("520000", "贵州省", "")
    settings = tomllib.loads((newcomer.home / "zhenglian.toml").read_text("utf-8"))
    assert settings == {"member": "520000", "name": "贵州省", "chain": str(tmp_path / "chain")}
    assert Path(told["application"]).is_file()
    assert newcomer.home.stat().st_mode & 0o077 == 0


def test_home_is_made_once(newcomer: CommandLine, tmp_path: Path) -> None:
    newcomer.run(*INIT, "--chain", tmp_path / "chain")
    before = (newcomer.home / "application.json").read_bytes()
    error = newcomer.json(*INIT, "--chain", tmp_path / "chain", code=1)["error"]
    assert error["code"] == "home_exists"
    assert (newcomer.home / "application.json").read_bytes() == before


def test_founding_is_finished_by_the_same_command_and_then_done(
    newcomer: CommandLine, tmp_path: Path
) -> None:
    newcomer.run(*INIT, "--chain", tmp_path / "chain")  # as far as an interrupted one came
    told = newcomer.json(*INIT, "--chain", tmp_path / "chain", "--found")
    root = newcomer.json("log", "root")
    assert told["ledger_id"] == root["ledger_id"]
    error = newcomer.json(*INIT, "--chain", tmp_path / "chain", "--found", code=1)["error"]
    assert error["code"] == "consortium_founded"
    assert newcomer.json("log", "root")["size"] == root["size"]


def test_founding_on_a_chain_that_has_a_ledger_is_refused(
    consortium: Consortium, newcomer: CommandLine
) -> None:
    error = newcomer.json(*INIT, "--chain", consortium.chain, "--found", code=1)["error"]
    assert error["code"] == "consortium_founded"
    assert f"give {newcomer.home / 'application.json'} to a member" in error["message"]
    assert (newcomer.home / "application.json").is_file()


def test_newcomer_is_admitted_by_vote(consortium: Consortium, newcomer: CommandLine) -> None:
    newcomer.run(*INIT, "--chain", consortium.chain)
    application = newcomer.home / "application.json"
    first, second = at(consortium), at(consortium, "510000")
    proposal = first.json("govern", "propose", "admit", application)
    assert (proposal["action"], proposal["state"]) == ("admit member", "open")
    short = proposal["proposal_id"][:8]
    result = first.json("govern", "vote", short, "--approve")
    assert (result["executed"], result["proposal"]["approvals"]) == (False, ["500000"])
    assert "1 of 2 members approve" in result["missing"]
    assert "Carried out" in second.run("govern", "vote", short, "--approve").stdout
    members = newcomer.json("govern", "members")
    assert [each["member"] for each in members] == ["500000", "510000", "520000"]


def test_corps_without_a_code_of_the_standard_joins_under_the_code_of_the_settings(
    consortium: Consortium, newcomer: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    corps = "66 新疆生产建设兵团"
    first = at(consortium)
    init = ("init", "--name", "新疆生产建设兵团", "--region", "660000", "--chain", consortium.chain)
    with monkeypatch.context() as fresh:
        fresh.setattr(regions, "_PROVINCES", dict(regions._PROVINCES))
        newcomer.run(*init, "--provinces", corps)
    application = newcomer.home / "application.json"
    refused = first.json("govern", "propose", "admit", application, code=1)
    assert "660000" in refused["error"]["message"]
    settings = first.home / "zhenglian.toml"
    settings.write_text(settings.read_text("utf-8") + f'provinces = "{corps}"\n', "utf-8")
    monkeypatch.setattr(regions, "_PROVINCES", dict(regions._PROVINCES))
    proposal = first.json("govern", "propose", "admit", application)
    assert (proposal["action"], proposal["state"]) == ("admit member", "open")


@pytest.mark.parametrize(
    "options",
    [(), ("--region", "520000", "--member", "11100000000013338W")],
)
def test_home_is_of_a_province_or_a_department(
    newcomer: CommandLine, tmp_path: Path, options: tuple[str, ...]
) -> None:
    newcomer.run("init", "--name", "x", "--chain", tmp_path, *options, code=2)
    assert not newcomer.home.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (("--region", "999999"), "region_code"),
        (("--region", "520100"), "member_id"),
        (("--chain", "ftp://x"), "chain"),
        (("--name", ""), "name"),
    ],
)
def test_wrong_option_is_named_and_nothing_is_made(
    newcomer: CommandLine, tmp_path: Path, change: tuple[str, str], field: str
) -> None:
    arguments = (*INIT, "--chain", str(tmp_path / "chain"), *change)
    assert newcomer.json(*arguments, code=1)["error"]["field"] == field
    assert not (newcomer.home / "zhenglian.toml").exists()


def test_short_passphrase_is_refused(tmp_path: Path) -> None:
    hasty = CommandLine(tmp_path / "new", {"ZHENGLIAN_PASSPHRASE": "short"})
    error = hasty.json(*INIT, "--chain", tmp_path / "chain", code=1)["error"]
    assert error["field"] == "passphrase"
