"""What the OpenAPI document gives as examples of parameters that have none of their operation's.

By name, and by operation and name where a name means something else there. All are synthetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from node_api.operations.samples import (
    CERTIFICATE,
    CHONGQING,
    DIGEST,
    HOUSING,
    SICHUAN,
    TYPE,
    UNIX,
)

_DAY: Final = 86_400
_SIGNATURE: Final = "EXAMPLE" * 12 + "EA"
"""As long as 64 bytes are in base64url, and no signature of anything."""

PARAMETER_EXAMPLES: Final[Mapping[str, object]] = {
    "Last-Event-ID": 20,
    "If-None-Match": f'"{DIGEST[:32]}"',
    "Upload-Offset": 0,
    "Zhenglian-Signature": _SIGNATURE,
    "after": 20,
    "as_of": "2026-11-30T09:00:00+08:00",
    "at_unix": UNIX,
    "audience": SICHUAN,
    "batch": DIGEST,
    "batch_key": DIGEST,
    "before_number": 1_000,
    "before_unix": UNIX + _DAY,
    "begin": 0,
    "case_id": DIGEST,
    "certificate_id": CERTIFICATE,
    "certificate_type": TYPE,
    "delivery_id": DIGEST,
    "effective_date": "2026-11-30",
    "event": "show_certificate",
    "file_name": "W011.csv",
    "from": 0,
    "issuer": HOUSING,
    "legal_basis": "《安全生产许可证条例》第十四条",
    "limit": 100,
    "log_size": 30,
    "nonce": "9a4f1c",
    "object_id": CERTIFICATE,
    "only_overdue": True,
    "position": 0,
    "reason": "02",
    "region": CHONGQING,
    "related_certificate_id": CERTIFICATE,
    "relying_region": SICHUAN,
    "seal_level": 1,
    "second": 30,
    "since_unix": UNIX,
    "size": 30,
    "skip_invalid": True,
    "state": "acknowledged",
    "states": ["accepted", "reviewing"],
    "subject": "oidc:clerk-17",
    "topics": ["status", "recall"],
    "until_unix": UNIX + _DAY,
    "create_job.kind": "issue",
    "list_inbox.kind": "case_package",
    "page_certificates.after": CERTIFICATE,
    "page_own_certificates.after": CERTIFICATE,
    "read_access_log.kind": "access",
}


def with_parameter_examples(item: Mapping[str, Any]) -> dict[str, Any]:
    """A path item of the document whose parameters all have examples, if they are known."""
    return {
        method: {**told, "parameters": [_illustrate(told, each) for each in told["parameters"]]}
        if told.get("parameters")
        else told
        for method, told in item.items()
    }


def _illustrate(operation: Mapping[str, Any], parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    own = f"{operation['operationId']}.{parameter['name']}"
    for name in (own, parameter["name"]):
        if "example" not in parameter and name in PARAMETER_EXAMPLES:
            return {**parameter, "example": PARAMETER_EXAMPLES[name]}
    return parameter
