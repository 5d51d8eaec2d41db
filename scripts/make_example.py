"""Make an example file of certificates of type W011 as a clerk in Chongqing would hand it in.

Everything in it is invented, and visibly so: every firm has 示例 in its name, and all identity
numbers and firms' codes carry the region prefix 16, which GB/T 2260 has never assigned (the north,
1x, ends at 15), so that they can be no real person's and no real firm's. The issuer's code contains
an organisation code whose own check character (GB 11714) is wrong, so that no body can have it.
Check characters of identifiers, identity numbers and USCCs are right.

The same seed and number of rows give the same bytes:

    python scripts/make_example.py examples/W011-chongqing-2000.csv
    python scripts/make_example.py /tmp/million.csv --rows 1000000
"""

from __future__ import annotations

import argparse
import csv
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from stdnum.cn import ric

from ledger.identifiers import CertificateId, CertificateType, IdentityNumber, Uscc
from ledger.schemas import CertificateSchema, FieldKind, SchemaField, load_schema

CERTIFICATE_TYPE = CertificateType.parse("11100000000013338W011")
ISSUER = Uscc.build("11500000000000001")
UNASSIGNED_REGIONS = ("160101", "160102", "160103", "160201", "160301", "169001")

_FIRST_ISSUE, _LAST_ISSUE = date(2023, 1, 3), date(2025, 8, 29)
_VALID_YEARS = 3

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
    "程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
)
_COMMON_SURNAMES = 10
_MALE_CHARACTERS = "伟强磊军勇杰涛超明刚平辉鹏华飞斌波宇浩凯健俊帆旭宁东海峰建国志文成林春生"
_FEMALE_CHARACTERS = "芳娜敏静丽艳娟霞秀英玲桂兰婷雪梅琳倩颖慧莉萍红玉洁云欣怡佳璐"

_MOST_FIRMS = 20_000
_FIRM_WORDS = ("启宏", "渝安", "巴山", "嘉川", "两江", "金佛", "云岭", "恒筑", "中垒", "瑞城")
_FIRM_MIDDLES = ("恒", "信", "泰", "隆", "盛", "远", "和", "建", "诚", "达", "丰", "业")
_FIRM_KINDS = (
    ("建筑工程有限公司", 40),
    ("建设（集团）有限公司", 15),
    ("市政工程有限公司", 15),
    ("建筑劳务有限公司", 20),
    ("机械设备安装有限公司", 10),
)


@dataclass(frozen=True, slots=True)
class Post:
    """A kind of certificate with the duties its holders have and how often it occurs."""

    category: str
    weight: int
    duties: tuple[str, ...]
    titles: tuple[str, ...]


