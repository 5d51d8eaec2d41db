from __future__ import annotations

import csv
from pathlib import Path

import pytest
from stdnum import numdb

import make_example
from ledger.errors import MalformedInputError
from ledger.identifiers import IdentityNumber, RegionCode, Uscc

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = EXAMPLES / "W011-chongqing-2000.csv"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with EXAMPLE.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def compute_organisation_check(first_8: str) -> str:
    """GB 11714-1997 for a code of digits."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(first_8, weights, strict=True))
    return "0123456789X0"[11 - total % 11]


def test_committed_example_is_what_the_script_makes(tmp_path: Path) -> None:
    path = tmp_path / "example.csv"
    make_example.main([str(path)])
    assert path.read_bytes() == EXAMPLE.read_bytes()


def test_another_seed_makes_another_file(tmp_path: Path) -> None:
    for seed in (1, 2):
        make_example.write_example(tmp_path / f"{seed}.csv", rows=10, seed=seed)
    assert (tmp_path / "1.csv").read_bytes() != (tmp_path / "2.csv").read_bytes()


@pytest.mark.parametrize("region", make_example.UNASSIGNED_REGIONS)
def test_no_region_of_the_example_was_ever_assigned(region: str) -> None:
    """python-stdnum's table of GB/T 2260 has the codes in force and those abolished since 1980."""
    assert numdb.get("cn/loc").info("500103")[0][1] == {"province": "重庆市"}
    assert not any(properties for _, properties in numdb.get("cn/loc").info(region))
    with pytest.raises(MalformedInputError):
        RegionCode.parse(region)


def test_nobody_in_the_example_can_be_real(rows: list[dict[str, str]]) -> None:
    for row in rows:
        assert row["身份证号"][:6] in make_example.UNASSIGNED_REGIONS
        assert row["企业统一社会信用代码"][2:8] in make_example.UNASSIGNED_REGIONS
        assert "示例" in row["企业名称"]


def test_issuer_of_the_example_can_be_no_real_body() -> None:
    organisation_code = str(make_example.ISSUER)[8:17]
    assert compute_organisation_check("00001333") == "8", "the housing ministry's own"
    assert compute_organisation_check(organisation_code[:8]) != organisation_code[8]


def test_example_agrees_with_itself(rows: list[dict[str, str]]) -> None:
    names: dict[str, str] = {}
    for row in rows:
        assert IdentityNumber.parse(row["身份证号"]).is_female == (row["性别"] == "女")
        code = str(Uscc.parse(row["企业统一社会信用代码"]))
        assert names.setdefault(code, row["企业名称"]) == row["企业名称"]
        assert row["证书编号"].startswith(f"渝建安{row['岗位类别']}（{row['发证日期'][:4]}）")
        assert int(row["有效期止"][:4]) - int(row["有效期起"][:4]) in (2, 3)
        assert row["初次领证日期"] <= row["发证日期"]
    assert {row["岗位类别"] for row in rows} == {"A", "B", "C1", "C2", "C3"}
    assert len({row["证照标识"] for row in rows}) == len(rows) == 2000
