"""What a backup consists of: its files with their digests, whose it is, and when its keys expire.

    DIR/manifest.json        this
    DIR/vault.db             certificates and all else of the vault but the data keys
    DIR/data-keys.db         the data keys; its copies must be destroyed when they expire
    DIR/erasures.json        register of the erasures at that time
    DIR/zhenglian.toml, node.toml, application.json, calendar.json, keys/, schemas/, definitions/
                             as at home

The digests find damage. Against somebody who can rewrite a backup, certificates are bound to their
leaf hashes and these to the chain, which `fsck` compares.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from ledger.errors import StorageError
from ledger.vault.copies import KeyTerms

BACKUP_FORMAT = "zhenglian-backup"
BACKUP_VERSION = 1
MANIFEST_NAME = "manifest.json"
VAULT_NAME = "vault.db"
KEYS_NAME = "data-keys.db"
ERASURES_NAME = "erasures.json"
HOME_FILES = re.compile(
    r"zhenglian\.toml|node\.toml|application\.json|calendar\.json|keys/([\w-]+/){0,2}[\w-]+\.p12"
    r"|schemas/[\w.-]+\.json|definitions/[\w.-]+\.json",
    re.ASCII,
)
"""What of a home is backed up as it is."""

_OWN_FILES = frozenset({VAULT_NAME, KEYS_NAME, ERASURES_NAME})
_REQUIRED = _OWN_FILES | {"zhenglian.toml"}


@dataclass(frozen=True, slots=True)
class FileDigest:
    """A file's size in bytes and its SHA-256 (32 bytes)."""

    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup.

    Attributes:
        ledger_id: hex; empty if the home had not met its ledger yet.
        member: code of the member whose home it is of.
        keys: when the data keys were copied and expire.
        certificates: how many rows the vault had, of batches in every state.
        files: by path inside the backup.
    """

    ledger_id: str
    member: str
    keys: KeyTerms
    certificates: int
    files: Mapping[str, FileDigest]

    def to_json(self) -> bytes:
        document = {
            "format": BACKUP_FORMAT,
            "version": BACKUP_VERSION,
            "ledger_id": self.ledger_id,
            "member": self.member,
            "made_at_unix": self.keys.made_at_unix,
            "data_keys_expire_at_unix": self.keys.expires_at_unix,
            "certificates": self.certificates,
            "files": {
                name: {"size": found.size, "sha256": found.sha256.hex()}
                for name, found in sorted(self.files.items())
            },
        }
        return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


def parse_manifest(data: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        StorageError: backup_damaged; backup_newer, made by a newer program.
    """
    try:
        document = orjson.loads(data)
        if document["format"] == BACKUP_FORMAT and document["version"] > BACKUP_VERSION:
            raise StorageError(
                f"the backup has format {document['version']}, newer than this program, which "
                f"knows formats up to {BACKUP_VERSION}: use the newer program",
                code="backup_newer",
            )
        manifest = Manifest(
            _text(document["ledger_id"]),
            _text(document["member"]),
            KeyTerms(
                _number(document["made_at_unix"]), _number(document["data_keys_expire_at_unix"])
            ),
            _number(document["certificates"]),
            {
                _text(name): FileDigest(_number(found["size"]), bytes.fromhex(found["sha256"]))
                for name, found in document["files"].items()
            },
        )
        is_ours = (document["format"], document["version"]) == (BACKUP_FORMAT, BACKUP_VERSION)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(MANIFEST_NAME, f"it cannot be read ({error!r:.100})") from error
    unknown = sorted(
        name for name in manifest.files if name not in _OWN_FILES and not HOME_FILES.fullmatch(name)
    )
    missing = sorted(_REQUIRED - manifest.files.keys())
    if not is_ours or unknown or missing:
        raise damaged(MANIFEST_NAME, f"unknown files {unknown}, missing files {missing}")
    return manifest


def damaged(name: str, what: str) -> StorageError:
    """The error for a file of a backup that is not what it was."""
    return StorageError(
        f"the backup is damaged: {name}: {what}; use another backup", code="backup_damaged"
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.50} is no text")
    return value


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(f"{value!r:.50} is no number")
    return value
