"""A run is unfinished until it has ended."""

from __future__ import annotations

import pytest

from ledger.errors import NotFoundError
from ledger.vault.store import Vault
from ledger.vault.tables import RunState
from tests.ledger.vault.vaults import NOW_UNIX


def test_run_begins_running_with_no_counts(vault: Vault) -> None:
    run = vault.runs.begin("七月.csv", b"\x01" * 32)
    assert run == vault.runs.get(run.id)
    assert (run.source_name, run.source_digest) == ("七月.csv", b"\x01" * 32)
    assert (run.state, run.started_at_unix, run.ended_at_unix) == (
        RunState.RUNNING,
        NOW_UNIX,
        None,
    )
    assert run.counts == {}


@pytest.mark.parametrize("state", list(RunState))
def test_only_an_ended_run_has_an_end(vault: Vault, state: RunState) -> None:
    run = vault.runs.begin("source", b"digest")
    vault.runs.finish(run.id, state, {"issued": 3, "refused": 1})
    found = vault.runs.get(run.id)
    has_ended = state not in (RunState.RUNNING, RunState.STAGED)
    assert found.state is state
    assert found.counts == {"issued": 3, "refused": 1}
    assert found.ended_at_unix == (NOW_UNIX if has_ended else None)
    assert vault.runs.unfinished() == ([] if has_ended else [found])


def test_runs_are_listed_newest_first(vault: Vault) -> None:
    runs = [vault.runs.begin(name, b"digest") for name in "abc"]
    assert vault.runs.newest(2) == [runs[2], runs[1]]


def test_unknown_run_is_not_found(vault: Vault) -> None:
    with pytest.raises(NotFoundError):
        vault.runs.get(7)
    with pytest.raises(NotFoundError):
        vault.runs.finish(7, RunState.FAILED, {})
