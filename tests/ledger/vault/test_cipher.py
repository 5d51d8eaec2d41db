"""Rows decrypt with their own key at their own place, and nowhere else."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedInputError, StorageError
from ledger.vault.cipher import (
    OVERHEAD,
    WRAPPED_KEY_SIZE,
    RowCipher,
    certificate_binding,
)

KEY = bytes(range(32))
BINDING = certificate_binding(b"\x01" * 32, "1.2.156.3005.2.A")


def test_row_has_the_sizes_that_the_tables_expect() -> None:
    row = RowCipher(KEY).encrypt(b"x" * 100, BINDING)
    assert len(row.ciphertext) == 100 + OVERHEAD
    assert len(row.wrapped_key) == WRAPPED_KEY_SIZE == 60


def test_same_content_never_encrypts_to_the_same_bytes() -> None:
    cipher = RowCipher(KEY)
    rows = [cipher.encrypt(b"same", BINDING) for _ in range(50)]
    assert len({row.ciphertext for row in rows}) == len({row.wrapped_key for row in rows}) == 50


@given(content=st.binary(max_size=300), flipped=st.integers(0, 10_000), of_key=st.booleans())
def test_one_flipped_bit_makes_a_row_unreadable(content: bytes, flipped: int, of_key: bool) -> None:
    cipher = RowCipher(KEY)
    row = cipher.encrypt(content, BINDING)
    parts = [bytearray(row.ciphertext), bytearray(row.wrapped_key)]
    part = parts[of_key]
    bit = flipped % (8 * len(part))
    part[bit // 8] ^= 1 << bit % 8
    with pytest.raises(StorageError) as refusal:
        cipher.decrypt(bytes(parts[0]), bytes(parts[1]), BINDING)
    assert refusal.value.code == "row_damaged"


@pytest.mark.parametrize(
    "elsewhere",
    [
        certificate_binding(b"\x02" * 32, "1.2.156.3005.2.A"),
        certificate_binding(b"\x01" * 32, "1.2.156.3005.2.B"),
    ],
    ids=["another leaf", "another identifier"],
)
def test_row_moved_elsewhere_does_not_decrypt(elsewhere: bytes) -> None:
    cipher = RowCipher(KEY)
    with pytest.raises(StorageError, match="place was altered"):
        cipher.decrypt(*cipher.encrypt(b"content", BINDING), elsewhere)


def test_ciphertext_of_one_row_with_key_of_another_does_not_decrypt() -> None:
    cipher = RowCipher(KEY)
    one, other = (cipher.encrypt(content, BINDING) for content in (b"one", b"other"))
    with pytest.raises(StorageError):
        cipher.decrypt(one.ciphertext, other.wrapped_key, BINDING)


@pytest.mark.parametrize("cut", [0, 5, 12, 20])
def test_cut_row_is_damaged_rather_than_an_unknown_error(cut: int) -> None:
    cipher = RowCipher(KEY)
    row = cipher.encrypt(b"", BINDING)
    with pytest.raises(StorageError):
        cipher.decrypt(row.ciphertext[:cut], row.wrapped_key, BINDING)
    with pytest.raises(StorageError):
        cipher.decrypt(row.ciphertext, row.wrapped_key[:cut], BINDING)


def test_cipher_of_another_vault_reads_nothing_and_recognises_nothing() -> None:
    cipher, stranger = RowCipher(KEY), RowCipher(bytes(32))
    with pytest.raises(StorageError):
        stranger.decrypt(*cipher.encrypt(b"content", BINDING), BINDING)
    assert cipher.content_mac(b"content") != stranger.content_mac(b"content")


def test_content_mac_recognises_the_same_content_in_16_bytes() -> None:
    cipher = RowCipher(KEY)
    assert cipher.content_mac(b"content") == RowCipher(KEY).content_mac(b"content")
    assert cipher.content_mac(b"content") != cipher.content_mac(b"content ")
    assert len(cipher.content_mac(b"")) == 16


def test_pickled_cipher_works_in_another_process() -> None:
    cipher = RowCipher(KEY)
    there = pickle.loads(pickle.dumps(cipher))
    assert there.decrypt(*cipher.encrypt(b"content", BINDING), BINDING) == b"content"


def test_cipher_does_not_print_its_key() -> None:
    assert KEY.hex() not in repr(RowCipher(KEY))
    assert repr(KEY)[2:-1] not in repr(RowCipher(KEY))


def test_key_of_another_length_is_refused() -> None:
    with pytest.raises(MalformedInputError, match="32 bytes, not 16"):
        RowCipher(bytes(16))


def test_what_a_worker_imports_brings_no_database() -> None:
    program = (
        "import sys, ledger.vault.cipher, ledger.vault.staged;"
        "sys.exit(any(m.split('.')[0] in ('sqlalchemy', 'alembic', 'web3') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
