"""Names of people on a screen that others may see."""

from __future__ import annotations

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
