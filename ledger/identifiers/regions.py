"""Administrative regions by GB/T 2260: 2 + 2 + 2 digits for province, prefecture and county.

Only the province part is checked against a table, and only where somebody enters a code.
Prefectures and counties come and go every year, and a code that was abolished still stands on
certificates that were issued under it. What the chain has is read by its form alone: the table is a
node's own, and every node must read the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from ledger.errors import ConflictError, MalformedInputError
from ledger.identifiers.text import pad_ascii, shown, unpad_ascii

_FIELD = "region_code"
_SHAPE = re.compile(r"[0-9]{6}", re.ASCII)
_WIDTH = 6

_PROVINCES: dict[str, str] = {
    "11": "北京市",
    "12": "天津市",
    "13": "河北省",
    "14": "山西省",
    "15": "内蒙古自治区",
    "21": "辽宁省",
    "22": "吉林省",
    "23": "黑龙江省",
    "31": "上海市",
    "32": "江苏省",
    "33": "浙江省",
    "34": "安徽省",
    "35": "福建省",
    "36": "江西省",
    "37": "山东省",
    "41": "河南省",
    "42": "湖北省",
    "43": "湖南省",
    "44": "广东省",
    "45": "广西壮族自治区",
    "46": "海南省",
    "50": "重庆市",
    "51": "四川省",
    "52": "贵州省",
    "53": "云南省",
    "54": "西藏自治区",
    "61": "陕西省",
    "62": "甘肃省",
    "63": "青海省",
    "64": "宁夏回族自治区",
    "65": "新疆维吾尔自治区",
    "71": "台湾省",
    "81": "香港特别行政区",
    "82": "澳门特别行政区",
}


def register_province(prefix: str, name: str) -> None:
    """Admit a province-level prefix that GB/T 2260 does not have, such as one for 兵团.

    Called once at start from the node's configuration, in every process that parses identifiers.

    Raises:
        MalformedInputError: `prefix` is not two digits, or `name` is empty.
        ConflictError: the prefix already has another name.
    """
    if not re.fullmatch(r"[0-9]{2}", prefix, re.ASCII) or not name.strip():
        raise MalformedInputError(
            f"{_FIELD}: expected a two-digit prefix and a name, got {shown(prefix)}, {shown(name)}",
            field=_FIELD,
        )
    known = _PROVINCES.setdefault(prefix, name)
    if known != name:
        raise ConflictError(
            f"{_FIELD}: prefix {prefix} is {known}, cannot become {name}", field=_FIELD
        )


def register_provinces(text: str) -> None:
    """Admit the province-level prefixes of a setting: "66 新疆生产建设兵团; 67 …".

    Raises:
        MalformedInputError, ConflictError: as `register_province` does.
    """
    for entry in filter(None, map(str.strip, text.split(";"))):
        register_province(entry[:2], entry[2:].strip())


def list_provinces() -> tuple[tuple[str, str], ...]:
    """Prefixes of two digits and names of the provinces, in the order of GB/T 2260."""
    return tuple(sorted(_PROVINCES.items()))


@dataclass(frozen=True, slots=True, order=True)
class RegionCode:
    """A region, such as 500000 (重庆市) or 370800. Chain width: bytes6."""

    code: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read six digits whose first two are those of a province.

        >>> RegionCode.parse("500103").province
        RegionCode(code='500000')

        Raises:
            MalformedInputError: another shape, or a province prefix nobody has.
        """
        region = cls._of_form(text)
        if text[:2] not in _PROVINCES:
            raise MalformedInputError(
                f"{_FIELD}: expected the prefix of a province (GB/T 2260), "
                f"got {text[:2]} in {shown(text)}",
                field=_FIELD,
            )
        return region

    @classmethod
    def from_chain(cls, value: bytes) -> Self:
        """Read six ASCII digits, of whatever province. Raises MalformedInputError."""
        return cls._of_form(unpad_ascii(value, _WIDTH, _FIELD))

    @classmethod
    def _of_form(cls, text: str) -> Self:
        if not _SHAPE.fullmatch(text):
            raise MalformedInputError(
                f"{_FIELD}: expected 6 digits (GB/T 2260), got {shown(text)}", field=_FIELD
            )
        return cls(text)

    def to_chain(self) -> bytes:
        """Six ASCII bytes."""
        return pad_ascii(self.code, _WIDTH)

    def is_within(self, other: RegionCode) -> bool:
        """Whether this region is another, or lies in it.

        >>> chongqing, yuzhong = RegionCode.parse("500000"), RegionCode.parse("500103")
        >>> yuzhong.is_within(chongqing), chongqing.is_within(yuzhong)
        (True, False)
        """
        if other.is_province:
            return self.code[:2] == other.code[:2]
        if other.code.endswith("00"):
            return self.code[:4] == other.code[:4]
        return self.code == other.code

    @property
    def is_province(self) -> bool:
        """Whether this is a province itself, not a part of one."""
        return self.code.endswith("0000")

    @property
    def province(self) -> RegionCode:
        """The province this region lies in (itself, if it is one)."""
        return RegionCode(f"{self.code[:2]}0000")

    @property
    def province_name(self) -> str:
        """Full Chinese name of the province, such as 重庆市; its code where nobody entered one."""
        return _PROVINCES.get(self.code[:2], self.province.code)

    def __str__(self) -> str:
        return self.code
