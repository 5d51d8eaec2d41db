"""Which of its two languages a page speaks to somebody. Source: RFC 9110 §12.5.4."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    """Chinese comes first."""

    ZH = "zh"
    EN = "en"

    @property
    def tag(self) -> str:
        """For HTML's lang. Source: BCP 47."""
        return "zh-Hans" if self is Language.ZH else "en"

    @property
    def other(self) -> Language:
        """The one to switch to."""
        return Language.EN if self is Language.ZH else Language.ZH

    def pick(self, zh: str, en: str) -> str:
        """The one of two texts that is in this language."""
        return zh if self is Language.ZH else en


def choose_language(asked: str, accepted: str) -> Language:
    """The language that was asked for, else the first of the two that a browser prefers.

    >>> choose_language("", "de-DE, en;q=0.8, zh;q=0.3").value
    'en'
    """
    if asked in (Language.ZH, Language.EN):
        return Language(asked)
    best, best_quality = Language.ZH, 0.0
    for item in accepted[:1000].split(","):
        tag, _, parameters = item.strip().partition(";")
        prefix = tag.strip().lower().partition("-")[0]
        if prefix not in (Language.ZH, Language.EN):
            continue
        quality = _read_quality(parameters)
        if quality > best_quality:
            best, best_quality = Language(prefix), quality
    return best


def _read_quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
