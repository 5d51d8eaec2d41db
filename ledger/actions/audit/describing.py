"""What an entry of the log says, as the name of an act and its values in words and numbers."""

from __future__ import annotations

from typing import Any

from ledger.abi import Event
from ledger.actions.cases.describing import describe_case_event
from ledger.records import (
    BatchAnchored,
    CompromiseStatement,
    DeliveryStatement,
    DepartmentStatement,
    GroupAttested,
    GroupExitStatement,
    GroupStatement,
    MandateStatement,
    MatterStatement,
    NationalTypeChanged,
    PactSigned,
    PolicyStatement,
    SealKeyEndStatement,
    StatusAttested,
    StatusChanged,
    TypeStatement,
)


def describe(record: Event) -> tuple[str, dict[str, Any]]:
    """Act and values of an event; the act is named as its kind is, if nothing says it better.

    >>> _to_snake("BatchAnchored")
    'batch_anchored'
    """
    return describe_case_event(record) or (_to_snake(type(record).__name__), _describe(record))


def _describe(record: Event) -> dict[str, Any]:
    match record:
        case StatusChanged(statement=statement):
            return {"batch_key": statement.batch_key.hex(), "sequence": statement.sequence}
        case BatchAnchored(statement=statement):
            return {
                "batch_key": record.batch_key.hex(),
                "certificate_type": str(statement.certificate_type),
                "certificates": statement.count,
                "root": statement.root.hex(),
            }
        case StatusAttested():
            return {"batch_key": record.batch_key.hex(), "word_index": record.word_index}
        case NationalTypeChanged(change=change):
            return {
                "certificate_type": str(change.certificate_type),
                "is_national": change.is_national,
                "legal_basis": change.legal_basis,
            }
        case GroupAttested():
            parties = [str(party) for party in record.parties]
            return {"group": str(record.group), "parties": parties}
        case PactSigned():
            return {"pact_id": record.pact_id.hex(), "missing": record.missing}
    return _describe_statement(getattr(record, "statement", None))


def _describe_statement(statement: object) -> dict[str, Any]:
    match statement:
        case DepartmentStatement():
            return {"issuer": str(statement.issuer), "name": statement.name}
        case MandateStatement():
            return {
                "issuer": str(statement.issuer),
                "certificate_type": str(statement.certificate_type),
                "valid_from_unix": statement.valid_from,
                "valid_until_unix": statement.valid_until,
            }
        case SealKeyEndStatement():
            return {"key_id": statement.key_id.hex(), "valid_until_unix": statement.valid_until}
        case CompromiseStatement():
            return {
                "key_id": statement.key_id.hex(),
                "compromised_since_unix": statement.compromised_since,
            }
        case TypeStatement():
            return {
                "certificate_type": str(statement.certificate_type),
                "version": statement.version,
                "name": statement.name,
                "schema_hash": statement.schema_hash.hex(),
            }
        case MatterStatement():
            return describe_matter(statement)
        case DeliveryStatement():
            return {
                "delivery_id": statement.delivery_id.hex(),
                "sender": str(statement.sender),
                "receipt": statement.receipt_digest.hex(),
            }
    return _describe_recognition(statement)


def describe_matter(statement: MatterStatement) -> dict[str, Any]:
    """A version of a matter: the rule under which cases are decided."""
    return {
        "item_code": str(statement.item_code),
        "matter_version": statement.version,
        "name": statement.name,
        "definition_hash": statement.definition_hash.hex(),
    }


def _describe_recognition(statement: object) -> dict[str, Any]:
    match statement:
        case PolicyStatement():
            return {
                "relying": str(statement.relying),
                "source": str(statement.source),
                "certificate_type": str(statement.certificate_type or "*"),
                "version": statement.version,
                "valid_from_unix": statement.valid_from,
                "valid_until_unix": statement.valid_until,
            }
        case GroupStatement():
            parties = [str(party) for party in statement.parties]
            return {"group": str(statement.group), "name": statement.name, "parties": parties}
        case GroupExitStatement():
            return {"group": str(statement.group)}
    return {}


def _to_snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
