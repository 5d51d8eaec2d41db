"""In which language people are told things."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Language(StrEnum):
    """Chinese or English."""

    ZH = "zh"
    EN = "en"

    def pick(self, zh: str, en: str) -> str:
        """The text in this language."""
        return zh if self is Language.ZH else en


def detect_language(environment: Mapping[str, str]) -> Language:
    """The language of a POSIX locale: Chinese if it says so, else English.

    >>> detect_language({"LANG": "zh_CN.UTF-8"})
    <Language.ZH: 'zh'>
    >>> detect_language({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"})
    <Language.EN: 'en'>
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if locale := environment.get(name):
            return Language.ZH if locale.startswith("zh") else Language.EN
    return Language.EN
