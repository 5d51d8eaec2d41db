"""Why a check did not pass. Each reason has words for people in `wording`."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Stable codes; the comment names the check (DESIGN §5) that gives the reason first."""

    __hash__ = str.__hash__  # as quick as a text's: every report asks it dozens of times

    # 1 well-formed
    NOT_WELL_FORMED = "not_well_formed"
    CERTIFICATE_UNREADABLE = "certificate_unreadable"
    # 2 seal signature
    SEAL_INVALID = "seal_invalid"
    # 3 signing certificate
    CHAIN_INVALID = "chain_invalid"
    SIGNING_CERTIFICATE_NOT_YET_VALID = "signing_certificate_not_yet_valid"
    SIGNING_CERTIFICATE_EXPIRED = "signing_certificate_expired"
    SIGNING_CERTIFICATE_OF_ANOTHER_ISSUER = "signing_certificate_of_another_issuer"
    SIGNING_CERTIFICATE_NOT_REGISTERED = "signing_certificate_not_registered"
    ROOT_NOT_REGISTERED = "root_not_registered"
    # 3 and 4: who may seal
    SEAL_KEY_NOT_REGISTERED = "seal_key_not_registered"
    SEAL_KEY_OF_ANOTHER_ISSUER = "seal_key_of_another_issuer"
    SEAL_KEY_NOT_YET_VALID = "seal_key_not_yet_valid"
    SEAL_KEY_ENDED = "seal_key_ended"
    KEY_COMPROMISED = "key_compromised"
    ISSUER_NOT_REGISTERED = "issuer_not_registered"
    ISSUER_ENDED = "issuer_ended"
    MEMBER_UNKNOWN = "member_unknown"
    MEMBER_REMOVED = "member_removed"
    NOT_MANDATED = "not_mandated"
    MANDATE_NOT_IN_FORCE = "mandate_not_in_force"
    MISSING_SEAL_KEY = "missing_seal_key"
    MISSING_DEPARTMENT = "missing_department"
    MISSING_MEMBER = "missing_member"
    MISSING_MANDATE = "missing_mandate"
    # 5 anchored
    NO_TRUSTED_LOG = "no_trusted_log"
    LEDGER_MISMATCH = "ledger_mismatch"
    LOG_ROOT_MISMATCH = "log_root_mismatch"
    LOG_HEAD_UNKNOWN = "log_head_unknown"
    LOG_PROOF_MISMATCH = "log_proof_mismatch"
    MISSING_BATCH_PROOF = "missing_batch_proof"
    MISSING_ANCHORING = "missing_anchoring"
    NOT_ANCHORED = "not_anchored"
    NOT_ANCHORED_YET = "not_anchored_yet"
    POSITION_MISMATCH = "position_mismatch"
    BATCH_KEY_MISMATCH = "batch_key_mismatch"
    BATCH_COUNT_MISMATCH = "batch_count_mismatch"
    ISSUER_MISMATCH = "issuer_mismatch"
    TYPE_MISMATCH = "type_mismatch"
    PROOF_ROOT_MISMATCH = "proof_root_mismatch"
    ISSUED_AFTER_ANCHORING = "issued_after_anchoring"
    # 6 catalogue
    TYPE_NOT_IN_CATALOGUE = "type_not_in_catalogue"
    MISSING_TYPE = "missing_type"
    SCHEMA_UNKNOWN = "schema_unknown"
    SCHEMA_MISMATCH = "schema_mismatch"
    # 7 validity period
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    # 8 status
    NOT_YET_ISSUED = "not_yet_issued"
    CERTIFICATE_REVOKED = "certificate_revoked"
    CERTIFICATE_SUSPENDED = "certificate_suspended"
    CERTIFICATE_SUPERSEDED = "certificate_superseded"
    # 9 recognition
    MISSING_RELYING_REGION = "missing_relying_region"
    MISSING_POLICY = "missing_policy"
    NOT_RECOGNISED = "not_recognised"
    # 10 freshness
    STALE = "stale"
    # 11 holder binding
    BEARER = "bearer"
    MISSING_KEY_BINDING = "missing_key_binding"
    NO_HOLDER_KEY = "no_holder_key"
    KEY_BINDING_INVALID = "key_binding_invalid"
    KEY_BINDING_OF_ANOTHER_PRESENTATION = "key_binding_of_another_presentation"
    MISSING_AUDIENCE = "missing_audience"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_NONCE = "wrong_nonce"
    KEY_BINDING_NOT_YET_VALID = "key_binding_not_yet_valid"
    KEY_BINDING_EXPIRED = "key_binding_expired"
