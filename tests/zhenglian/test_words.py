from __future__ import annotations

import re

import pytest

from ledger.records import EVENTS_BY_TOPIC, EntryAppended
from zhenglian.language import Language, detect_language
from zhenglian.words import describe_act, describe_done, describe_plan, describe_status


def test_every_kind_of_entry_has_words_in_chinese() -> None:
    names = [kind.__name__ for kind in EVENTS_BY_TOPIC.values() if kind is not EntryAppended]
    acts = [re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in names]
    without = [act for act in acts if describe_act(act, Language.ZH).isascii()]
    assert without == []


def test_act_of_a_later_version_is_shown_by_its_name() -> None:
    assert describe_act("dispute_opened", Language.ZH) == "dispute opened"
    assert describe_status("sleeping", Language.EN) == "sleeping"


@pytest.mark.parametrize("verb", ["suspend", "restore", "revoke", "replace"])
def test_what_is_planned_and_what_was_done_count_certificates(verb: str) -> None:
    assert describe_plan(verb, 1, Language.EN) == f"{verb} 1 certificate"
    assert describe_done(verb, 1200, Language.EN).startswith("1,200 certificates ")
    assert describe_done(verb, 2, Language.ZH).endswith(" 2 张证照")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, Language.EN),
        ({"LANG": "zh_CN.UTF-8"}, Language.ZH),
        ({"LANG": "zh"}, Language.ZH),
        ({"LANG": "de_AT.UTF-8"}, Language.EN),
        ({"LANG": "zh_CN", "LC_MESSAGES": "en_GB"}, Language.EN),
        ({"LC_ALL": "", "LANG": "zh_TW"}, Language.ZH),
    ],
)
def test_language_is_the_locales(environment: dict[str, str], language: Language) -> None:
    assert detect_language(environment) is language
