"""What a sealing worker hands over. Imports no database, so that workers stay lean."""

from __future__ import annotations

from typing import NamedTuple


class StagedCertificate(NamedTuple):
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
        """Pickled as a call, which is quicker than the default of a named tuple."""
        return StagedCertificate, tuple(self)
