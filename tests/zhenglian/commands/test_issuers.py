from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.command_line import Issued, at
from tests.support.consortium import ISSUER, Consortium

OTHER = "11500000000000002K"


def test_department_is_registered_with_key_and_mandate(consortium: Consortium) -> None:
    clerk = at(consortium)
    registered = clerk.json("issuer", "register", OTHER, "--name", "另一部门")
    assert len(registered["key_id"]) == 64
    days = ("--from", "2026-01-01", "--until", "2030-12-31")
    told = clerk.run("issuer", "mandate", OTHER, "w011", *days)
    assert "The catalogue does not have this type yet" in told.stderr
    department = next(each for each in clerk.json("issuer", "list") if each["issuer"] == OTHER)
    assert (department["name"], department["region"]) == ("另一部门", "500000")
    assert department["seal_keys"][0]["key_id"] == registered["key_id"]
    (mandate,) = department["mandates"]
    assert mandate["certificate_type"] == "11100000000013338W011"
    assert mandate["valid_from_unix"] == 1767196800  # 2026-01-01T00:00+08:00
    assert mandate["valid_until_unix"] == 1924963200  # 2031-01-01T00:00+08:00: the day included
    listed = clerk.run("issuer", "list").stdout
    assert "2026-01-01 00:00:00 +08:00 to 2031-01-01 00:00:00 +08:00" in listed


def test_rotation_ends_the_old_key(consortium: Consortium) -> None:
    clerk = at(consortium)
    new = clerk.json("issuer", "rotate", ISSUER)["key_id"]
    keys = clerk.json("issuer", "list")[0]["seal_keys"]
    ends = {key["key_id"]: key["valid_until_unix"] for key in keys}
    assert len(ends) == 2
    assert ends.pop(new) > time.time() + 86_400
    assert ends.popitem()[1] < time.time() + 3_600


def test_compromised_key_fails_what_it_anchored(issued: Issued, tmp_path: Path) -> None:
    clerk = issued.chongqing
    out = tmp_path / "p"
    clerk.run("present", issued.identifiers[0], "--out", out)
    key = clerk.json("issuer", "list")[0]["seal_keys"][0]["key_id"]
    clerk.run("issuer", "compromise", ISSUER, key[:10], "--since", "2026-01-05T10:00")
    report = issued.sichuan.json("verify", out, code=10)
    assert report["checks"][3]["reason"] == "key_compromised"
    assert "compromised since 2026-01-05 10:00:00 +08:00" in clerk.run("issuer", "list").stdout


def test_key_nobody_has_is_not_found(founded_consortium: Consortium) -> None:
    arguments = ("issuer", "compromise", ISSUER, "zz", "--since", "2026-01-05")
    error = at(founded_consortium).json(*arguments, code=1)["error"]
    assert (error["code"], error["field"]) == ("seal_key_unknown", "key")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("register", "11500000000000002X", "--name", "x"), "wrong_check_character"),
        (("register", str(ISSUER), "--name", "x"), "issuer_registered"),
        (("register", OTHER, "--name", "x", "--region", "510000"), "region_outside_member"),
        (("mandate", str(ISSUER), "W999"), "type_unknown"),
        (("mandate", OTHER, "W011"), "issuer_unknown"),
        (
            ("mandate", str(ISSUER), "W011", "--from", "2030-01-01", "--until", "2029-01-01"),
            "period_malformed",
        ),
        (("mandate", str(ISSUER), "W011", "--until", "soon"), "malformed_input"),
        (("rotate", OTHER), "issuer_unknown"),
    ],
)
def test_wrong_act_is_refused_by_name(
    founded_consortium: Consortium, arguments: tuple[str, ...], code: str
) -> None:
    error = at(founded_consortium).json("issuer", *arguments, code=1)["error"]
    assert error["code"] == code
