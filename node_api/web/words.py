"""What the verification page says besides the verdict's own words, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger.verification.finding import Outcome
from ledger.verification.wording import Wording

TITLE: Final = Wording("电子证照核验", "Verify a certificate")
INTRODUCTION: Final = Wording(
    "请选择持证人出示的文件，几秒钟内即可得到结论。文件只用于本次核验，不会保存。",
    "Choose the file that the holder has shown you. The answer comes within seconds; the file is "
    "used for this verification alone and is not kept.",
)
FILE: Final = Wording("证照文件", "Certificate file")
FILE_HINT: Final = Wording(
    "文件名通常以 .zhenglian.json 结尾，也可以把文件拖到这里",
    "Its name usually ends in .zhenglian.json; you can also drop it here",
)
PASTE: Final = Wording("没有文件？粘贴文本", "No file? Paste the text")
PASTE_LABEL: Final = Wording(
    "证照文本（证据文件的全部内容，或以 eyJ 开头的证照）",
    "Text: all of an evidence file, or a certificate that begins with eyJ",
)
MORE: Final = Wording("更多选项", "More options")
REGION: Final = Wording("由哪个地区采信", "Which region relies on it")
REGION_DEFAULT: Final = Wording("本地区（{name}）", "This region ({name})")
REGION_NONE: Final = Wording("不核验互认，只核验真伪和状态", "None: authenticity and status alone")
AS_OF: Final = Wording("核验哪一时点的情况（北京时间）", "As of which time (UTC+8)")
AS_OF_HINT: Final = Wording("不填即为现在", "Leave empty for now")
SUBMIT: Final = Wording("开始核验", "Verify")
WORKING: Final = Wording("正在核验…", "Verifying…")
CHOOSE: Final = Wording("选择文件", "Choose file")
NONE_CHOSEN: Final = Wording("尚未选择", "none chosen")
AUTHENTICITY: Final = Wording("证照真实", "Authentic")
RELIANCE: Final = Wording("可以采信", "May be relied on")
ANOTHER: Final = Wording("再核验一份", "Verify another")
PRINT: Final = Wording("打印结果", "Print")
SWITCH: Final = Wording("English", "中文")
SKIP: Final = Wording("跳到核验结果", "Skip to the result")
RESULT: Final = Wording("核验结果", "Result")
REASONS: Final = Wording("原因", "Why")
NEXT: Final = Wording("下一步", "What to do next")
SHOWN: Final = Wording("证照内容", "What the certificate says")
HIDDEN: Final = Wording("另有 {count} 项内容持证人未出示。", "{count} more fields are not shown.")
CHECKS: Final = Wording("逐项核验情况", "All checks")
CHECK: Final = Wording("核验项", "Check")
FINDING: Final = Wording("结论", "Outcome")
EXPLANATION: Final = Wording("说明", "Explanation")
BASIS: Final = Wording("核验依据", "What this rests on")
NAME: Final = Wording("证照名称", "Certificate")
IDENTIFIER: Final = Wording("证照标识", "Identifier")
ISSUER: Final = Wording("颁发机构", "Issuer")
VALIDITY: Final = Wording("有效期", "Valid")
NO_END: Final = Wording("长期", "no end")
ANCHORED: Final = Wording("颁发（上链）时间", "Issued (anchored)")
BOUND: Final = Wording("出示方式", "Presented")
BOUND_YES: Final = Wording("本人出示（有本人签名）", "by its holder (signed by the holder's key)")
BOUND_NO: Final = Wording(
    "未验证是否本人出示，请另行核对身份", "by a bearer: check who the person is by other means"
)
VERIFIED_AT: Final = Wording("核验时间", "Verified at")
AS_OF_TIME: Final = Wording("核验的时点", "As of")
KNOWLEDGE: Final = Wording("账本截至", "Ledger as known up to")
KNOWLEDGE_NONE: Final = Wording("没有可用的账本", "no ledger at hand")
AGE: Final = Wording("（{age}前）", " ({age} ago)")
ENTRIES: Final = Wording("，共 {size} 条记录", ", {size} entries")
POLICY: Final = Wording("核验规则", "Rules")
FOOT: Final = Wording(
    "结论只对所列时点和核验规则有效。证照状态之后可能变化，请在使用时重新核验。",
    "The verdict holds for the time and the rules named here. The status may change later: verify "
    "again when you rely on it.",
)

VERDICTS: Final[Mapping[Outcome, Wording]] = MappingProxyType(
    {
        Outcome.PASSED: Wording(
            "证照真实，状态正常，可以采信。", "Authentic, in force, may be relied on."
        ),
        Outcome.FAILED: Wording("请不要采信这份证照。", "Do not rely on this certificate."),
        Outcome.INDETERMINATE: Wording(
            "现在还不能下结论。这不代表证照无效。",
            "No conclusion is possible now. This does not mean that it is invalid.",
        ),
    }
)

UNAVAILABLE: Final = Wording(
    "本核验点暂时读不到账本，不能下结论。请稍后再试；若一直如此，请联系运维人员。",
    "This node cannot read its copy of the ledger at the moment. Try again later, and tell the "
    "operator if it stays so.",
)

PROBLEMS: Final[Mapping[str, tuple[Wording, Wording]]] = MappingProxyType(
    {
        "empty": (
            Wording("还没有选择文件", "No file has been chosen"),
            Wording(
                "请先选择文件或粘贴文本，再点“开始核验”。", "Choose a file or paste a text first."
            ),
        ),
        "too_large": (
            Wording("文件太大", "The file is too large"),
            Wording(
                "证照文件不会超过 1 MB。请确认选择的是证照文件，而不是照片或扫描件。",
                "A certificate file has at most 1 MB. Make sure that it is not a photo or a scan.",
            ),
        ),
        "busy": (
            Wording("现在核验的人太多", "Too many verifications at the moment"),
            Wording(
                "没有核验这份文件。请等几秒钟再点“开始核验”。",
                "Nothing was verified. Try again in a few seconds.",
            ),
        ),
        "unavailable": (
            Wording("核验服务暂时不可用", "The service is not available at the moment"),
            Wording(
                "没有核验这份文件，这不代表证照无效。请稍后再试。",
                "Nothing was verified; this does not mean that the certificate is invalid. Try "
                "again later.",
            ),
        ),
        "offline": (
            Wording("连不上核验服务", "The service cannot be reached"),
            Wording(
                "请检查网络后再试。没有核验这份文件，这不代表证照无效。",
                "Check the network and try again. Nothing was verified; this does not mean that "
                "the certificate is invalid.",
            ),
        ),
        "question": (
            Wording("填写的选项有误", "One of the options is not right"),
            Wording(
                "请检查“更多选项”里的地区和时间。", "Check region and time under “More options”."
            ),
        ),
    }
)
