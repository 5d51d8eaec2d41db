from __future__ import annotations

from pathlib import Path

import pytest

from ledger.actions.content_check import recompute_content_mac
from ledger.actions.holdings import find_stored, read_certificate
from ledger.actions.issuance.loop import issue_file
from ledger.actions.issuance.outcome import Citation
from tests.ledger.actions.homes import HOUSING, TYPE, Ledger, identify, write_file

CASE = bytes(range(32))


@pytest.mark.parametrize(
    "citation",
    [None, Citation(identify(9)), Citation(case_id=CASE), Citation(identify(9), CASE)],
    ids=["nothing", "certificate", "case", "both"],
)
def test_what_recognises_a_row_follows_from_the_certificate_and_what_it_cites(
    ledger: Ledger, tmp_path: Path, citation: Citation | None
) -> None:
    file = write_file(tmp_path / "one.csv", [1])
    with ledger.open() as home:
        issue_file(home, file, HOUSING, TYPE, citation=citation)
        stored = find_stored(home, identify(1))
        certificate = read_certificate(home, stored)
        assert recompute_content_mac(home.vault.row_cipher, certificate) == stored.content_mac
        assert certificate.case_id == (citation.case_id if citation else None)
        again = issue_file(home, file, HOUSING, TYPE, citation=citation)
    assert (again.issued, again.already_issued) == (0, 1)
