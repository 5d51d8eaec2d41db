"""Certificates are staged whole or not at all, stay where they were put, and can be erased."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ledger.errors import ConflictError, NotFoundError, StorageError
from ledger.vault import database
from ledger.vault.certificates import READ_AT_ONCE, Known, Placed
from ledger.vault.store import DATABASE_NAME, Vault
from ledger.vault.tables import BatchState
from tests.ledger.vault.vaults import NOW_UNIX, new_batch, open_vault, raw_bytes, seal, stage


def test_staged_certificate_is_found_by_identifier_and_by_place(vault: Vault) -> None:
    batch = vault.batches.open(new_batch())
    staged = seal(vault.row_cipher, "b", 1, "内容".encode())
    vault.certificates.stage(batch.pk, [seal(vault.row_cipher, "a", 0), staged])
    found = vault.certificates.find("b")
    assert found is not None
    assert found == vault.certificates.by_position(batch.batch_key, 1)
    assert (found.leaf_hash, found.content_mac) == (staged.leaf_hash, staged.content_mac)
    assert found.batch == vault.batches.get(batch.batch_key)
    assert vault.certificates.decrypt(found).decode() == "内容"


def test_absent_certificates_are_none(vault: Vault) -> None:
    batch = vault.batches.open(new_batch())
    stage(vault, batch, "a")
    assert vault.certificates.find("A") is None
    assert vault.certificates.by_position(batch.batch_key, 1) is None
    assert vault.certificates.by_position(bytes(32), 0) is None
    assert vault.certificates.find_many([]) == {}


def test_find_many_tells_what_tells_a_repetition_from_a_conflict(vault: Vault) -> None:
    batch = vault.batches.open(new_batch())
    names = [f"n{number}" for number in range(2 * READ_AT_ONCE + 1)]
    stage(vault, batch, *names)
    known = vault.certificates.find_many([*names, "other"])
    assert list(known) == names or set(known) == set(names)
    assert known["n7"] == Known(
        vault.row_cipher.content_mac(b"n7"), BatchState.OPEN, batch.pk, 7, None
    )


def test_fetch_many_gives_what_find_gives_whatever_the_batch(vault: Vault) -> None:
    names = [f"n{number}" for number in range(READ_AT_ONCE + 1)]
    stage(vault, vault.batches.open(new_batch()), *names)
    stage(vault, vault.batches.open(new_batch()), "other")
    fetched = {c.identifier: c for c in vault.certificates.fetch_many([*names, "other", "none"])}
    assert fetched.keys() == {*names, "other"}
    for name in ("n0", "other"):
        assert fetched[name] == vault.certificates.find(name)


@pytest.mark.parametrize("size", [0, 1, 249, 250, 251, READ_AT_ONCE, READ_AT_ONCE + 1])
def test_batches_of_any_size_come_back_in_order(vault: Vault, size: int) -> None:
    batch = vault.batches.open(new_batch())
    names = [f"{number:05}" for number in range(size)]
    stage(vault, batch, *names)
    stored = list(vault.certificates.iterate(batch.pk))
    assert [certificate.identifier for certificate in stored] == names
    assert [certificate.position for certificate in stored] == list(range(size))
    assert vault.batches.leaf_hashes(batch.pk) == [c.leaf_hash for c in stored]
    assert vault.batches.get(batch.batch_key).count == size


def test_interleaved_batches_keep_their_own_order(vault: Vault) -> None:
    one, other = vault.batches.open(new_batch()), vault.batches.open(new_batch())
    for position in range(50):
        stage(vault, one, f"one {position}", first=position)
        stage(vault, other, f"other {position}", first=position)
    for batch, name in ((one, "one"), (other, "other")):
        stored = vault.certificates.iterate(batch.pk)
        assert [c.identifier for c in stored] == [f"{name} {p}" for p in range(50)]


@pytest.mark.parametrize("where", [0, 100, 700])
def test_repeated_identifier_is_named_and_nothing_of_the_call_is_stored(
    vault: Vault, where: int
) -> None:
    earlier = vault.batches.open(new_batch())
    stage(vault, earlier, "taken")
    batch = vault.batches.open(new_batch())
    names = [f"n{number}" for number in range(800)]
    names[where] = "taken"
    with pytest.raises(ConflictError, match="certificate taken is in the vault") as refusal:
        stage(vault, batch, *names)
    assert (refusal.value.code, refusal.value.field) == ("certificate_exists", "identifier")
    assert vault.certificates.find_many(names).keys() == {"taken"}
    assert vault.batches.get(batch.batch_key).count == 0


def test_identifier_twice_in_one_call_is_named(vault: Vault) -> None:
    batch = vault.batches.open(new_batch())
    with pytest.raises(ConflictError, match="certificate b comes twice"):
        stage(vault, batch, "a", "b", "c", "b")


@pytest.mark.parametrize("positions", [[1], [0, 2], [0, 0], [1, 0], [-1, 0]])
def test_gap_between_positions_is_refused(vault: Vault, positions: list[int]) -> None:
    batch = vault.batches.open(new_batch())
    staged = [seal(vault.row_cipher, f"n{n}", position) for n, position in enumerate(positions)]
    with pytest.raises(ConflictError) as refusal:
        vault.certificates.stage(batch.pk, staged)
    assert refusal.value.code == "position_gap"
    assert vault.batches.get(batch.batch_key).count == 0


def test_position_staged_already_is_refused(vault: Vault) -> None:
    batch = vault.batches.open(new_batch())
    stage(vault, batch, "a", "b")
    with pytest.raises(ConflictError, match=f"position of batch {batch.pk} is 2, not 1"):
        stage(vault, batch, "c", first=1)


def test_batch_holds_65536_and_no_more(vault: Vault) -> None:
    batch = vault.batches.open(new_batch())
    row = seal(vault.row_cipher, "a", 0)
    staged = [row._replace(identifier=str(n), position=n) for n in range(65_537)]
    with pytest.raises(ConflictError) as refusal:
        vault.certificates.stage(batch.pk, staged)
    assert refusal.value.code == "batch_full"
    vault.certificates.stage(batch.pk, staged[:-1])
    assert len(vault.batches.leaf_hashes(batch.pk)) == 65_536
    with pytest.raises(ConflictError):
        vault.certificates.stage(batch.pk, staged[-1:])


def test_staging_into_no_batch_is_refused(vault: Vault) -> None:
    with pytest.raises(NotFoundError) as refusal:
        vault.certificates.stage(7, [seal(vault.row_cipher, "a", 0)])
    assert refusal.value.code == "batch_missing"
    with pytest.raises(NotFoundError):
        list(vault.certificates.iterate(7))


@pytest.mark.parametrize(
    ("column", "size"), [("leaf_hash", 31), ("content_mac", 32), ("wrapped_key", 59)]
)
def test_value_of_another_length_is_refused_without_being_shown(
    vault: Vault, column: str, size: int
) -> None:
    batch = vault.batches.open(new_batch())
    row = seal(vault.row_cipher, "secret-identifier", 0)
    with pytest.raises(ConflictError, match=f"{column}_length") as refusal:
        vault.certificates.stage(batch.pk, [row._replace(**{column: b"x" * size})])
    assert "secret-identifier" not in str(refusal.value.__cause__)
    assert "secret-identifier" not in str(refusal.value.__cause__.__cause__)
    assert vault.certificates.find("secret-identifier") is None


def test_swapped_ciphertexts_do_not_decrypt(vault: Vault, directory: Path) -> None:
    batch = vault.batches.open(new_batch())
    stage(vault, batch, "a", "b")
    vault.close()
    with sqlite3.connect(directory / DATABASE_NAME) as raw:
        for table, columns in (
            ("certificates", ("ciphertext",)),
            ("data_keys", ("wrapped_key", "content_mac")),
        ):
            rows = raw.execute(f"SELECT rowid, {', '.join(columns)} FROM {table}").fetchall()
            for (key, *_), (_, *values) in zip(rows, reversed(rows), strict=True):
                raw.execute(
                    f"UPDATE {table} SET ({', '.join(columns)}) = "
                    f"({', '.join('?' * len(columns))}) WHERE rowid = ?",
                    [*values, key],
                )
    raw.close()
    with open_vault(directory) as again:
        for name in ("a", "b"):
            found = again.certificates.find(name)
            assert found is not None
            with pytest.raises(StorageError) as refusal:
                again.certificates.decrypt(found)
            assert refusal.value.code == "row_damaged"


def test_row_renamed_to_another_identifier_does_not_decrypt(vault: Vault, directory: Path) -> None:
    stage(vault, vault.batches.open(new_batch()), "a")
    vault.close()
    with sqlite3.connect(directory / DATABASE_NAME) as raw:
        raw.execute("UPDATE certificates SET identifier = 'z'")
    raw.close()
    with open_vault(directory) as again:
        found = again.certificates.find("z")
        assert found is not None
        with pytest.raises(StorageError):
            again.certificates.decrypt(found)


def test_counts_are_by_state_of_the_batch(vault: Vault) -> None:
    sizes = {BatchState.OPEN: 3, BatchState.CLOSED: 4, BatchState.ANCHORED: 5}
    for state, size in {**sizes, BatchState.ABANDONED: 6}.items():
        batch = vault.batches.open(new_batch())
        stage(vault, batch, *(f"{state}-{number}" for number in range(size)))
        if state in (BatchState.CLOSED, BatchState.ANCHORED):
            vault.batches.close(batch.pk, b"r" * 32, size, NOW_UNIX, b"s" * 64)
        if state is BatchState.ANCHORED:
            vault.batches.mark_anchored(batch.pk, NOW_UNIX, 0, b"t" * 32)
        if state is BatchState.ABANDONED:
            vault.batches.abandon(batch.pk)
    assert vault.certificates.count_by_batch_state() == {**sizes, BatchState.ABANDONED: 0}


def test_erased_certificate_keeps_its_place_and_leaf_but_not_its_content(vault: Vault) -> None:
    batch = vault.batches.open(new_batch())
    stage(vault, batch, "a", "b")
    leaves = vault.batches.leaf_hashes(batch.pk)
    erasure = vault.certificates.erase_key("a", "持证人申请")
    assert (erasure.erased_at_unix, erasure.reason) == (NOW_UNIX, "持证人申请")
    assert vault.batches.leaf_hashes(batch.pk) == leaves
    found = vault.certificates.find("a")
    assert found is not None
    assert (found.content_mac, found.wrapped_key) == (None, None)
    with pytest.raises(NotFoundError) as refusal:
        vault.certificates.decrypt(found)
    assert refusal.value.code == "content_erased"
    assert vault.certificates.find_many(["a"])["a"].content_mac is None
    assert vault.integrity_check() == []
    other = vault.certificates.find("b")
    assert other is not None
    assert vault.certificates.decrypt(other) == b"b"


def test_erasing_again_keeps_the_first_record(vault: Vault) -> None:
    stage(vault, vault.batches.open(new_batch()), "a")
    first = vault.certificates.erase_key("a", "first")
    assert vault.certificates.erase_key("a", "second") == first
    assert vault.certificates.find_erasure("a") == first
    assert vault.certificates.find_erasure("b") is None


def test_certificate_placed_anew_after_its_erasure_can_be_erased_too(vault: Vault) -> None:
    first = vault.batches.open(new_batch())
    stage(vault, first, "a")
    vault.certificates.erase_key("a", "first")
    vault.batches.abandon(first.pk)
    stage(vault, vault.batches.open(new_batch()), "a")
    assert vault.certificates.erase_key("a", "second").reason == "second"
    found = vault.certificates.find("a")
    assert found is not None
    assert found.wrapped_key is None


def test_unknown_certificate_cannot_be_erased(vault: Vault) -> None:
    with pytest.raises(NotFoundError):
        vault.certificates.erase_key("a", "because")


def test_bytes_of_an_erased_key_are_gone_from_every_file(vault: Vault, directory: Path) -> None:
    """Two batches staged in turn, one abandoned, keys erased in between: rows move in the pages."""
    one, other = vault.batches.open(new_batch()), vault.batches.open(new_batch())
    secrets: dict[str, bytes] = {}
    for start in range(0, 1500, 100):
        for batch, name in ((one, "one"), (other, "other")):
            staged = [seal(vault.row_cipher, f"{name} {p}", p) for p in range(start, start + 100)]
            vault.certificates.stage(batch.pk, staged)
            secrets |= {row.identifier: row.wrapped_key for row in staged}
    before = raw_bytes(directory)
    assert all(secret in before for secret in secrets.values())

    erased = [f"one {p}" for p in range(0, 1500, 150)]
    for name in erased[:5]:
        vault.certificates.erase_key(name, "because")
    vault.batches.abandon(other.pk)
    for name in erased[5:]:
        vault.certificates.erase_key(name, "because")

    after = raw_bytes(directory)
    gone = {name for name, secret in secrets.items() if secret not in after}
    assert gone == {*erased, *(name for name in secrets if name.startswith("other"))}


def test_erasure_says_when_a_reader_keeps_the_old_bytes(
    vault: Vault, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "TRUNCATE_TIMEOUT_S", 0.01)
    batch = vault.batches.open(new_batch())
    staged = seal(vault.row_cipher, "a", 0)
    vault.certificates.stage(batch.pk, [staged])
    reader = sqlite3.connect(directory / DATABASE_NAME, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM data_keys").fetchone() == (1,)
    with pytest.raises(StorageError) as refusal:
        vault.certificates.erase_key("a", "because")
    assert refusal.value.code == "erasure_incomplete"
    assert staged.wrapped_key in raw_bytes(directory)
    found = vault.certificates.find("a")
    assert found is not None
    assert found.wrapped_key is None
    reader.close()
    vault.certificates.erase_key("a", "because")
    assert staged.wrapped_key not in raw_bytes(directory)


@pytest.mark.parametrize("first", [0, 1, READ_AT_ONCE, READ_AT_ONCE + 1, READ_AT_ONCE + 2])
def test_places_of_a_batch_come_in_order_from_any_position(vault: Vault, first: int) -> None:
    batch = vault.batches.open(new_batch())
    names = [f"n{number}" for number in range(READ_AT_ONCE + 2)]
    stage(vault, batch, *names)
    stage(vault, vault.batches.open(new_batch()), "other")
    vault.certificates.erase_key("n1", "reason")
    expected = [Placed(name, at, name == "n1") for at, name in enumerate(names) if at >= first]
    assert list(vault.certificates.iterate_places(batch.pk, first)) == expected
