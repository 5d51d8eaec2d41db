"""`zhenglian catalogue` in two provinces and a ministry, on a real chain."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, at, make_row, write_csv
from tests.support.consortium import CHONGQING, SICHUAN, Consortium

EXAMPLES = Path(__file__).parents[3] / "examples/matters"
HERE, THERE = (
    EXAMPLES / f"{province}-safety-licence.json" for province in ("chongqing", "sichuan")
)
ITEM_HERE, ITEM_THERE = "11500000000000001G0117001001000", "11510000000000001L0117001001000"
LAW = "《建设工程安全生产管理条例》第三十六条"


@pytest.fixture
def ministry(consortium: Consortium) -> CommandLine:
    """The housing ministry, a member like the two provinces."""
    home = CommandLine(consortium.directory / "ministry")
    init = ("init", "--region", "11100000000013338W", "--name", "住房和城乡建设部")
    home.run(*init, "--chain", consortium.location)
    first, second = at(consortium), at(consortium, SICHUAN)
    proposal = first.json("govern", "propose", "admit", home.home / "application.json")
    for member in (first, second):
        member.run("govern", "vote", proposal["proposal_id"], "--approve")
    return home


def test_type_from_its_definition_to_a_verdict(
    consortium: Consortium, ministry: CommandLine, tmp_path: Path
) -> None:
    first, second = at(consortium), at(consortium, SICHUAN)
    refused = first.json("catalogue", "define-type", "W011", code=1)["error"]
    assert refused["code"] == "type_of_another_authority"
    told = ministry.json("catalogue", "define-type", "W011")
    assert (told["code"], told["version"]) == ("11100000000013338W011", 1)

    proposal = ministry.json("catalogue", "national", "W011", "--legal-basis", LAW)["proposal_id"]
    for member in (ministry, first, second):
        voted = member.json("govern", "vote", proposal, "--approve")
    assert voted["proposal"]["state"] == "executed"
    assert second.json("govern", "list")[-1]["about"] == f"11100000000013338W011: {LAW}"
    zh = CommandLine(second.home, {"ZHENGLIAN_LANG": "zh"})
    assert "设为全国互认" in zh.run("govern", "list").stdout

    (found,) = second.json("catalogue", "list")["types"]
    assert (found["is_national"], found["legal_basis"]) == (True, LAW)
    shown = second.json("catalogue", "show", "W011")
    assert (shown["versions"][0]["schema_hash"], shown["at_hand"]) == (told["hash"], [True])
    assert LAW in second.run("catalogue", "show", "W011").stdout

    first.run("issue", write_csv(tmp_path / "one.csv", [make_row(1)]))
    hand = tmp_path / "hand.zhenglian.json"
    first.run("present", make_row(1)["证照标识"], "--disclose", "姓名", "--out", hand)
    check = second.json("verify", hand)["checks"][5]
    assert (check["name"], check["outcome"], check["required"]) == ("catalogue", "PASSED", True)


def test_matters_of_two_provinces_are_defined_and_compared(
    consortium: Consortium, tmp_path: Path
) -> None:
    first, second = at(consortium), at(consortium, SICHUAN)
    assert first.json("catalogue", "define-matter", HERE)["code"] == ITEM_HERE
    assert second.json("catalogue", "define-matter", THERE)["code"] == ITEM_THERE
    refused = first.json("catalogue", "define-matter", THERE, code=1)["error"]
    assert refused["code"] == "seal_key_missing"
    again = first.json("catalogue", "define-matter", HERE, code=1)["error"]
    assert again["code"] == "version_unexpected"

    compare = ("catalogue", "diff", ITEM_HERE, ITEM_THERE)
    assert first.json(*compare, code=1)["error"]["code"] == "definition_missing"
    assert "import" in first.run("catalogue", "show", ITEM_THERE).stdout
    assert first.json("catalogue", "import", THERE)["is_recorded"]
    compared = first.json(*compare)
    found = {each["path"]: (each["left"], each["right"]) for each in compared["differences"]}
    assert found["promisedDays"] == (12, 20)
    assert found["fee.amountFen"] == (0, 1000)
    assert compared["left"]["item_code"] == ITEM_HERE
    assert first.json("catalogue", "diff", HERE, THERE) == compared

    zh = CommandLine(first.home, {"ZHENGLIAN_LANG": "zh"})
    table = zh.run(*compare).stdout
    assert "承诺时限" in table
    assert "专家评审" in table
    told = zh.run("catalogue", "show", ITEM_HERE).stdout
    assert "全部同意" in told
    assert "虚构" in told
    listed = zh.run("catalogue", "list").stdout
    assert ITEM_HERE in listed
    assert "30/12" in listed
    same = zh.run("catalogue", "diff", HERE, HERE).stdout
    assert "没有差异" in same


def test_definition_with_a_fault_is_refused_with_its_place(
    consortium: Consortium, tmp_path: Path
) -> None:
    file = tmp_path / "fault.json"
    file.write_bytes(HERE.read_bytes().replace(b'"promisedDays": 12', b'"promisedDays": 99'))
    error = at(consortium).json("catalogue", "define-matter", file, code=1)["error"]
    assert error["field"] == "promisedDays"
    assert "at most the 30" in error["message"]


def test_imported_file_that_nobody_recorded_is_said_to_count_for_nothing(
    consortium: Consortium, tmp_path: Path
) -> None:
    clerk = at(consortium, CHONGQING)
    told = clerk.run("catalogue", "import", HERE).stdout
    assert "says nothing yet" in told
    assert "empty" in clerk.run("catalogue", "list").stdout
    missing = clerk.json("catalogue", "import", tmp_path / "no.json", code=1)["error"]
    assert missing["code"] == "file_missing"
