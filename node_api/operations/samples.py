"""Values for the examples of the OpenAPI document: synthetic, as those in examples/."""

from __future__ import annotations

from typing import Final

CHONGQING: Final = "500000"
SICHUAN: Final = "510000"
HOUSING: Final = "11500000000000001G"
SICHUAN_HOUSING: Final = "11510000000000001L"
TYPE: Final = "11100000000013338W011"
ITEM: Final = "11510000000000001L0117001001000"
CERTIFICATE: Final = f"1.2.156.3005.2.{TYPE}.{HOUSING}.20250000495.001.X"
ROW: Final = {
    "证照标识": CERTIFICATE,
    "证书编号": "渝建安C3（2025）0000495",
    "姓名": "魏海",
    "身份证号": "160201200003239411",
    "性别": "男",
    "企业名称": "重庆示例中垒盛丰建筑工程有限公司",
    "企业统一社会信用代码": "91169001MA0000057Y",
    "职务": "专职安全生产管理人员",
    "岗位类别": "C3",
    "初次领证日期": "2025-08-28",
    "发证日期": "2025-08-28",
    "有效期起": "2025-08-28",
    "有效期止": "2028-08-27",
}
"""The row of the certificate, without the columns that are empty in it."""
GROUP: Final = "@CHUANYU"
DIGEST: Final = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
UNIX: Final = 1_790_000_000

SCHEMA_DOCUMENT: Final = b'{"type": "11100000000013338W011"}'.hex()
MATTER_DOCUMENT: Final = b'{"format": "zhenglian-matter/1"}'.hex()
PACT_DOCUMENT: Final = b'{"format": "zhenglian-pact/1"}'.hex()
APPLICATION_DOCUMENT: Final = b'{"member": "530000"}'.hex()
