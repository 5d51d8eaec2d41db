"""What refuses an act before it awaits a second officer takes just what the act takes."""

from __future__ import annotations

import inspect

import pytest

from node_api.operations.operation import Operation
from node_api.operations.table import OPERATIONS

CHECKED = tuple(each for each in OPERATIONS if each.check is not None)


def test_some_acts_are_checked_first() -> None:
    assert {"create_api_key", "revoke_certificate", "sign_pact_document"} <= {
        each.operation_id for each in CHECKED
    }


@pytest.mark.parametrize("operation", CHECKED, ids=lambda each: each.operation_id)
def test_check_takes_what_the_act_takes(operation: Operation) -> None:
    assert operation.check is not None
    taken, checked = (inspect.signature(each) for each in (operation.action, operation.check))
    assert checked.parameters == taken.parameters
    assert operation.access.is_change
    assert not operation.needs_index_alone
