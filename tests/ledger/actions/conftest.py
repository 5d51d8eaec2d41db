from __future__ import annotations

import pytest

from ledger.actions.catalogue import define_type
from ledger.schemas import load_schema
from tests.ledger.actions.homes import (
    CHONGQING,
    GUIZHOU,
    MINISTRY,
    SICHUAN,
    TYPE,
    Ledger,
)
from tests.support.on_postgresql import place_of_vaults, take_both_places
from tests.support.over_http import take_both_ways, way_to_chain

__all__ = ["place_of_vaults", "way_to_chain"]

BOTH_WAYS = (
    "test_anchoring",
    "test_audit",
    "test_departments",
    "test_erasure",
    "test_facts",
    "test_founding",
    "test_fsck",
    "test_issuers",
    "test_listing",
    "test_loop",
    "test_presentation",
    "test_proposals",
    "test_settlement",
)

IN_BOTH_PLACES = (
    "test_a_change_shows_in_another_provinces_verdict",
    "test_a_file_and_requests_issue_the_same_rows_once",
    "test_act_left_prepared_is_settled",
    "test_act_that_the_chain_refuses_for_ever_is_given_up_and_decided_anew_once",
    "test_an_act_whose_number_another_took_is_refused",
    "test_batch_whose_anchoring_was_not_noticed_is_marked",
    "test_case_is_received_in_one_province_and_decided_by_both",
    "test_certificate_past_its_retention_is_erased_with_reason_and_officer",
    "test_every_row_becomes_an_anchored_certificate",
    "test_held_certificate_is_erased_only_after_its_release",
    "test_home_works_with_its_new_passphrase",
    "test_interrupted_decision_over_several_batches_is_finished_by_the_same_call",
    "test_issuing_an_erased_row_again_says_that_it_was_erased",
    "test_new_passphrase_opens_everything_and_the_old_one_nothing",
    "test_requests_that_arrive_together_share_a_batch",
    "test_revoked_lost_batch_lets_its_rows_be_issued_anew",
    "test_the_officer_stays_in_the_vault_and_only_a_commitment_is_on_chain",
    "test_the_same_file_again_changes_nothing",
)
"""Run with the vaults in files and on PostgreSQL."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    take_both_ways(metafunc, ("founded", "made", "ministry"), BOTH_WAYS)
    take_both_places(metafunc, IN_BOTH_PLACES)


@pytest.fixture(scope="session")
def joined(admitted: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Chongqing, Sichuan, Guizhou and the ministry. Only to be copied."""
    ledger = admitted.copy(tmp_path_factory.mktemp("joined"))
    ledger.create(MINISTRY)
    ledger.admit(MINISTRY, CHONGQING, SICHUAN, GUIZHOU)
    return ledger


@pytest.fixture(scope="session")
def defined(joined: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """The same, with W011 in the catalogue. Only to be copied."""
    ledger = joined.copy(tmp_path_factory.mktemp("defined"))
    with ledger.open(MINISTRY) as home:
        define_type(home, load_schema(TYPE))
    return ledger
