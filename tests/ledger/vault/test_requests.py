"""A request is there exactly if its certificate is, and tells what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import ConflictError
from ledger.vault.batches import BatchRow
from ledger.vault.requests import READ_AT_ONCE, NewRequest
from ledger.vault.store import Vault
from ledger.vault.tables import BatchState
from tests.ledger.vault.vaults import (
    CHEAP,
    ISSUER,
    NOW_UNIX,
    PASSPHRASE,
    create_vault,
    new_batch,
    stage,
)
from tests.support.postgresql import create_schema


@pytest.fixture(params=["sqlite", "postgresql"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Vault]:
    directory = tmp_path / "vault"
    if request.param == "sqlite":
        opened = create_vault(directory)
    else:
        url = create_schema(request.getfixturevalue("postgresql"))
        opened = Vault.create(directory, PASSPHRASE, url=url, cost=CHEAP, clock=lambda: NOW_UNIX)
    with opened:
        yield opened


def open_batch(vault: Vault, *identifiers: str) -> BatchRow:
    batch = vault.batches.open(new_batch())
    stage(vault, batch, *identifiers)
    return batch


def add(vault: Vault, batch: BatchRow, **references: str) -> None:
    vault.requests.add(
        [NewRequest(str(ISSUER), name, given, batch.pk) for name, given in references.items()]
    )


def test_a_request_is_found_with_the_state_of_its_batch(vault: Vault) -> None:
    batch = open_batch(vault, "a", "b")
    add(vault, batch, one="a", two="b", three="b")
    found = vault.requests.find(ISSUER, "three")
    assert found is not None
    assert (found.identifier, found.batch_pk, found.batch_state) == ("b", batch.pk, BatchState.OPEN)
    assert found.accepted_at_unix == NOW_UNIX
    assert vault.requests.find(ISSUER, "four") is None
    place = vault.requests.places(["b"])["b"]
    assert (place.position, place.batch_key, place.anchored_at_unix) == (1, batch.batch_key, None)
    vault.batches.close(batch.pk, b"r" * 32, 2, NOW_UNIX + 60, b"s" * 64)
    vault.batches.mark_anchored(batch.pk, NOW_UNIX + 1, 7, b"t" * 32)
    place = vault.requests.places(["b"])["b"]
    assert (place.batch_state, place.anchored_at_unix, place.log_index) == (
        BatchState.ANCHORED,
        NOW_UNIX + 1,
        7,
    )
    assert place.content_mac == vault.row_cipher.content_mac(b"b")
    assert vault.requests.find_strays() == []


def test_a_reference_stands_for_one_certificate(vault: Vault) -> None:
    batch = open_batch(vault, "a", "b")
    add(vault, batch, one="a")

    def stage_another() -> None:
        with vault.transaction():
            stage(vault, batch, "c", first=2)
            add(vault, batch, one="c")

    with pytest.raises(ConflictError):
        stage_another()
    assert vault.requests.places(["c"]) == {}
    found = vault.requests.find(ISSUER, "one")
    assert found is not None
    assert found.identifier == "a"


def test_what_was_given_up_may_be_asked_for_anew(vault: Vault) -> None:
    batch = open_batch(vault, "a")
    add(vault, batch, one="a")
    vault.batches.abandon(batch.pk)
    found = vault.requests.find(ISSUER, "one")
    assert found is not None
    assert found.batch_state is BatchState.ABANDONED
    again = open_batch(vault, "a")
    request = NewRequest(str(ISSUER), "one", "a", again.pk)
    vault.requests.add([request], [(str(ISSUER), "one")])
    found = vault.requests.find(ISSUER, "one")
    assert found is not None
    assert found.batch_pk == again.pk
    assert vault.requests.find_strays() == []


def test_an_erased_certificate_leaves_no_trace_of_its_content(vault: Vault) -> None:
    batch = open_batch(vault, "a")
    add(vault, batch, one="a")
    vault.certificates.erase_key("a", "到期")
    place = vault.requests.places(["a"])["a"]
    assert place.content_mac is None
    assert vault.requests.find(ISSUER, "one") is not None


def test_many_are_asked_for_at_once(vault: Vault) -> None:
    names = [f"n{number}" for number in range(2 * READ_AT_ONCE + 1)]
    batch = open_batch(vault, *names)
    add(vault, batch, **{name: name for name in names})
    keys = [(str(ISSUER), name) for name in names]
    assert set(vault.requests.find_many(keys)) == set(keys)
    assert set(vault.requests.places(names)) == set(names)
    assert vault.requests.find_many([]) == {}
