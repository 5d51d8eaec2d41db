"""The integrity check that is put into a PKCS#12 file is the one that others compute."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    load_pkcs12,
    serialize_key_and_certificates,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import MalformedInputError
from ledger.vault.pkcs12_mac import derive_mac_key, replace_mac, split_pfx

KEY = ec.generate_private_key(ec.SECP256R1())


def make_pfx(passphrase: str) -> bytes:
    encryption = BestAvailableEncryption(passphrase.encode())
    return serialize_key_and_certificates(b"a key", KEY, None, None, encryption)


@settings(max_examples=25, deadline=None)
@given(
    passphrase=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40),
    rounds=st.integers(2, 70_000),
)
def test_another_implementation_accepts_the_check(passphrase: str, rounds: int) -> None:
    strengthened = replace_mac(make_pfx(passphrase), passphrase, rounds)
    found = load_pkcs12(strengthened, passphrase.encode()).key
    assert isinstance(found, ec.EllipticCurvePrivateKey)
    assert found.private_numbers() == KEY.private_numbers()
    with pytest.raises(ValueError, match="password"):
        load_pkcs12(strengthened, (passphrase + "x").encode())


@pytest.mark.parametrize("passphrase", ["short", "密码 with 😀", "x" * 70])
def test_openssl_accepts_the_check_and_tells_its_rounds(tmp_path: Path, passphrase: str) -> None:
    path = tmp_path / "key.p12"
    path.write_bytes(replace_mac(make_pfx(passphrase), passphrase, 12_345))
    arguments = ["openssl", "pkcs12", "-in", str(path), "-info", "-noout"]
    told = subprocess.run(
        [*arguments, "-passin", f"pass:{passphrase}"], capture_output=True, text=True, check=True
    )
    assert "MAC: sha256, Iteration 12345" in told.stderr
    wrong = subprocess.run([*arguments, "-passin", "pass:no"], capture_output=True, check=False)
    assert wrong.returncode != 0


def test_contents_stay_and_salts_are_fresh() -> None:
    original = make_pfx("passphrase")
    first, second = (replace_mac(original, "passphrase", 10) for _ in range(2))
    assert split_pfx(first) == split_pfx(second) == split_pfx(original)
    assert first != second


def test_every_round_counts() -> None:
    keys = {derive_mac_key("passphrase", b"s" * 16, rounds) for rounds in range(1, 6)}
    assert len(keys) == 5
    assert derive_mac_key("a", b"s" * 16, 9) != derive_mac_key("b", b"s" * 16, 9)


@given(st.binary(max_size=300))
def test_other_bytes_are_malformed(data: bytes) -> None:
    with pytest.raises(MalformedInputError):
        replace_mac(data, "passphrase", 1)


@given(st.data())
def test_cut_or_altered_files_are_malformed_or_still_files(data: st.DataObject) -> None:
    whole = make_pfx("passphrase")
    end = data.draw(st.integers(0, len(whole) - 1), label="end")
    with pytest.raises(MalformedInputError):
        split_pfx(whole[:end])
    with pytest.raises(MalformedInputError):
        split_pfx(whole + b"\0")
