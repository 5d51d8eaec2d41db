"""Errors in Chinese, by code. Whatever is not here is told by the kind of error it is."""

from __future__ import annotations

from collections.abc import Sequence

_WORDS = {
    # by kind
    "malformed_input": "输入有误",
    "not_found": "没有找到",
    "conflict": "与已有记录不符",
    "not_authorized": "无权进行此操作",
    "chain_unavailable": "链暂时无法访问；这不表示证照无效",
    "storage": "存储出错",
    # homes and passphrases
    "home_not_found": "此处不是节点目录，请先用 `zhenglian init` 建立，或用 --home 指明",
    "home_exists": "此处已是节点目录，未作改动",
    "home_incomplete": "建立节点目录时曾中断，请把残留目录移走后重试",
    "passphrase_missing": "需要口令，而此时无法询问",
    "wrong_passphrase": "口令不正确",
    "vault_in_use": "另一进程正在使用保险库，请待其结束",
    "vault_of_another_user": "保险库属于另一用户，请以其属主的身份操作",
    "vault_damaged": "保险库已损坏，请从备份恢复",
    "directory_in_use": "另一进程正在使用该目录，请待其结束",
    "directory_not_ours": "该目录不是演示所建，未作改动，请另选目录",
    # disks and files
    "disk_full": "磁盘已满，本次未写入任何内容",
    "disk_failed": "磁盘无法读写",
    "os_error": "无法读写文件或目录",
    "file_exists": "文件已存在，未作改动",
    # the chain and the index
    "chain_missing": "此处没有链：可能尚未挂载，或尚未创立账本",
    "chain_in_use": "另一进程正在使用链，请稍后再试",
    "contract_missing": "这条链上没有本账本，可能连接了别的链，或尚未同步",
    "transaction_refused": "链节点不接受此账户的一笔交易，其后的交易无法发送；请稍后重试，"
    "若一直被拒绝，请运行 zhenglian fsck --repair",
    "outcome_unknown": "结果未知：已提交，尚未得到链的确认；请重新运行同一命令",
    "index_damaged": "索引已损坏，可用 `zhenglian index rebuild` 重建",
    "index_read_only": "索引无法写入",
    "consortium_founded": "这条链上已有联盟，请申请加入",
    "chain_storage": "链所在磁盘无法写入；请腾出空间后重新运行同一命令，不会丢失任何内容",
    # certificates
    "certificate_unknown": "本节点没有签发过这张证照",
    "not_anchored": "证照已制作但尚未上链，请重新运行中断的签发命令",
    "content_erased": "证照内容已删除，状态和证明仍在",
    "status_not_allowed": "证照当前状态不允许此操作，未作任何变更",
    "status_final": "证照状态已终结，不能再变更",
    "effective_date_too_early": "生效日期早于证照的颁发日期，未作任何变更",
    "effective_date_too_late": "生效日期过于靠后，未作任何变更",
    "certificate_retained": "证照尚在法定保存期内，不能删除",
    "certificate_held": "证照已设保全，不能删除",
    "wrong_check_character": "校验位不符，请核对全部字符",
    "disclosure_unknown": "证照没有这个字段",
    "batch_unknown": "本节点没有这个批次",
    "rows_refused": "文件中有不能签发的行",
    "none_in_validity": "文件中当前有效的证照不足",
    # departments
    "issuer_ambiguous": "本节点有多个部门，请用 --issuer 指明",
    "issuer_missing": "本节点尚未登记部门",
    "issuer_unknown": "没有登记过这个部门",
    "issuer_not_mandated": "该部门未获授权颁发此类证照",
    "mandate_missing": "该部门尚未获授权颁发任何证照",
    "type_unknown": "没有这种证照类型",
    # cases
    "case_unknown": "账本中没有这个案件",
    "case_ambiguous": "有多个案件以此开头，请多给几位",
    "case_missing": "本节点没有这个案件的案卷，请先接收案件包",
    "case_not_ended": "案件尚未办完，案卷还不能删除",
    "case_exists": "案件已存在",
    "delivery_exists": "这一件早已签收，回执以当时所签为准",
    "delivery_expired": "签收回执的上链期限已过",
    "case_state_unexpected": "案件当前状态不允许此操作，未作任何变更",
    "case_paused": "案件正停止计时，请先恢复",
    "case_not_paused": "案件并未停止计时",
    "not_our_case": "此事应由其他部门办理，本节点没有其印章密钥",
    "paper_missing": "本节点缺少案卷材料，请对方发送案件包",
    "materials_not_passed": "材料核验未通过：请要求补正、不予受理，或用 --despite 自行判断受理",
    "matter_ended": "该事项已终止，不再收件",
    "matter_version_not_in_force": "事项标准已更新，请重新提交",
    "supplemented_before": "补正只能要求一次",
    "acceptance_time_over": "受理期限已过，视为受理",
    "acceptance_time_runs": "受理期限未满",
    "extended_before": "延期只能一次",
    "hand_over_pending": "材料正在移交途中，待对方接收",
    "hand_over_missing": "没有待接收的移交",
    "hand_over_to_itself": "收件与办理是同一部门，无须移交",
    "not_custodian": "材料不在本部门",
    "package_differs": "案件包与移交方盖章的不一致，请勿接收",
    "package_expected": "移交的方式与所给的不符",
    "dossier_differs": "案件包的内容与账本记载不符",
    "receipt_differs": "回执与账本记载不符",
    "department_not_competent": "该部门无权办理此环节",
    "department_ambiguous": "本节点有多个部门可以决定，请用 --department 指明",
    "decided_before": "该部门已作出决定，不能再次决定",
    "decision_out_of_turn": "尚未轮到该部门决定",
    "decision_too_late": "该部门的决定期限已过",
    "step_still_open": "本环节尚未有结果",
    "calendar_not_published": "缺少该年放假安排，请写入节点目录的 calendar.json",
    "not_one_row": "引用案件或关联证照时，文件只能有一行",
    # the catalogue
    "type_defined": "目录中已有该类型的这一版本",
    "schema_outdated": "目录中该类型已有新版规范，请取得文件并用 `zhenglian catalogue import` 导入",
    "type_not_catalogued": "目录中没有这种证照类型，应由其定义机构列入",
    "type_of_another_authority": "该证照类型应由另一机构定义",
    "matter_not_catalogued": "目录中没有这个事项或版本，应由其主管部门列入",
    "matter_of_another_department": "该事项属于另一部门",
    "version_unexpected": "版本号应比目录中的现行版本大一",
    "definition_missing": "本机没有该事项定义的文件，可用 `zhenglian catalogue import` 导入",
    "definition_damaged": "事项定义文件与其散列不符，请重新取得后导入",
    "seal_key_missing": "本节点没有该部门现行的印章密钥",
    "field_missing": "文件缺少必要的条目",
    "field_malformed": "文件中有条目不合要求",
    "unexpected": "程序内部出错",
}


def describe_error(codes: Sequence[str]) -> str:
    """What went wrong, in Chinese, by the first code that has words.

    >>> describe_error(["lost_paper", "not_found"])
    '没有找到'
    """
    return next((_WORDS[code] for code in codes if code in _WORDS), "出错")
