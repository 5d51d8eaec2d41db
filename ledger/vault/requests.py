"""Single requests to issue: under which reference an issuer asked for which certificate.

Written in the transaction that stages the certificate, so that there is one exactly if there is the
other. What became of a request is what became of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Select, delete, select, tuple_

from ledger.identifiers import Uscc
from ledger.vault.database import Database, insert_many
from ledger.vault.request_tables import requests
from ledger.vault.tables import BatchState, batches, certificates, data_keys

T = TypeVar("T")
READ_AT_ONCE = 400  # two parameters each, and SQLite takes 32,766 of them


class NewRequest(NamedTuple):
    """A request whose certificate is staged. `batch_pk`: number of the batch it is in."""

    issuer: str
    reference: str
    identifier: str
    batch_pk: int


@dataclass(frozen=True, slots=True)
class CertificatePlace:
    """Where a certificate stands, without its content.

    Attributes:
        content_mac: None once it is erased.
        anchored_at_unix: by the chain's clock; None while the batch is not anchored.
    """

    identifier: str
    position: int
    leaf_hash: bytes
    content_mac: bytes | None
    batch_pk: int
    batch_key: bytes
    batch_state: BatchState
    run_id: int | None
    anchored_at_unix: int | None
    log_index: int | None


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request as the vault has it.

    Attributes:
        batch_state: abandoned says that its certificate was given up.
        accepted_at_unix: by this node's clock.
    """

    issuer: Uscc
    reference: str
    identifier: str
    batch_pk: int
    batch_state: BatchState
    accepted_at_unix: int


class Requests:
    """The single requests of a vault."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def add(self, new: Collection[NewRequest], given_up: Collection[tuple[str, str]] = ()) -> None:
        """Record requests.

        Args:
            given_up: those (issuer, reference) among them that the vault has already, with a
                certificate that was given up; they are recorded anew.
        """
        if not new:
            return
        now_unix = self._clock()
        ended = select(batches.c.id).where(batches.c.state == BatchState.ABANDONED)
        with self._database.write() as connection:
            for part in _parts(given_up):
                connection.execute(
                    delete(requests).where(
                        tuple_(requests.c.issuer, requests.c.reference).in_(part),
                        requests.c.batch.in_(ended),
                    )
                )
            insert_many(connection, requests, [(*row, now_unix) for row in new])

    def find(self, issuer: Uscc, reference: str) -> RequestRow | None:
        """One request."""
        return self.find_many([(str(issuer), reference)]).get((str(issuer), reference))

    def find_many(
        self, references: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], RequestRow]:
        """Those of the requests (issuer, reference) that the vault has."""
        found: dict[tuple[str, str], RequestRow] = {}
        with self._database.read() as connection:
            for part in _parts(references):
                query = _ROWS.where(tuple_(requests.c.issuer, requests.c.reference).in_(part))
                for row in connection.execute(query):
                    found[row.issuer, row.reference] = RequestRow(
                        Uscc(row.issuer),
                        row.reference,
                        row.identifier,
                        row.batch,
                        BatchState(row.state),
                        row.accepted_at_unix,
                    )
        return found

    def find_strays(self) -> list[tuple[str, str]]:
        """Issuer and reference of requests whose certificate is not in the batch they name."""
        query = (
            select(requests.c.issuer, requests.c.reference)
            .select_from(
                requests.join(batches, batches.c.id == requests.c.batch).outerjoin(
                    certificates,
                    (certificates.c.identifier == requests.c.identifier)
                    & (certificates.c.batch == requests.c.batch),
                )
            )
            .where(
                ((batches.c.state != BatchState.ABANDONED) & certificates.c.id.is_(None))
                | (batches.c.issuer != requests.c.issuer)
            )
            .order_by(requests.c.issuer, requests.c.reference)
        )
        with self._database.read() as connection:
            return [(issuer, reference) for issuer, reference in connection.execute(query)]

    def places(self, identifiers: Collection[str]) -> dict[str, CertificatePlace]:
        """Those of the certificates that the vault has, whatever they were requested by."""
        found: dict[str, CertificatePlace] = {}
        with self._database.read() as connection:
            for part in _parts(identifiers):
                for row in connection.execute(_PLACES.where(certificates.c.identifier.in_(part))):
                    found[row.identifier] = CertificatePlace(
                        row.identifier,
                        row.position,
                        row.leaf_hash,
                        row.content_mac,
                        row.batch,
                        row.batch_key,
                        BatchState(row.state),
                        row.run_id,
                        row.anchored_at_unix,
                        row.log_index,
                    )
        return found


_ROWS: Select[Any] = select(requests, batches.c.state).select_from(
    requests.join(batches, batches.c.id == requests.c.batch)
)
_PLACES: Select[Any] = select(
    certificates.c.identifier,
    certificates.c.position,
    certificates.c.leaf_hash,
    data_keys.c.content_mac,
    certificates.c.batch,
    batches.c.batch_key,
    batches.c.state,
    batches.c.run_id,
    batches.c.anchored_at_unix,
    batches.c.log_index,
).select_from(
    certificates.join(batches, batches.c.id == certificates.c.batch).outerjoin(
        data_keys, data_keys.c.certificate == certificates.c.id
    )
)


def _parts(items: Iterable[T]) -> Iterable[list[T]]:
    listed = list(items)
    return (listed[start : start + READ_AT_ONCE] for start in range(0, len(listed), READ_AT_ONCE))
