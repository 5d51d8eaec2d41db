"""Binding a presentation to its holder, its reader and its moment, with the holder's own key.

The key stays where the holder is: what a node presents is bound by whoever has the key, and the
node never sees it. Source: RFC 9901 §4.3 (key binding).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric import ec

from ledger.errors import MalformedInputError
from ledger.formats.certificate import Certificate, parse_certificate
from ledger.formats.evidence import Evidence
from ledger.formats.key_binding import create_key_binding
from ledger.identifiers import RegionCode


@dataclass(frozen=True, slots=True)
class HolderBinding:
    """How a presentation is bound to its holder, its reader and its moment.

    Attributes:
        key: the holder's private key, whose public half is in the certificate.
        audience: region of the relying party.
        expires_at_unix: when the binding ends.
        nonce: what the relying party asked to be repeated, or random.
    """

    key: ec.EllipticCurvePrivateKey
    audience: RegionCode
    purpose: str | None
    expires_at_unix: int
    nonce: str = ""


def bind_certificate(
    certificate: Certificate, binding: HolderBinding, now_unix: int
) -> Certificate:
    """The certificate with a key binding made at a time.

    Raises:
        MalformedInputError: field holder_key; it names no holder key, or another one.
    """
    if certificate.holder_jwk is None:
        raise MalformedInputError(
            "holder-key: this certificate names no holder key, so it can only be shown as bearer",
            field="holder_key",
        )
    return parse_certificate(
        create_key_binding(
            certificate.presentation,
            binding.key,
            audience=binding.audience,
            nonce=binding.nonce or secrets.token_urlsafe(16),
            issued_at_unix=now_unix,
            valid_until_unix=binding.expires_at_unix,
            purpose=binding.purpose,
        )
    )


def bind_evidence(evidence: Evidence, binding: HolderBinding, now_unix: int) -> Evidence:
    """Evidence whose certificate is bound. Raises as `bind_certificate`."""
    return replace(evidence, certificate=bind_certificate(evidence.certificate, binding, now_unix))
