"""Regions, departments and drafts for tests, made through the real formats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric import ec

from ledger.formats.draft import CertificateDraft
from ledger.formats.sealing import CertificateSealer
from ledger.formats.signing_certificate import create_region_root, create_signing_certificate
from ledger.identifiers import CertificateId, CertificateType, MemberId, Uscc

BEGIN_UNIX = 1_700_000_000
END_UNIX = 2_000_000_000
SEALED_AT_UNIX = 1_760_000_000
SAFETY_STAFF = CertificateType.parse("11100000000013338W011")
SAFETY_STAFF_NAME = "建筑施工企业安全生产管理人员考核合格证书"


def create_key() -> ec.EllipticCurvePrivateKey:
    """A fresh P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


class Region:
    """A member's root certificate and its key."""

    def __init__(self, member: str, name: str) -> None:
        self.member = MemberId.parse(member)
        self.name = name
        self.root_key = create_key()
        self.root = create_region_root(
            self.root_key,
            self.member,
            name,
            valid_from_unix=BEGIN_UNIX,
            valid_until_unix=END_UNIX,
        )


@dataclass(eq=False)
class Department:
    """A department with a seal key under its region's root."""

    region: Region
    issuer: Uscc
    name: str
    valid_until_unix: int = END_UNIX

    @cached_property
    def seal_key(self) -> ec.EllipticCurvePrivateKey:
        return create_key()

    @cached_property
    def signing_certificate(self) -> bytes:
        return create_signing_certificate(
            self.region.root_key,
            self.region.root,
            self.seal_key.public_key(),
            self.issuer,
            self.name,
            valid_from_unix=BEGIN_UNIX,
            valid_until_unix=self.valid_until_unix,
        )

    @property
    def x5c(self) -> tuple[bytes, bytes]:
        return self.signing_certificate, self.region.root

    @cached_property
    def sealer(self) -> CertificateSealer:
        return CertificateSealer(self.seal_key, self.x5c, self.issuer, self.name)


def create_draft(
    issuer: Uscc,
    serial: str = "20250000001",
    *,
    valid_from: date = date(2025, 3, 1),
    valid_until: date | None = date(2028, 2, 29),
    version: str = "001",
) -> CertificateDraft:
    """A safety officer's certificate."""
    return CertificateDraft(
        certificate_id=CertificateId.build(SAFETY_STAFF, issuer, serial, version),
        certificate_name=SAFETY_STAFF_NAME,
        certificate_number=f"渝建安C{serial}",
        issued_on=date(2025, 3, 1),
        valid_from=valid_from,
        valid_until=valid_until,
        holder_name="张三",
        holder_code="110101199003070011",
        holder_code_type="111",
        holder_fields={
            "sex": "男",
            "employerName": "某建设工程有限公司",
            "employerUscc": str(Uscc.build("91500101MA0000001")),
            "postCategory": "C3",
            "firstIssuedOn": "2019-03-01",
        },
    )


MINISTRY = Region("11100000000013338W", "住房和城乡建设部")
CHONGQING = Region("500000", "重庆市")
SICHUAN = Region("510000", "四川省")
CHONGQING_HOUSING = Department(
    CHONGQING, Uscc.build("11500000009276135"), "重庆市住房和城乡建设委员会"
)
CHONGQING_TRANSPORT = Department(CHONGQING, Uscc.build("11500000009276143"), "重庆市交通运输委员会")
SICHUAN_HOUSING = Department(SICHUAN, Uscc.build("11510000008282399"), "四川省住房和城乡建设厅")
