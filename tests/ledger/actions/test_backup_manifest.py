"""A manifest names every file of a backup, and none outside of it."""

from __future__ import annotations

import json

import pytest

from ledger.actions.backup_manifest import FileDigest, Manifest, parse_manifest
from ledger.errors import StorageError
from ledger.vault.copies import KeyTerms

DIGEST = FileDigest(3, b"d" * 32)
NAMES = ("vault.db", "data-keys.db", "erasures.json", "zhenglian.toml", "keys/authority.p12")
MANIFEST = Manifest("ab" * 32, "500000", KeyTerms(10, 20), 7, dict.fromkeys(NAMES, DIGEST))


def test_manifest_is_read_as_it_was_written() -> None:
    assert parse_manifest(MANIFEST.to_json()) == MANIFEST


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "/etc/passwd",
        "keys/../../outside.p12",
        "keys/a/b/c/d.p12",
        "keys/..p12",
        "schemas/../zhenglian.toml",
        "index.sqlite",
        "vault/vault.db",
        "manifest.json",
        "",
    ],
)
def test_file_that_no_backup_has_is_refused(name: str) -> None:
    document = json.loads(MANIFEST.to_json())
    document["files"][name] = document["files"]["vault.db"]
    with pytest.raises(StorageError) as refusal:
        parse_manifest(json.dumps(document).encode())
    assert refusal.value.code == "backup_damaged"


@pytest.mark.parametrize("name", NAMES[:4])
def test_file_that_every_backup_has_is_missed(name: str) -> None:
    document = json.loads(MANIFEST.to_json())
    del document["files"][name]
    with pytest.raises(StorageError, match=name):
        parse_manifest(json.dumps(document).encode())


def test_backup_of_a_newer_program_is_named() -> None:
    document = json.loads(MANIFEST.to_json()) | {"version": 2}
    with pytest.raises(StorageError) as refusal:
        parse_manifest(json.dumps(document).encode())
    assert refusal.value.code == "backup_newer"


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"version": 0},
        {"version": "1"},
        {"files": []},
        {"files": {"vault.db": {}}},
        {"made_at_unix": -1},
        {"data_keys_expire_at_unix": True},
        {"certificates": None},
        {"ledger_id": 5},
    ],
)
def test_manifest_of_another_form_is_refused(change: dict[str, object]) -> None:
    document = json.loads(MANIFEST.to_json()) | change
    with pytest.raises(StorageError) as refusal:
        parse_manifest(json.dumps(document).encode())
    assert refusal.value.code == "backup_damaged"


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"\xff", b'"text"'])
def test_bytes_that_are_no_manifest_are_refused(data: bytes) -> None:
    with pytest.raises(StorageError) as refusal:
        parse_manifest(data)
    assert refusal.value.code == "backup_damaged"
