"""No route is without access, and each names its object where the resolver looks for it."""

from __future__ import annotations

import pytest

from node_api.auth.access import ObjectRule
from node_api.auth.filling import Asked
from node_api.auth.settings import ApprovalSettings
from node_api.operations.operation import Operation
from node_api.operations.table import OPERATIONS, by_id


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.operation_id)
def test_operation_is_declared_as_it_is_reached(operation: Operation) -> None:
    access = operation.access
    taken = {each.name for each in operation.parameters} | set(operation.fixed)
    if access.rule is ObjectRule.VIEWER:
        assert Asked.VIEWER in operation.fixed.values(), "the action would tell everybody all of it"
    elif access.rule not in (ObjectRule.NONE, ObjectRule.MEMBER, ObjectRule.OWN):
        assert set(access.parameters) & taken, "the request would name no object"
    if operation.method in ("PUT", "PATCH", "DELETE"):
        assert access.is_change
    if access.is_change:
        assert operation.method != "GET"
    if access.is_open:
        assert not access.is_change
        assert not access.is_personal


def test_departments_are_named_by_the_parameter_that_is_checked() -> None:
    """A second parameter for a department would let one be checked and the other used."""
    for operation in OPERATIONS:
        if operation.access.rule is not ObjectRule.DEPARTMENT:
            continue
        named = {each.name for each in operation.parameters} & {"issuer", "department"}
        assert len(named) <= 1, operation.operation_id


def test_callbacks_of_approvals_are_never_the_request_s_to_give() -> None:
    for operation in OPERATIONS:
        names = {each.name for each in operation.parameters}
        asked = {name for name, value in operation.fixed.items() if isinstance(value, Asked)}
        assert not names & asked, operation.operation_id
        trusted = {"created_by", "revoked_by", "checker", "people", "permit", "run"}
        assert not names & trusted, operation.operation_id


def test_second_officers_are_asked_for_operations_that_exist() -> None:
    assert ApprovalSettings().operations <= by_id().keys()


def test_ids_are_unique() -> None:
    assert len(by_id()) == len(OPERATIONS)
