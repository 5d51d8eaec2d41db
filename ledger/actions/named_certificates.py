"""The certificates that a decision names: up to millions of identifiers, kept as their bytes."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

from ledger.identifiers import CertificateId, CertificateType

READ_AT_ONCE = 1000


class NamedCertificates:
    """Identifiers in the order in which they were named, 83 bytes for one of 75 characters.

    One that is named twice is there twice.
    """

    def __init__(self) -> None:
        self._text = bytearray()
        self._ends = array("Q")
        self.types: set[CertificateType] = set()

    @classmethod
    def of(cls, certificate_ids: Iterable[CertificateId] | NamedCertificates) -> NamedCertificates:
        """These identifiers; the very object where they are kept so already."""
        if isinstance(certificate_ids, NamedCertificates):
            return certificate_ids
        named = cls()
        for certificate_id in certificate_ids:
            named.add(certificate_id)
        return named

    def add(self, certificate_id: CertificateId) -> None:
        self._text += str(certificate_id).encode()
        self._ends.append(len(self._text))
        self.types.add(certificate_id.type)

    def __len__(self) -> int:
        return len(self._ends)

    def __iter__(self) -> Iterator[CertificateId]:
        for chunk in self.chunks():
            yield from map(CertificateId.parse, chunk)

    def first(self, count: int | None) -> list[str]:
        """The first of them, each once; by default all."""
        found: dict[str, None] = {}
        for chunk in self.chunks():
            for identifier in chunk:
                if count is not None and len(found) >= count:
                    return list(found)
                found[identifier] = None
        return list(found)

    def parts(self, count: int) -> Iterator[NamedCertificates]:
        """All of them, so many at a time."""
        part = NamedCertificates()
        for certificate_id in self:
            part.add(certificate_id)
            if len(part) == count:
                yield part
                part = NamedCertificates()
        if len(part):
            yield part

    def chunks(self) -> Iterator[list[str]]:
        """All of them, a thousand at a time."""
        for start in range(0, len(self._ends), READ_AT_ONCE):
            begins = self._ends[start - 1] if start else 0
            chunk = []
            for end in self._ends[start : start + READ_AT_ONCE]:
                chunk.append(self._text[begins:end].decode())
                begins = end
            yield chunk
