"""Jobs keep their turn and their end; what they are to do is read with the vault's key alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import ConflictError, NotFoundError
from ledger.vault.jobs import NewJob
from ledger.vault.request_tables import JobState
from ledger.vault.store import Vault
from tests.ledger.vault.vaults import ISSUER, NOW_UNIX, raw_bytes

OFFICER = "Officer Somebody"


def new_job(number: int) -> NewJob:
    options = {"officer": OFFICER, "skip_invalid": False}
    return NewJob(f"{number:032x}", "issue", ISSUER, "oidc:1", "a.csv", 10, bytes(32), options)


def test_jobs_are_done_in_the_order_in_which_they_came(vault: Vault) -> None:
    added = [vault.jobs.add(new_job(number)) for number in (3, 1, 2)]
    assert [row.number for row in added] == [1, 2, 3]
    assert vault.jobs.unfinished() == added
    assert added[0].created_at_unix == NOW_UNIX
    vault.jobs.change(added[0].job_id, JobState.COMPLETED, {"issued": 5})
    assert vault.jobs.unfinished() == added[1:]
    done = vault.jobs.get(added[0].job_id)
    assert (done.counts, done.ended_at_unix) == ({"issued": 5}, NOW_UNIX)


@pytest.mark.parametrize("state", [each for each in JobState if each.has_ended])
def test_what_has_ended_stays_as_it_is(vault: Vault, state: JobState) -> None:
    job = vault.jobs.add(new_job(1))
    vault.jobs.change(job.job_id, state, {}, "why")
    with pytest.raises(ConflictError) as refused:
        vault.jobs.change(job.job_id, JobState.RUNNING)
    assert refused.value.code == "job_ended"
    assert vault.jobs.get(job.job_id).detail == "why"


def test_the_name_of_an_officer_is_nowhere_in_clear(vault: Vault, directory: Path) -> None:
    job = vault.jobs.add(new_job(1))
    assert vault.jobs.get(job.job_id).options["officer"] == OFFICER
    assert OFFICER.encode() not in raw_bytes(directory)


def test_a_job_that_is_not_there_is_told(vault: Vault) -> None:
    with pytest.raises(NotFoundError) as refused:
        vault.jobs.get("0" * 32)
    assert refused.value.code == "job_missing"
