"""Who plays in the second act: departments, matters, people. All of it is invented.

Codes of people and firms begin with 16, which GB/T 2260 has never assigned, so that they can be no
real person's and no real firm's (see `scripts/make_example.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ledger.formats.case_documents import Party
from ledger.identifiers import CertificateType, ItemCode, Uscc

_MINISTRY_TYPE: Final = "11100000000013338W"
CONSTRUCTOR: Final = CertificateType.parse(_MINISTRY_TYPE + "001")
SAFETY_STAFF: Final = CertificateType.parse(_MINISTRY_TYPE + "011")
SAFETY_LICENCE: Final = CertificateType.parse(_MINISTRY_TYPE + "050")
QUALIFICATION: Final = CertificateType.parse(_MINISTRY_TYPE + "901")
TYPES: Final = (CONSTRUCTOR, SAFETY_STAFF, SAFETY_LICENCE, QUALIFICATION)

CHONGQING_HOUSING: Final = Uscc.parse("11500000000000001G")
SICHUAN_HOUSING: Final = Uscc.parse("11510000000000001L")
GUIZHOU_HOUSING: Final = Uscc.parse("11520000000000001Q")

MATTERS: Final = Path(__file__).parents[3] / "examples" / "matters"
TRANSFER: Final = ItemCode.parse(f"{SICHUAN_HOUSING}0117002003000")
LICENCE: Final = ItemCode.parse(f"{SICHUAN_HOUSING}0117001001000")
REVIEW: Final = ItemCode.parse(f"{SICHUAN_HOUSING}0117003001000")
MATTER_FILES: Final = {
    TRANSFER: MATTERS / "sichuan-constructor-transfer.json",
    LICENCE: MATTERS / "sichuan-safety-licence.json",
    REVIEW: MATTERS / "sichuan-joint-review.json",
}

FIRM: Final = Party("四川示例蓉建建筑工程有限公司（虚构）", "001", "91160101MA00009010")
ENGINEER: Final = Party("陈示例（虚构）", "111", "160101199003071232")
SAFETY_OFFICER: Final = Party("周示例（虚构）", "111", "160102198904123011")
STRANGER: Final = Party("吴示例（虚构）", "111", "160103199206184029")
OFFICERS: Final = {
    CHONGQING_HOUSING: "经办人（虚构）甲",
    SICHUAN_HOUSING: "经办人（虚构）乙",
    GUIZHOU_HOUSING: "经办人（虚构）丙",
}
