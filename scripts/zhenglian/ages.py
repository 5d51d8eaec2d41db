"""Tells a person that what a command shows is older than the chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zhenglian.language import Language
from zhenglian.output import Output

if TYPE_CHECKING:
    from ledger.index.reading import AsOf

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_REASONS = {
    "index_old": ("链没有新的区块", "the chain makes no blocks"),
    "chain_lost_blocks": ("链丢失了区块", "the chain lost blocks"),
}
_UNREACHABLE = ("链不可达", "chain unreachable")


class AgeWarning:
    """Writes it once on standard error, however often a command asks; `--json` stays as it is.

    Args:
        output: of the command.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._is_told = False

    def __call__(self, as_of: AsOf) -> None:
        """Tells it, if it was not told yet."""
        if not self._is_told:
            self._is_told = True
            self._output.note(describe_age(as_of, self._output.language), "yellow")


def describe_age(as_of: AsOf, language: Language) -> str:
    """Why an answer is old, and how old."""
    why = _REASONS.get(as_of.problem, _UNREACHABLE)
    age = describe_span(as_of.age_s, language)
    return language.pick(
        f"{why[0]}，以下为 {age}前（区块 {as_of.block}）的数据",
        f"{why[1]}: as of block {as_of.block}, {age} ago",
    )


def describe_span(seconds: int, language: Language) -> str:
    """A length of time in one unit, rounded down.

    >>> describe_span(119, Language.EN), describe_span(7_300, Language.ZH)
    ('119 s', '2 小时')
    """
    if seconds < 2 * _MINUTE:
        return language.pick(f"{seconds} 秒", f"{seconds} s")
    if seconds < 2 * _HOUR:
        return language.pick(f"{seconds // _MINUTE} 分钟", f"{seconds // _MINUTE} min")
    if seconds < 2 * _DAY:
        return language.pick(f"{seconds // _HOUR} 小时", f"{seconds // _HOUR} h")
    return language.pick(f"{seconds // _DAY} 天", f"{seconds // _DAY} d")