_POSTS = (
    Post(
        "A",
        8,
        ("法定代表人", "总经理", "分管安全副总经理", "技术负责人"),
        ("高级工程师", "工程师", ""),
    ),
    Post("B", 25, ("项目负责人", "项目经理"), ("工程师", "工程师", "高级工程师", "助理工程师")),
    Post("C1", 7, ("专职安全生产管理人员",), ("助理工程师", "技术员", "", "")),
    Post("C2", 20, ("专职安全生产管理人员",), ("助理工程师", "工程师", "", "")),
    Post("C3", 40, ("专职安全生产管理人员", "安全员"), ("助理工程师", "工程师", "", "", "")),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the example file that the command line asks for."""
    parser = argparse.ArgumentParser(description="Make a synthetic file of W011 certificates.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=20240105)
    options = parser.parse_args(arguments)
    write_example(options.path, rows=options.rows, seed=options.seed)


def write_example(path: Path, *, rows: int, seed: int) -> None:
    """Write `rows` rows as UTF-8 with a byte order mark."""
    schema = load_schema(CERTIFICATE_TYPE)
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(field.column for field in filled_fields(schema))
        writer.writerows(make_rows(schema, rows=rows, seed=seed))


def filled_fields(schema: CertificateSchema) -> list[SchemaField]:
    """The columns of the example: all but the holder's key, which only a holder could have."""
    return [field for field in schema.fields if field.kind is not FieldKind.PUBLIC_KEY]


def make_rows(schema: CertificateSchema, *, rows: int, seed: int) -> Iterator[list[str]]:
    """Yield the cells of each row in schema order, in the order of issue."""
    chance = random.Random(seed)  # noqa: S311 -- an example must come out the same every time
    firms = [
        _make_firm(chance, number) for number in range(1, min(max(2, rows // 25), _MOST_FIRMS) + 1)
    ]
    issued_so_far: Counter[int] = Counter()
    days = (_LAST_ISSUE - _FIRST_ISSUE).days
    for row in range(rows):
        issued = _FIRST_ISSUE + timedelta(days=row * days // rows)
        issued_so_far[issued.year] += 1
        values = _make_holder(chance, issued)
        post = chance.choices(_POSTS, weights=[post.weight for post in _POSTS])[0]
        serial = issued_so_far[issued.year]
        identifier = CertificateId.build(
            CERTIFICATE_TYPE, ISSUER, f"{issued.year}{serial:07}", "001"
        )
        firm, code = chance.choice(firms)
        values |= {
            "certificateId": str(identifier),
            "certificateNumber": f"渝建安{post.category}（{issued.year}）{serial:07}",
            "employerName": firm,
            "employerUscc": str(code),
            "duty": chance.choice(post.duties),
            "technicalTitle": chance.choice(post.titles),
            "postCategory": post.category,
            "firstIssuedOn": _first_issue(chance, issued).isoformat(),
            "issuedOn": issued.isoformat(),
            "validFrom": issued.isoformat(),
            "validUntil": _years_later(issued, _VALID_YEARS).isoformat(),
        }
        yield [values[field.property_name] for field in filled_fields(schema)]


def _make_holder(chance: random.Random, issued: date) -> dict[str, str]:
    is_female = chance.random() < 0.15
    born = issued - timedelta(days=chance.randint(22 * 366, 59 * 365))
    sequence = 100 * chance.randrange(10) + chance.randrange(2, 100, 2) - (0 if is_female else 1)
    first_17 = f"{chance.choice(UNASSIGNED_REGIONS)}{born:%Y%m%d}{sequence:03}"
    number = IdentityNumber.parse(first_17 + ric.calc_check_digit(first_17 + "0"))
    surnames = _SURNAMES[:_COMMON_SURNAMES] if chance.random() < 0.5 else _SURNAMES
    given = _FEMALE_CHARACTERS if is_female else _MALE_CHARACTERS
    length = 2 if chance.random() < 0.7 else 1
    return {
        "holderName": chance.choice(surnames) + "".join(chance.choices(given, k=length)),
        "holderCode": str(number),
        "sex": "女" if is_female else "男",
    }


def _make_firm(chance: random.Random, number: int) -> tuple[str, Uscc]:
    kinds = [kind for kind, _ in _FIRM_KINDS]
    weights = [weight for _, weight in _FIRM_KINDS]
    words = chance.choice(_FIRM_WORDS) + "".join(chance.sample(_FIRM_MIDDLES, k=2))
    name = f"重庆示例{words}{chance.choices(kinds, weights=weights)[0]}"
    region = chance.choice(UNASSIGNED_REGIONS)
    return name, Uscc.build(f"91{region}MA{number:07}")


def _first_issue(chance: random.Random, issued: date) -> date:
    renewals = chance.choices((0, 1, 2, 3), weights=(45, 30, 15, 10))[0]
    return _years_later(issued, -_VALID_YEARS * renewals)


def _years_later(day: date, years: int) -> date:
    """The same day `years` on, or back; for a period to come, the last day before that."""
    is_leap_day = (day.month, day.day) == (2, 29)
    moved = day.replace(year=day.year + years, day=28 if is_leap_day else day.day)
    return moved - timedelta(days=1) if years > 0 else moved


if __name__ == "__main__":
    main()
