"""Only the passphrase gives the vault key, and a wrong one is told from a damaged vault."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from ledger.errors import MalformedInputError, NotAuthorizedError, StorageError
from ledger.vault.passphrase import DEFAULT_COST, ScryptCost, WrappedVaultKey
from tests.ledger.vault.vaults import CHEAP

KEY = bytes(range(32))


def test_passphrase_gives_the_vault_key_back() -> None:
    wrapped = WrappedVaultKey.parse(WrappedVaultKey.wrap(KEY, "p", CHEAP).to_json())
    assert wrapped.unwrap("p") == KEY


@pytest.mark.parametrize("wrong", ["P", "p ", "", "pp"])
def test_wrong_passphrase_is_refused(wrong: str) -> None:
    wrapped = WrappedVaultKey.wrap(KEY, "p", CHEAP)
    with pytest.raises((NotAuthorizedError, MalformedInputError)) as refusal:
        wrapped.unwrap(wrong)
    assert refusal.value.code == ("wrong_passphrase" if wrong else "passphrase_empty")


def test_passphrase_may_be_typed_composed_or_decomposed() -> None:
    assert WrappedVaultKey.wrap(KEY, "caf\u00e9", CHEAP).unwrap("cafe\u0301") == KEY


def test_same_passphrase_wraps_differently_each_time() -> None:
    one, other = (WrappedVaultKey.wrap(KEY, "p", CHEAP) for _ in range(2))
    assert one.salt != other.salt
    assert one.verifier != other.verifier
    assert one.wrapped_key != other.wrapped_key


def test_right_passphrase_and_damaged_key_is_damage_not_a_wrong_passphrase() -> None:
    wrapped = WrappedVaultKey.wrap(KEY, "p", CHEAP)
    damaged = replace(wrapped, wrapped_key=wrapped.wrapped_key[:-1] + b"\x00")
    if damaged == wrapped:
        damaged = replace(wrapped, wrapped_key=wrapped.wrapped_key[:-1] + b"\x01")
    with pytest.raises(StorageError) as refusal:
        damaged.unwrap("p")
    assert refusal.value.code == "vault_damaged"


@pytest.mark.parametrize("cost", [ScryptCost(n=3), ScryptCost(n=2**40), ScryptCost(r=0)])
def test_impossible_cost_is_damage(cost: ScryptCost) -> None:
    wrapped = replace(WrappedVaultKey.wrap(KEY, "p", CHEAP), cost=cost)
    with pytest.raises(StorageError, match="scrypt parameters"):
        wrapped.unwrap("p")


@pytest.mark.parametrize("name", ["n", "r", "p", "salt", "verifier", "wrapped_key"])
def test_unreadable_record_is_damage(name: str) -> None:
    record = orjson.loads(WrappedVaultKey.wrap(KEY, "p", CHEAP).to_json())
    for damaged in ({**record, name: "zz"}, {k: v for k, v in record.items() if k != name}):
        with pytest.raises(StorageError) as refusal:
            WrappedVaultKey.parse(orjson.dumps(damaged))
        assert refusal.value.code == "vault_damaged"


def test_a_guess_at_a_new_vault_takes_32_mib_three_times_over() -> None:
    assert 128 * DEFAULT_COST.n * DEFAULT_COST.r == 32 * 2**20
    assert DEFAULT_COST.p == 3
