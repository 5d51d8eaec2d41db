"""The second act: cases that begin in one province and end in another.

An engineer moves; a firm's licence rests on another province's certificate instead of paper; three
provinces decide together, one with a veto; a certificate is revoked, and who relied on it learns of
it. All people, firms, matters and numbers are invented.
"""

from __future__ import annotations

import json

from ledger.actions.cases.deadlines import CALENDAR_NAME
from ledger.actions.catalogue import define_matter, import_file
from ledger.actions.issuers import change_mandate, register_department
from ledger.errors import NotFoundError
from ledger.formats.matter import parse_matter
from ledger.formats.working_days import WorkingDays
from ledger.identifiers import CertificateType, MemberId, RegionCode, Uscc
from zhenglian.demo.cast import (
    CHONGQING_HOUSING,
    CONSTRUCTOR,
    GUIZHOU_HOUSING,
    MATTER_FILES,
    QUALIFICATION,
    SAFETY_LICENCE,
    SAFETY_STAFF,
    SICHUAN_HOUSING,
)
from zhenglian.demo.joint_review import review_jointly
from zhenglian.demo.recall_story import revoke_and_recall
from zhenglian.demo.reliance import license_firm
from zhenglian.demo.stage import CHONGQING, GUIZHOU, SICHUAN, Stage
from zhenglian.demo.transfer import transfer_engineer
from zhenglian.times import today_in_china

_MANDATES: dict[MemberId, tuple[Uscc, str, tuple[CertificateType, ...]]] = {
    CHONGQING: (CHONGQING_HOUSING, "重庆市住房和城乡建设委员会", (CONSTRUCTOR, SAFETY_STAFF)),
    SICHUAN: (
        SICHUAN_HOUSING,
        "四川省住房和城乡建设厅",
        (CONSTRUCTOR, QUALIFICATION, SAFETY_LICENCE),
    ),
    GUIZHOU: (GUIZHOU_HOUSING, "贵州省住房和城乡建设厅", (QUALIFICATION,)),
}


def play_second_act(stage: Stage) -> None:
    """Plays it; what did not come out as it must stands on the stage."""
    _prepare(stage)
    moved = transfer_engineer(stage)
    licensed = license_firm(stage, moved.case_id)
    review_jointly(stage)
    revoke_and_recall(stage, moved, licensed)


def _prepare(stage: Stage) -> None:
    stage.act("Second act 第二幕: three matters that no province can finish alone")
    stage.say("All people, firms, matters and numbers in it are synthetic.")
    for member, (department, name, types) in _MANDATES.items():
        with stage.open(member) as workspace:
            if not workspace.keys.seal_key_ids(department):  # else it issued the clerk's file
                register_department(workspace, department, name, RegionCode.parse(str(member)))
            for kind in types:
                change_mandate(workspace, department, kind)
        _add_years(stage, member)
    definitions = {item: parse_matter(path.read_bytes()) for item, path in MATTER_FILES.items()}
    with stage.open(SICHUAN) as workspace:
        for each in definitions.values():
            define_matter(workspace, each)
            stage.say(f"四川省 defines {each.name}: {each.promised_days} working days promised")
    for member in (CHONGQING, GUIZHOU):
        with stage.open(member) as workspace:
            for path in MATTER_FILES.values():
                import_file(workspace, path)


def _add_years(stage: Stage, member: MemberId) -> None:
    """Invents the notices of years for which none is published yet: weekends only."""
    this_year, notices = today_in_china().year, {}
    for year in (this_year, this_year + 1):
        try:
            WorkingDays().is_working_day(today_in_china().replace(year=year, month=1, day=2))
        except NotFoundError:
            source = "synthetic, for the demonstration"
            notices[str(year)] = {"source": source, "days_off": [], "working_days": []}
    (stage.home(member) / CALENDAR_NAME).write_text(json.dumps(notices))
