"""Check 11: whether the holder showed, now and to this relying party, to own the certificate's key.

Unlike the others it is about the moment of verifying, never about the as-of time. Source: RFC 9901
§7.3.
"""

from __future__ import annotations

from collections.abc import Iterator

from ledger.formats.jws import compute_digest, is_es256_signature
from ledger.formats.key_binding import AUDIENCE_PREFIX, KeyBinding, parse_holder_jwk
from ledger.verification.case import Case
from ledger.verification.finding import Finding, Outcome, failed, indeterminate, passed, weigh
from ledger.verification.policy import CLOCK_SKEW_S
from ledger.verification.reasons import Reason
from ledger.verification.report import CheckName


def check_holder_binding(case: Case) -> Finding:
    """11: a key binding, where there is one or one is asked for, is the holder's and for us."""
    binding = case.certificate.key_binding
    if binding is None:
        if CheckName.HOLDER_BINDING in case.policy.required:
            return indeterminate(Reason.MISSING_KEY_BINDING)
        return Finding(Outcome.NOT_REQUIRED, Reason.BEARER)
    detail: dict[str, object] = {"audience": binding.audience, "purpose": binding.purpose}
    return weigh(_examine(case, binding), passed(detail))


def _examine(case: Case, binding: KeyBinding) -> Iterator[Finding]:
    certificate, policy = case.certificate, case.policy
    if certificate.holder_jwk is None:
        yield failed(Reason.NO_HOLDER_KEY)
    elif not is_es256_signature(
        parse_holder_jwk(certificate.holder_jwk), binding.signature, binding.signing_digest
    ):
        yield failed(Reason.KEY_BINDING_INVALID)
    if binding.sd_hash != compute_digest(certificate.presentation.encode()):
        yield failed(Reason.KEY_BINDING_OF_ANOTHER_PRESENTATION)
    if policy.audience is None:
        yield indeterminate(Reason.MISSING_AUDIENCE)
    elif binding.audience != f"{AUDIENCE_PREFIX}{policy.audience}":
        yield failed(
            Reason.WRONG_AUDIENCE,
            {"audience": binding.audience, "expected": f"{AUDIENCE_PREFIX}{policy.audience}"},
        )
    if policy.nonce is not None and binding.nonce != policy.nonce:
        yield failed(Reason.WRONG_NONCE)
    if binding.issued_at_unix > case.now_unix + CLOCK_SKEW_S:
        yield failed(Reason.KEY_BINDING_NOT_YET_VALID, {"issued_at_unix": binding.issued_at_unix})
    if binding.valid_until_unix <= case.now_unix:
        yield failed(Reason.KEY_BINDING_EXPIRED, {"valid_until_unix": binding.valid_until_unix})
