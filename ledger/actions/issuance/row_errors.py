"""What can be wrong with a clerk's file, in words a clerk can act on.

Codes are stable: programs and help pages refer to them. All wording stands in `_TEXTS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_SHOWN_CHARACTERS = 200


class RowErrorCode(StrEnum):
    """Every problem a file, a row or a cell can have."""

    EMPTY_FILE = "empty_file"
    NO_ROWS = "no_rows"
    UNSUPPORTED_ENCODING = "unsupported_encoding"
    OLD_OR_LOCKED_WORKBOOK = "old_or_locked_workbook"
    OTHER_FORMAT = "other_format"
    DAMAGED_WORKBOOK = "damaged_workbook"
    WORKBOOK_TOO_LARGE = "workbook_too_large"
    SEVERAL_SHEETS = "several_sheets"
    MERGED_CELLS = "merged_cells"
    HEADER_MISSING = "header_missing"
    WRONG_SEPARATOR = "wrong_separator"
    UNKNOWN_COLUMN = "unknown_column"
    MISSING_COLUMN = "missing_column"
    DUPLICATE_COLUMN = "duplicate_column"

    RAGGED_ROW = "ragged_row"
    MALFORMED_QUOTES = "malformed_quotes"
    UNCLOSED_QUOTE = "unclosed_quote"
    CELL_TOO_LONG = "cell_too_long"
    NUL_CHARACTER = "nul_character"
    CONTROL_CHARACTER = "control_character"
    DAMAGED_TEXT = "damaged_text"
    FORMULA_CELL = "formula_cell"
    SCIENTIFIC_NOTATION = "scientific_notation"
    ERROR_VALUE = "error_value"
    FORMATTED_NUMBER = "formatted_number"
    CELL_OUTSIDE_TABLE = "cell_outside_table"

    MISSING_VALUE = "missing_value"
    NOT_ALLOWED_VALUE = "not_allowed_value"
    TEXT_TOO_SHORT = "text_too_short"
    TEXT_TOO_LONG = "text_too_long"
    WRONG_PATTERN = "wrong_pattern"
    WRONG_DATE = "wrong_date"
    WRONG_CERTIFICATE_ID = "wrong_certificate_id"
    WRONG_IDENTITY_NUMBER = "wrong_identity_number"
    WRONG_BIRTH_DATE = "wrong_birth_date"
    WRONG_USCC = "wrong_uscc"
    WRONG_PUBLIC_KEY = "wrong_public_key"
    WRONG_CHECK_CHARACTER = "wrong_check_character"

    WRONG_TYPE = "wrong_type"
    WRONG_ISSUER = "wrong_issuer"
    ISSUED_IN_FUTURE = "issued_in_future"
    PERIOD_ENDS_BEFORE_IT_BEGINS = "period_ends_before_it_begins"
    DUPLICATE_ROW = "duplicate_row"
    CONFLICTING_ROW = "conflicting_row"
    CONFLICTING_CERTIFICATE = "conflicting_certificate"
    ERASED_CERTIFICATE = "erased_certificate"

    DEVIANT_CHECK_CHARACTER = "deviant_check_character"
    POSSIBLY_TRUNCATED = "possibly_truncated"
    HIDDEN_ROW = "hidden_row"
    HIDDEN_COLUMN = "hidden_column"
    HIDDEN_SHEET = "hidden_sheet"


WARNING_CODES = frozenset(
    {
        RowErrorCode.DEVIANT_CHECK_CHARACTER,
        RowErrorCode.POSSIBLY_TRUNCATED,
        RowErrorCode.HIDDEN_ROW,
        RowErrorCode.HIDDEN_COLUMN,
        RowErrorCode.HIDDEN_SHEET,
    }
)
"""Problems that are shown but do not keep a row from being issued."""


@dataclass(frozen=True, slots=True)
class RowError:
    """One problem at one place of a file.

    Args:
        line: line of the file, the first being 1, on which the row begins.
        column: name of the column, empty if the problem is not one of a single column.
        value: what was found there, cut to 200 characters.
        code: stable name.
        expected_zh: what should be there, in Chinese.
        expected_en: the same in English.
    """

    line: int
    column: str
    value: str
    code: RowErrorCode
    expected_zh: str
    expected_en: str

    @property
    def is_warning(self) -> bool:
        """Whether the row is accepted all the same."""
        return self.code in WARNING_CODES

    @classmethod
    def of(
        cls, code: RowErrorCode, line: int, column: str = "", value: str = "", **details: object
    ) -> RowError:
        """Make the error with the wording of its code, which `details` complete."""
        expected_zh, expected_en = _TEXTS[code]
        shown = value if len(value) <= _SHOWN_CHARACTERS else value[:_SHOWN_CHARACTERS] + "…"
        return cls(
            line, column, shown, code, expected_zh.format(**details), expected_en.format(**details)
        )


_TEXTS: dict[RowErrorCode, tuple[str, str]] = {
    RowErrorCode.CONFLICTING_CERTIFICATE: (
        "该证照标识已签发，且内容与本行不同。更正内容须换版本号或流水号，并用 replace 取代原证",
        "This identifier was issued with other content; correct it by a new version and `replace`",
    ),
    RowErrorCode.ERASED_CERTIFICATE: (
        "该证照标识已签发，内容已于 {erased_on} 删除，不再签发。确需再发须换版本号或流水号",
        "Issued, and erased on {erased_on}; not issued again. A new one needs another version",
    ),
    RowErrorCode.WRONG_PUBLIC_KEY: (
        "应为持证人公钥（由 zhenglian holder-key 给出的 44 个字符），或留空",
        "Expected the holder's public key as `zhenglian holder-key` prints it, or nothing",
    ),
    RowErrorCode.EMPTY_FILE: (
        "文件为空。请下载模板，填写后再上传",
        "The file is empty. Fill in the template and upload that",
    ),
    RowErrorCode.NO_ROWS: (
        "只有表头，没有数据行",
        "There is a header but no row below it",
    ),
    RowErrorCode.UNSUPPORTED_ENCODING: (
        "应为 .xlsx 工作簿，或 UTF-8 或 GB18030 编码的 CSV。请另存为“CSV UTF-8（逗号分隔）”",
        "Should be .xlsx, or CSV in UTF-8 or GB18030. Save it as “CSV UTF-8 (comma delimited)”",
    ),
    RowErrorCode.OLD_OR_LOCKED_WORKBOOK: (
        "旧版（.xls）或设有打开密码的表格无法读取。请取消密码，另存为“Excel 工作簿（.xlsx）”",
        "An old (.xls) or password-protected workbook. Remove the password and save it as .xlsx",
    ),
    RowErrorCode.OTHER_FORMAT: (
        "这不是 .xlsx 工作簿，而是 {kind}。请另存为 .xlsx 或“CSV UTF-8（逗号分隔）”",
        "Not an .xlsx workbook but {kind}. Save it as .xlsx or “CSV UTF-8 (comma delimited)”",
    ),
    RowErrorCode.DAMAGED_WORKBOOK: (
        "工作簿不完整或已损坏。请用表格软件打开，另存为新的 .xlsx 后重新上传",
        "The workbook is incomplete or damaged. Open it, save it as a new .xlsx and use that",
    ),
    RowErrorCode.WORKBOOK_TOO_LARGE: (
        "工作簿解压后过大，未予读取。请把数据复制到新的工作簿，或另存为“CSV UTF-8（逗号分隔）”",
        "Too large when unpacked; not read. Copy the rows to a new workbook or save as CSV UTF-8",
    ),
    RowErrorCode.SEVERAL_SHEETS: (
        "有内容的工作表不止一个：{names}。请只保留要签发的一个，其余删除或另存",
        "Several sheets have content: {names}. Keep the one to be issued and delete the others",
    ),
    RowErrorCode.MERGED_CELLS: (
        "数据行有合并单元格。请取消合并，逐行填写",
        "Cells are merged over rows of data. Unmerge them and fill in every row",
    ),
    RowErrorCode.HEADER_MISSING: (
        "首行应为列名（与模板一致），此处没有一个列名。请删除表头上方的标题等内容",
        "The first row should have the template's column names; delete titles above them",
    ),
    RowErrorCode.WRONG_SEPARATOR: (
        "各列应以逗号分隔。请另存为“CSV UTF-8（逗号分隔）”或 .xlsx",
        "Columns should be separated by commas. Save as “CSV UTF-8 (comma delimited)” or .xlsx",
    ),
    RowErrorCode.UNKNOWN_COLUMN: (
        "第 {position} 列的列名不属于本证照类型{suggestion_zh}",
        "Column {position} has a name this certificate type does not know{suggestion_en}",
    ),
    RowErrorCode.MISSING_COLUMN: (
        "缺少必填列“{wanted}”",
        "The required column “{wanted}” is missing",
    ),
    RowErrorCode.DUPLICATE_COLUMN: (
        "同一列名只能出现一次，第 {position} 列重复",
        "A column name may stand only once; column {position} repeats it",
    ),
    RowErrorCode.RAGGED_ROW: (
        "本行应有 {wanted} 列，实有 {found} 列。内容里有逗号时，请用双引号括起该单元格",
        "The row should have {wanted} cells, it has {found}. Quote a cell that contains a comma",
    ),
    RowErrorCode.MALFORMED_QUOTES: (
        "双引号使用不当：引号应括住整个单元格，其中的引号写两次",
        "Quotes should enclose a whole cell; write a quote inside it twice",
    ),
    RowErrorCode.UNCLOSED_QUOTE: (
        "从本行开始的双引号没有正确结束，其后各行无法读取。请补上引号后重新上传",
        "Quotes opened in this row do not close properly, which hides all after it; close them",
    ),
    RowErrorCode.CELL_TOO_LONG: (
        "单元格不得超过 {limit} 个字符",
        "A cell may have at most {limit} characters",
    ),
    RowErrorCode.NUL_CHARACTER: (
        "单元格含有空字符（NUL），文件可能已损坏，请重新导出",
        "The cell contains a NUL character; the file may be damaged, export it again",
    ),
    RowErrorCode.CONTROL_CHARACTER: (
        "单元格含有不可见的控制字符（U+{character:04X}），请删除后重新输入",
        "The cell contains an invisible control character (U+{character:04X}); delete and retype",
    ),
    RowErrorCode.DAMAGED_TEXT: (
        "此处文字已损坏，无法还原，请重新输入",
        "The text here is damaged and cannot be restored; type it again",
    ),
    RowErrorCode.FORMULA_CELL: (
        "不得是公式，也不得以 = + - @ 开头。请填写文本（公式可“选择性粘贴”为数值），没有内容时留空",
        "May be no formula nor begin with = + - @. Write text (paste values), or leave it empty",
    ),
    RowErrorCode.SCIENTIFIC_NOTATION: (
        "表格软件已把数字改成科学计数法，末几位已丢失。请先把该列设为“文本”格式，再重新填写",
        "A spreadsheet lost the last digits; format the column as text and enter the number again",
    ),
    RowErrorCode.ERROR_VALUE: (
        "此处是表格软件算不出结果的标记，不是内容。请填写文本",
        "This is what a spreadsheet shows when it cannot compute a value. Write text instead",
    ),
    RowErrorCode.FORMATTED_NUMBER: (
        "此处存的是带格式的数字或日期，与显示的内容不同。请先把该列设为“文本”格式，再重新填写",
        "A number or date that only a format makes look right; format as text and enter it again",
    ),
    RowErrorCode.CELL_OUTSIDE_TABLE: (
        "此列没有列名，却有内容。请删除表格右侧的内容",
        "There is something in a column without a name; delete what stands beside the table",
    ),
    RowErrorCode.MISSING_VALUE: (
        "此列必填",
        "This column must be filled in",
    ),
    RowErrorCode.NOT_ALLOWED_VALUE: (
        "应为以下之一：{allowed}",
        "Should be one of: {allowed}",
    ),
    RowErrorCode.TEXT_TOO_SHORT: (
        "不得少于 {limit} 个字符",
        "Should have at least {limit} characters",
    ),
    RowErrorCode.TEXT_TOO_LONG: (
        "不得超过 {limit} 个字符",
        "Should have at most {limit} characters",
    ),
    RowErrorCode.WRONG_PATTERN: (
        "应符合格式：{pattern}",
        "Should match the pattern {pattern}",
    ),
    RowErrorCode.WRONG_DATE: (
        "应为真实存在的日期，如 2024-01-05、2024/1/5 或 2024年1月5日{long_term_zh}",
        "Should be a date such as 2024-01-05, 2024/1/5 or 2024年1月5日{long_term_en}",
    ),
    RowErrorCode.WRONG_CERTIFICATE_ID: (
        "应为 1.2.156.3005.2.证照类型代码（21位）.颁发机构代码（18位）.流水号.版本号（3位）.校验位",
        "Should be 1.2.156.3005.2.<type, 21>.<issuer, 18>.<serial>.<version, 3 digits>.<check>",
    ),
    RowErrorCode.WRONG_IDENTITY_NUMBER: (
        "应为 18 位身份证号：17 位数字和 1 位校验码（数字或 X）",
        "Should be an identity number of 18 characters: 17 digits and a check character 0-9 or X",
    ),
    RowErrorCode.WRONG_BIRTH_DATE: (
        "身份证号第 7 至 14 位应为真实存在的出生日期",
        "Characters 7 to 14 of the identity number should be a birth date of the calendar",
    ),
    RowErrorCode.WRONG_USCC: (
        "应为 18 位统一社会信用代码，由数字和大写字母组成，不含 I、O、S、V、Z",
        "Should be a USCC of 18 digits and capitals without I, O, S, V, Z",
    ),
    RowErrorCode.WRONG_CHECK_CHARACTER: (
        "校验码不符，请核对全部字符。若其余字符无误，最后一位应为 {expected}",
        "The check character should be {expected} if all others are right; compare them",
    ),
    RowErrorCode.WRONG_TYPE: (
        "证照标识中的类型代码应为 {wanted}",
        "The type within the identifier should be {wanted}",
    ),
    RowErrorCode.WRONG_ISSUER: (
        "证照标识中的颁发机构代码应为 {wanted}，或本省的 6 位行政区划代码",
        "The issuer within the identifier should be {wanted} or a region of its province",
    ),
    RowErrorCode.ISSUED_IN_FUTURE: (
        "发证日期不得晚于今天（{today}）",
        "The date of issue may not be later than today ({today})",
    ),
    RowErrorCode.PERIOD_ENDS_BEFORE_IT_BEGINS: (
        "有效期止不得早于有效期起（{begins}）",
        "The end of validity may not precede its beginning ({begins})",
    ),
    RowErrorCode.DUPLICATE_ROW: (
        "与第 {earlier} 行完全重复，请删除其中一行",
        "Repeats line {earlier} exactly; delete one of the two",
    ),
    RowErrorCode.CONFLICTING_ROW: (
        "证照标识与第 {earlier} 行相同而内容不同，请核对",
        "Has the identifier of line {earlier} but other content; compare the two",
    ),
    RowErrorCode.DEVIANT_CHECK_CHARACTER: (
        "提示：校验位按另一种算法生成，按 GB/T 36904 应为 {expected}。本行照常受理",
        "Note: by GB/T 36904 the check character would be {expected}; the row is accepted",
    ),
    RowErrorCode.POSSIBLY_TRUNCATED: (
        "提示：号码以 000 结尾，可能是表格软件丢失了末三位，请核对。本行照常受理",
        "Note: a spreadsheet may have cut the last three digits to 000; the row is accepted",
    ),
    RowErrorCode.HIDDEN_ROW: (
        "提示：从本行起有隐藏的行，照常受理。不要签发的行请删除",
        "Note: rows from here on are hidden; they are accepted. Delete what is not to be issued",
    ),
    RowErrorCode.HIDDEN_COLUMN: (
        "提示：此列是隐藏的，照常读取",
        "Note: this column is hidden; it is read all the same",
    ),
    RowErrorCode.HIDDEN_SHEET: (
        "提示：隐藏的工作表没有读取",
        "Note: this hidden sheet was not read",
    ),
}
