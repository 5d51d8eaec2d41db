"""What an error about a request says: everything but what may name a person."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.actions.issuance.request import FieldsMalformedError, RequestReader
from ledger.schemas import load_schema
from tests.support.command_line import make_row
from tests.support.consortium import ISSUER, SAFETY_STAFF


def test_an_error_repeats_dates_and_identifiers_and_no_persons_data() -> None:
    reader = RequestReader(load_schema(SAFETY_STAFF), ISSUER, date(2026, 11, 30))
    wrong = {"身份证号": "160101199003071233", "性别": "王小明", "发证日期": "2024-13-05"}
    with pytest.raises(FieldsMalformedError) as refused:
        reader.read({**make_row(1), **wrong})
    got = {fault.column: fault.got for fault in refused.value.faults}
    assert got == {"身份证号": "", "性别": "", "发证日期": "2024-13-05"}
    told = f"{refused.value.message} {refused.value.errors}"
    assert "160101199003071233" not in told
    assert "王小明" not in told
