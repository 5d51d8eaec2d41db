"""A certificate before it has a place on the ledger: what a department says about a holder.

The draft knows nothing of batches, keys or salts. Its canonical bytes answer one question: is this
the same content that was handed in before under the same identifier?
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple, Self

import orjson

from ledger.errors import MalformedInputError
from ledger.identifiers import CertificateId

LONG_TERM = "长期"


class CertificateDraft(NamedTuple):
    """The content of one certificate, already checked field by field.

    What concerns the holder is left out of `repr`, so that it does not reach a log. A named tuple,
    which is made and handed to a worker in a third of the time that a dataclass takes.
    """

    certificate_id: CertificateId
    """证照标识"""
    certificate_name: str
    """证照名称, the name of the type."""
    certificate_number: str
    """证照编号"""
    issued_on: date
    """颁发日期"""
    valid_from: date
    """有效期起"""
    valid_until: date | None
    """有效期止, the last valid day; None means 长期."""
    holder_name: str
    """持证主体名称"""
    holder_code: str
    """持证主体代码"""
    holder_code_type: str
    """持证主体代码类型 (GB/T 36903): "111" identity card, "001" USCC."""
    holder_fields: Mapping[str, str]
    """The type's own fields by ASCII property name, in schema order; dates as YYYY-MM-DD."""
    holder_key: str | None = None
    """The holder's P-256 public key, compressed point (SEC 1 §2.3.3) in base64url, 44 characters;
    None if presentations are not to be bound."""

    def __repr__(self) -> str:
        return f"CertificateDraft({self.certificate_id}, {self.certificate_name!r})"

    def __reduce__(self) -> tuple[type[CertificateDraft], tuple[object, ...]]:
        """Pickled as a call, which is quicker than the default of a named tuple."""
        return CertificateDraft, tuple(self)

    def content_digest_input(self) -> bytes:
        """The canonical JSON (RFC 8785) of everything in the draft.

        Two drafts have equal bytes exactly if they are equal, whatever the order of their own
        fields. Source: RFC 8785 section 3.2; all members are strings and all names ASCII, for
        which sorting by code point and by UTF-16 unit agree.
        """
        own_key = {} if self.holder_key is None else {"holderKey": self.holder_key}
        return orjson.dumps(
            own_key
            | {
                "certificateId": str(self.certificate_id),
                "certificateName": self.certificate_name,
                "certificateNumber": self.certificate_number,
                "holderCode": self.holder_code,
                "holderCodeType": self.holder_code_type,
                "holderFields": dict(self.holder_fields),
                "holderName": self.holder_name,
                "issuedOn": self.issued_on.isoformat(),
                "validFrom": self.valid_from.isoformat(),
                "validUntil": self.valid_until.isoformat() if self.valid_until else LONG_TERM,
            },
            option=orjson.OPT_SORT_KEYS,
        )

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read what `content_digest_input` wrote.

        Raises:
            MalformedInputError: not the canonical bytes of a draft.
        """
        try:
            draft = cls._from_members(orjson.loads(content))
            is_canonical = draft.content_digest_input() == content
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedInputError(
                f"draft: expected the canonical JSON of a certificate draft, got {error!r}",
                field="draft",
            ) from error
        if not is_canonical:
            raise MalformedInputError(
                "draft: expected canonical JSON (RFC 8785) with the members of a draft and no "
                "others, got another spelling",
                field="draft",
            )
        return draft

    @classmethod
    def _from_members(cls, members: Mapping[str, object]) -> Self:
        own, until = members["holderFields"], _text(members["validUntil"])
        if not isinstance(own, dict):
            raise TypeError("holderFields is no object")
        return cls(
            certificate_id=CertificateId.parse(_text(members["certificateId"])),
            certificate_name=_text(members["certificateName"]),
            certificate_number=_text(members["certificateNumber"]),
            issued_on=date.fromisoformat(_text(members["issuedOn"])),
            valid_from=date.fromisoformat(_text(members["validFrom"])),
            valid_until=None if until == LONG_TERM else date.fromisoformat(until),
            holder_name=_text(members["holderName"]),
            holder_code=_text(members["holderCode"]),
            holder_code_type=_text(members["holderCodeType"]),
            holder_fields={name: _text(value) for name, value in own.items()},
            holder_key=_text(members["holderKey"]) if "holderKey" in members else None,
        )


def _text(member: object) -> str:
    if not isinstance(member, str):
        raise TypeError("a member is no text")
    return member
