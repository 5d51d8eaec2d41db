"""Private keys are for their owner alone, are never overwritten, and open to usual tools."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import threading
import unicodedata
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.chain.accounts import load_account
from ledger.errors import (
    ConflictError,
    LedgerError,
    MalformedInputError,
    NotAuthorizedError,
    NotFoundError,
    StorageError,
)
from ledger.formats.seals import compute_key_id, public_coordinates
from ledger.formats.signing_certificate import create_region_root, create_signing_certificate
from ledger.identifiers import MemberId, Uscc
from ledger.vault.key_files import KeyFiles, SealKey
from tests.support.stretching import stretch_fully

PASSPHRASE = "口令 with spaces"
ISSUER = Uscc.build("11500000000000001")
MEMBER = MemberId.parse("500000")
NOW_UNIX = 1_800_000_000
NAMES = ("authority", "checkpoint", "encryption", "operator", "region-root")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def keys(directory: Path) -> KeyFiles:
    return create_keys(directory)


def create_keys(directory: Path) -> KeyFiles:
    made = KeyFiles(directory, PASSPHRASE)
    root = ec.generate_private_key(ec.SECP256R1())
    made.create_member_keys(create_root(root), root)
    return made


def create_root(key: ec.EllipticCurvePrivateKey) -> bytes:
    span = {"valid_from_unix": NOW_UNIX, "valid_until_unix": NOW_UNIX + 86_400}
    return create_region_root(key, MEMBER, "重庆市", **span)


def store_seal_key(keys: KeyFiles) -> SealKey:
    key = ec.generate_private_key(ec.SECP256R1())
    return keys.store_seal_key(ISSUER, key, certify(keys, key))


def certify(keys: KeyFiles, key: ec.EllipticCurvePrivateKey) -> tuple[bytes, bytes]:
    root = keys.region_root()
    certificate = create_signing_certificate(
        root.private_key,
        root.certificate,
        key.public_key(),
        ISSUER,
        "某部门",
        valid_from_unix=NOW_UNIX,
        valid_until_unix=NOW_UNIX + 3_600,
    )
    return certificate, root.certificate


def numbers(key: ec.EllipticCurvePrivateKey) -> int:
    return key.private_numbers().private_value


def test_what_was_stored_is_found_again(keys: KeyFiles, directory: Path) -> None:
    stored = store_seal_key(keys)
    again = KeyFiles(directory, PASSPHRASE)
    found = again.seal_key(ISSUER, stored.key_id)
    assert (found.issuer, found.key_id, found.x5c) == (ISSUER, stored.key_id, stored.x5c)
    assert numbers(found.private_key) == numbers(stored.private_key)
    assert numbers(again.authority()) == numbers(keys.authority())
    assert again.region_root().certificate == keys.region_root().certificate
    assert len(again.checkpoint_public_key()) == 32
    assert load_account(again.operator_secret()).address.startswith("0x")
    assert list(again.issuers()) == [ISSUER]
    assert again.seal_key_ids(ISSUER) == [stored.key_id]


def test_key_id_is_that_of_the_registry(keys: KeyFiles) -> None:
    stored = store_seal_key(keys)
    coordinates = public_coordinates(stored.private_key.public_key())
    assert stored.key_id == compute_key_id(1, *coordinates)


def test_four_keys_of_a_member_are_four_keys(keys: KeyFiles) -> None:
    public = {
        keys.authority().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        keys.region_root()
        .private_key.public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        keys.checkpoint_public_key(),
        keys.operator_secret(),
    }
    assert len(public) == 4
    assert keys.authority().curve.name == keys.region_root().private_key.curve.name == "secp256r1"


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        keys = KeyFiles(tmp_path / "keys", PASSPHRASE)
        root = ec.generate_private_key(ec.SECP256R1())
        keys.create_member_keys(create_root(root), root)
        store_seal_key(keys)
    finally:
        os.umask(before)
    modes = {
        path.relative_to(tmp_path): stat.S_IMODE(path.stat().st_mode)
        for path in sorted(tmp_path.rglob("*"))
    }
    assert {mode for path, mode in modes.items() if path.suffix == ".p12"} == {0o600}
    assert {mode for path, mode in modes.items() if path.suffix != ".p12"} == {0o700}
    assert len(modes) == 6 + 3


def test_nothing_but_the_files_is_left(keys: KeyFiles, directory: Path) -> None:
    store_seal_key(keys)
    names = {path.name for path in directory.rglob("*") if path.is_file()}
    assert {f"{name}.p12" for name in NAMES} < names
    assert len(names) == 6


def test_key_is_never_overwritten(keys: KeyFiles, directory: Path) -> None:
    stored = store_seal_key(keys)
    before = {path: path.read_bytes() for path in directory.rglob("*.p12")}
    root = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(ConflictError, match="never overwritten") as caught:
        keys.create_member_keys(create_root(root), root)
    assert caught.value.code == "key_exists"
    with pytest.raises(ConflictError):
        keys.store_seal_key(ISSUER, stored.private_key, stored.x5c)
    assert {path: path.read_bytes() for path in directory.rglob("*.p12")} == before


def test_of_two_that_store_one_key_at_once_one_is_refused(keys: KeyFiles) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    x5c = certify(keys, key)
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def store() -> None:
        barrier.wait()
        try:
            keys.store_seal_key(ISSUER, key, x5c)
        except LedgerError as error:
            outcomes.append(error.code)
        else:
            outcomes.append("stored")

    threads = [threading.Thread(target=store) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["key_exists", "stored"]
    [key_id] = keys.seal_key_ids(ISSUER)
    assert numbers(keys.seal_key(ISSUER, key_id).private_key) == numbers(key)


def test_wrong_passphrase_opens_nothing(keys: KeyFiles, directory: Path) -> None:
    stored = store_seal_key(keys)
    wrong = KeyFiles(directory, PASSPHRASE + "!")
    for load in (
        wrong.authority,
        wrong.region_root,
        wrong.operator_secret,
        wrong.checkpoint_public_key,
        lambda: wrong.seal_key(ISSUER, stored.key_id),
    ):
        with pytest.raises(NotAuthorizedError, match="passphrase does not open it") as caught:
            load()
        assert caught.value.code == "wrong_passphrase"


def test_passphrase_typed_in_another_normal_form_opens_them(tmp_path: Path) -> None:
    composed = unicodedata.normalize("NFC", "Schlüssel né")
    keys = KeyFiles(tmp_path, unicodedata.normalize("NFD", composed))
    root = ec.generate_private_key(ec.SECP256R1())
    keys.create_member_keys(create_root(root), root)
    assert numbers(KeyFiles(tmp_path, composed).authority()) == numbers(keys.authority())


def test_empty_passphrase_is_refused(tmp_path: Path) -> None:
    root = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(MalformedInputError) as caught:
        KeyFiles(tmp_path / "keys", "").create_member_keys(create_root(root), root)
    assert caught.value.code == "passphrase_empty"
    assert not (tmp_path / "keys").exists()


def test_key_that_is_not_here_is_not_found(keys: KeyFiles, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="has no key"):
        keys.seal_key(ISSUER, bytes(32))
    with pytest.raises(NotFoundError, match="'authority'"):
        KeyFiles(tmp_path / "nowhere", PASSPHRASE).authority()
    assert KeyFiles(tmp_path / "nowhere", PASSPHRASE).seal_key_ids(ISSUER) == []
    assert list(KeyFiles(tmp_path / "nowhere", PASSPHRASE).issuers()) == []


@pytest.mark.parametrize("content", [b"", b"\x30", b"hello", b"\x30\x03\x02\x01\x03", None])
def test_damaged_file_is_told_apart_from_a_wrong_passphrase(
    keys: KeyFiles, directory: Path, content: bytes | None
) -> None:
    path = directory / "authority.p12"
    path.write_bytes(path.read_bytes()[:-20] if content is None else content)
    with pytest.raises(StorageError, match=r"authority\.p12: .*restore it from a backup") as caught:
        keys.authority()
    assert caught.value.code == "key_file_damaged"


def test_file_under_anothers_name_is_refused(keys: KeyFiles, directory: Path) -> None:
    first, second = store_seal_key(keys), store_seal_key(keys)
    folder = directory / "seals" / str(ISSUER)
    shutil.copy(folder / f"{first.key_id.hex()}.p12", folder / f"{second.key_id.hex()}.p12")
    with pytest.raises(StorageError, match=f"holds the key {first.key_id.hex()}"):
        keys.seal_key(ISSUER, second.key_id)
    shutil.copy(directory / "checkpoint.p12", directory / "authority.p12")
    with pytest.raises(StorageError, match="elliptic curve"):
        keys.authority()
    shutil.copy(directory / "operator.p12", directory / "checkpoint.p12")
    with pytest.raises(StorageError, match="Ed25519"):
        keys.checkpoint_public_key()
    shutil.copy(directory / "operator.p12", directory / "region-root.p12")
    with pytest.raises(StorageError, match="expected 1 certificates, found 0"):
        keys.region_root()


def test_files_that_are_not_ours_are_passed_over(keys: KeyFiles, directory: Path) -> None:
    stored = store_seal_key(keys)
    folder = directory / "seals" / str(ISSUER)
    for name in ("backup.p12", f"{stored.key_id.hex()}.p12.1a2b3c4d.new", "notes.txt"):
        (folder / name).write_bytes(b"?")
    (directory / "seals" / ".DS_Store").write_bytes(b"?")
    (directory / "seals" / str(Uscc.build("11500000000000002"))).mkdir()
    assert keys.seal_key_ids(ISSUER) == [stored.key_id]
    assert list(keys.issuers()) == [ISSUER]


def ask_openssl(path: Path, passphrase: str = PASSPHRASE, *options: str) -> tuple[int, str]:
    arguments = ["openssl", "pkcs12", "-in", str(path), "-passin", f"pass:{passphrase}", *options]
    told = subprocess.run(arguments, capture_output=True, text=True, check=False)
    return told.returncode, told.stdout + told.stderr


@pytest.mark.parametrize("name", NAMES)
def test_openssl_opens_every_file_with_the_passphrase(
    keys: KeyFiles, directory: Path, name: str
) -> None:
    code, told = ask_openssl(directory / f"{name}.p12", PASSPHRASE, "-nodes")
    assert code == 0
    assert told.count("PRIVATE KEY") == 2
    assert told.count("BEGIN CERTIFICATE") == (name == "region-root")
    assert ask_openssl(directory / f"{name}.p12", "wrong", "-nodes")[0] != 0


def test_openssl_finds_the_chain_of_a_seal_key(keys: KeyFiles, directory: Path) -> None:
    stored = store_seal_key(keys)
    path = directory / "seals" / str(ISSUER) / f"{stored.key_id.hex()}.p12"
    code, told = ask_openssl(path, PASSPHRASE, "-nodes")
    assert (code, told.count("BEGIN CERTIFICATE")) == (0, 2)


def test_guessing_costs_as_much_by_the_check_as_by_the_key(directory: Path) -> None:
    """One round of the check is one hash, one of PBKDF2 is two."""
    with stretch_fully():
        create_keys(directory)
    _, told = ask_openssl(directory / "authority.p12", PASSPHRASE, "-info", "-noout")
    assert "MAC: sha256, Iteration 200000" in told
    assert "PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256" in told
