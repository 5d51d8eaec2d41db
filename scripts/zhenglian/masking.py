"""Names of people on a screen that others may see."""

from __future__ import annotations

from ledger.actions.masking import mask_name
from zhenglian.language import Language


def describe_holder(
    name: str | None, holder_code_type: str, language: Language, *, is_erased: bool = False
) -> str:
    """A holder as `mask_name` has it, or why there is no name.

    >>> describe_holder(None, "", Language.EN, is_erased=True)
    '(erased)'
    """
    if name is not None:
        return mask_name(name, holder_code_type)
    return (
        language.pick("（内容已删除）", "(erased)")
        if is_erased
        else language.pick("（内容损坏）", "(damaged)")
    )
