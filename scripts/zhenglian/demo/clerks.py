"""What clerks do in the second act: issue a certificate from a file of one row, and show it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import timedelta

from ledger.actions.cases.opening import HandedIn
from ledger.actions.issuance.loop import issue_file
from ledger.actions.issuance.outcome import Citation
from ledger.actions.presentation import present
from ledger.errors import LedgerError
from ledger.formats.case_documents import Party
from ledger.formats.case_materials import MaterialKind
from ledger.identifiers import CertificateId, CertificateType, Uscc
from ledger.workspace import Workspace
from zhenglian.demo.cast import (
    CONSTRUCTOR,
    FIRM,
    QUALIFICATION,
    SAFETY_LICENCE,
    SAFETY_STAFF,
)
from zhenglian.times import today_in_china

_VALID_FOR = timedelta(days=730)
_ISSUED_BEFORE = timedelta(days=90)
_SHOWN = ("holder_name", "holder_code", "holder_code_type")


def issue_to(
    workspace: Workspace,
    issuer: Uscc,
    kind: CertificateType,
    holder: Party,
    *,
    citation: Citation | None = None,
) -> CertificateId:
    """Issues one invented certificate.

    Raises:
        LedgerError: its row has an error, or the contract refuses the batch.
    """
    digits = "".join(filter(str.isdigit, holder.code))[-7:]
    certificate_id = CertificateId.build(kind, issuer, f"2026{digits}", "001")
    row = _make_row(kind, certificate_id, holder, is_new=citation is not None)
    columns = workspace.schema(kind).columns()
    path = workspace.home.parent / f"{kind}-{issuer}-{digits}.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerow(row)
    report = issue_file(workspace, path, issuer, kind, citation=citation)
    path.unlink()
    if report.issued != 1:
        told = "; ".join(each.expected_en for each in report.errors)
        raise LedgerError(f"{certificate_id} was not issued: {told}")
    return certificate_id


def show(workspace: Workspace, certificate_id: CertificateId, name: str) -> HandedIn:
    """A certificate as its holder hands it in instead of a paper of that name."""
    evidence = present(workspace, certificate_id, _SHOWN)
    return HandedIn(name, MaterialKind.CERTIFICATE, certificate_id.type, evidence.to_json())


def paper(name: str) -> HandedIn:
    """A document that no certificate replaces."""
    content = f"{name}（虚构，仅供演示）".encode()
    return HandedIn(name, MaterialKind.DOCUMENT, None, content)


def _make_row(
    kind: CertificateType, certificate_id: CertificateId, holder: Party, *, is_new: bool
) -> Mapping[str, str]:
    issued = today_in_china() - (timedelta() if is_new else _ISSUED_BEFORE)
    dates = {
        "发证日期": issued.isoformat(),
        "有效期起": issued.isoformat(),
        "有效期止": (issued + _VALID_FOR).isoformat(),
    }
    common = {"证照标识": str(certificate_id), "证书编号": f"示例〔2026〕{certificate_id.serial}"}
    return {**common, **dates, **_own_cells(kind, holder)}


def _own_cells(kind: CertificateType, holder: Party) -> Mapping[str, str]:
    person = {"姓名": holder.name, "身份证号": holder.code}
    firm = {
        "企业名称": holder.name,
        "统一社会信用代码": holder.code,
        "主要负责人": "负责人（虚构）",
        "单位地址": "示例路1号（虚构）",
    }
    return {
        CONSTRUCTOR: {
            **person,
            "证书级别": "二级",
            "专业": "建筑工程",
            "聘用企业": FIRM.name,
            "聘用企业统一社会信用代码": FIRM.code,
            "执业资格证书管理号": "示例0001",
        },
        SAFETY_STAFF: {
            **person,
            "性别": "男" if int(holder.code[16]) % 2 else "女",
            "企业名称": FIRM.name,
            "企业统一社会信用代码": FIRM.code,
            "职务": "专职安全生产管理人员",
            "岗位类别": "C2",
            "初次领证日期": (today_in_china() - _ISSUED_BEFORE).isoformat(),
        },
        SAFETY_LICENCE: {**firm, "许可范围": "建筑施工"},
        QUALIFICATION: {
            "企业名称": holder.name,
            "统一社会信用代码": holder.code,
            "法定代表人": "负责人（虚构）",
            "注册地址": "示例路1号（虚构）",
            "资质类别及等级": "建筑工程施工总承包三级",
        },
    }[kind]
