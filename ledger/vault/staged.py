"""What a sealing worker hands over. Imports no database, so that workers stay lean."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StagedCertificate:
    """A sealed certificate on its way into the vault.

    Args:
        identifier: full, unique in the vault.
        position: place in its batch.
        leaf_hash: 32 bytes.
        content_mac: 16 bytes of `RowCipher.content_mac` over what was asked for, which recognises
            the same request again.
        ciphertext: of `RowCipher.encrypt`, bound by `certificate_binding`.
        wrapped_key: of the same, 60 bytes.
    """

    identifier: str
    position: int
    leaf_hash: bytes
    content_mac: bytes
    ciphertext: bytes
    wrapped_key: bytes

    def __reduce__(self) -> tuple[type[StagedCertificate], tuple[object, ...]]:
        """Pickled as a call: the default, which sets each field by itself, takes thrice as long."""
        return StagedCertificate, (
            self.identifier,
            self.position,
            self.leaf_hash,
            self.content_mac,
            self.ciphertext,
            self.wrapped_key,
        )
