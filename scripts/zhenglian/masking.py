"""Names of people on a screen that others may see."""

from __future__ import annotations

from zhenglian.language import Language

ORGANISATION = "001"  # GB/T 36903 持证主体代码类型


def mask_name(name: str, holder_code_type: str) -> str:
    """A person's name with only its ends; an organisation's name is public.

    >>> mask_name("王小明", "111"), mask_name("王明", "111"), mask_name("重庆示例公司", "001")
    ('王*明', '王*', '重庆示例公司')
    """
    if holder_code_type == ORGANISATION:
        return name
    if len(name) < 3:
        return name[:1] + "*"
    return name[0] + "*" * (len(name) - 2) + name[-1]


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
