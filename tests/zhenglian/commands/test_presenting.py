from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, Issued, make_id, make_row, write_csv

HOLDER = {"ZHENGLIAN_HOLDER_PASSPHRASE": "the holder's own"}


@pytest.fixture
def holder(tmp_path: Path) -> CommandLine:
    """Somebody without a home."""
    return CommandLine(tmp_path / "none", HOLDER)


@pytest.mark.parametrize(
    "options",
    [
        ("--disclose", "姓名", "--disclose", "证书编号"),
        ("--disclose", "holder_name,certificate_number"),
        ("--disclose", "姓名、证书编号，姓名"),
    ],
)
def test_only_the_chosen_fields_are_shown(
    issued_once: Issued, tmp_path: Path, options: tuple[str, ...]
) -> None:
    out = tmp_path / "p.zhenglian.json"
    told = issued_once.chongqing.json("present", issued_once.identifiers[0], *options, "--out", out)
    assert sorted(told["disclosed"]) == ["certificate_number", "holder_name"]
    report = issued_once.chongqing.json("verify", out)
    assert sorted(report["certificate"]["fields"]) == ["certificate_number", "holder_name"]
    assert "160101199003071232" not in json.dumps(report)


def test_all_and_nothing_can_be_shown(issued_once: Issued, tmp_path: Path) -> None:
    clerk, identifier = issued_once.chongqing, issued_once.identifiers[0]
    every = clerk.json("present", identifier, "--disclose", "all", "--out", tmp_path / "all")
    none = clerk.json("present", identifier, "--out", tmp_path / "none")
    assert (every["hidden_fields"], none["disclosed"]) == (0, [])
    assert none["hidden_fields"] == len(every["disclosed"])


def test_screen_shows_titles_but_no_values(issued_once: Issued, tmp_path: Path) -> None:
    out = tmp_path / "p"
    arguments = ("present", issued_once.identifiers[0], "--disclose", "身份证号", "--out", out)
    told = issued_once.chongqing.run(*arguments).stdout
    assert "身份证号" in told
    assert "160101199003071232" not in told


def test_unknown_field_is_refused_with_those_there_are(issued_once: Issued, tmp_path: Path) -> None:
    out = tmp_path / "p"
    arguments = ("present", issued_once.identifiers[0], "--disclose", "名字", "--out", out)
    error = issued_once.chongqing.json(*arguments, code=1)["error"]
    assert (error["code"], error["field"]) == ("disclosure_unknown", "disclose")
    assert "姓名 (holder_name)" in error["message"]
    assert not out.exists()


def test_file_is_named_by_its_serial_and_never_overwritten_by_accident(
    issued_once: Issued, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clerk, identifier = issued_once.chongqing, issued_once.identifiers[0]
    clerk.run("present", identifier)
    out = tmp_path / "20240000001.zhenglian.json"
    before = out.read_bytes()
    error = clerk.json("present", identifier, "--disclose", "姓名", code=1)["error"]
    assert error["code"] == "file_exists"
    assert out.read_bytes() == before
    clerk.run("present", identifier, "--disclose", "姓名", "--force")
    assert out.read_bytes() != before
    assert list(tmp_path.iterdir()) == [out]


def test_presentation_bound_to_its_holder_counts_for_one_region_only(
    issued: Issued, holder: CommandLine, tmp_path: Path
) -> None:
    key = tmp_path / "me.pem"
    public_key = holder.json("holder-key", "new", key)["public_key"]
    row = make_row(50, 持证人公钥=public_key)
    issued.chongqing.run("issue", write_csv(tmp_path / "one.csv", [row]))
    out = tmp_path / "p"
    bound = CommandLine(issued.chongqing.home, HOLDER)
    options = ("--holder-key", key, "--to", "510000", "--purpose", "入川备案", "--expires", "1d")
    told = bound.json("present", make_id(50), "--disclose", "姓名", *options, "--out", out)
    assert told["bound_to"].endswith("510000")
    report = issued.sichuan.json("verify", out)
    assert (report["outcome"], report["presentation"]) == ("PASSED", "bound")
    refused = issued.chongqing.json("verify", out, code=10)
    assert refused["checks"][10]["reason"] == "wrong_audience"


def test_certificate_without_a_holders_key_cannot_be_bound(
    issued_once: Issued, holder: CommandLine, tmp_path: Path
) -> None:
    key = tmp_path / "me.pem"
    holder.run("holder-key", "new", key)
    clerk = CommandLine(issued_once.chongqing.home, HOLDER)
    arguments = ("present", issued_once.identifiers[0], "--holder-key", key, "--to", "510000")
    error = clerk.json(*arguments, "--out", tmp_path / "p", code=1)["error"]
    assert error["field"] == "holder_key"


@pytest.mark.parametrize(
    "options",
    [("--purpose", "x"), ("--nonce", "x"), ("--holder-key", "me.pem")],
)
def test_options_of_a_binding_go_together(
    issued_once: Issued, tmp_path: Path, options: tuple[str, ...]
) -> None:
    arguments = ("present", issued_once.identifiers[0], "--out", tmp_path / "p", *options)
    issued_once.chongqing.run(*arguments, code=2)


def test_holders_key_is_private_and_opens_with_its_passphrase_only(
    holder: CommandLine, tmp_path: Path
) -> None:
    key = tmp_path / "me.pem"
    made = holder.json("holder-key", "new", key)
    assert key.stat().st_mode & 0o077 == 0
    assert b"ENCRYPTED" in key.read_bytes()
    assert holder.json("holder-key", "show", key) == made
    assert sorted(made["jwk"]) == ["crv", "kty", "x", "y"]
    thief = CommandLine(holder.home, {"ZHENGLIAN_HOLDER_PASSPHRASE": "guessed"})
    assert thief.json("holder-key", "show", key, code=1)["error"]["code"] == "wrong_passphrase"


def test_holders_key_is_never_overwritten_by_accident(holder: CommandLine, tmp_path: Path) -> None:
    key = tmp_path / "me.pem"
    holder.run("holder-key", "new", key)
    before = key.read_bytes()
    holder.run("holder-key", "new", key, code=1)
    assert key.read_bytes() == before


def test_holders_passphrase_is_not_short(tmp_path: Path) -> None:
    hasty = CommandLine(tmp_path, {"ZHENGLIAN_HOLDER_PASSPHRASE": "short"})
    error = hasty.json("holder-key", "new", tmp_path / "me.pem", code=1)["error"]
    assert error["field"] == "passphrase"
    assert not (tmp_path / "me.pem").exists()


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----", b"\xff\xfe"])
def test_file_that_is_no_holders_key_is_refused(
    holder: CommandLine, tmp_path: Path, content: bytes
) -> None:
    key = tmp_path / "me.pem"
    key.write_bytes(content)
    assert holder.json("holder-key", "show", key, code=1)["error"]["field"] == "holder_key"


def test_presenting_what_is_suspended_says_so(issued: Issued, tmp_path: Path) -> None:
    clerk, identifier = issued.chongqing, issued.identifiers[0]
    out = ("--out", tmp_path / "shown.json", "--force")
    assert clerk.json("present", identifier, *out)["status"] == "valid"
    assert "not valid" not in clerk.run("present", identifier, *out).stderr
    clerk.run("suspend", identifier, "--reason", "02", "--legal-basis", "《某条例》", "--yes")
    assert clerk.json("present", identifier, *out)["status"] == "suspended"
    assert "whoever verifies it will refuse it" in clerk.run("present", identifier, *out).stderr
