"""Operations that need a second officer: asked for by one, allowed by another, done as asked.

What is kept is the operation's id and its parsed arguments as canonical JSON, so that what is
carried out is what was shown. Who allows it must be permitted to do it: role and objects are
checked for them as for the first. The home's passphrase needs nobody beside it: who knows it can do
everything without a node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
import rfc8785

from ledger.actions.approvals import request_approval
from ledger.errors import MalformedInputError, NotAuthorizedError, NotFoundError
from ledger.vault.approvals import Approval
from ledger.workspace import Workspace
from node_api.auth.access import require_admission, require_objects
from node_api.auth.filling import Asked
from node_api.auth.principals import Principal, PrincipalKind
from node_api.auth.settings import ApprovalSettings
from node_api.auth.targets import TargetResolver
from node_api.codec import decode, encode
from node_api.operations.operation import Operation

CANNOT_WAIT: Final = frozenset({"create_job", "issue_certificate"})
"""What has a file for a body, or an answer at once: if it needs a second officer, it is refused."""


def require_known_operations(
    settings: ApprovalSettings, find_operation: Callable[[str], Operation | None]
) -> None:
    """Refuses settings that name what is no operation: it would go on without a second officer.

    Raises:
        MalformedInputError: operation_unknown.
    """
    for name in sorted(settings.operations):
        if find_operation(name) is None and name not in CANNOT_WAIT:
            raise MalformedInputError(
                f"auth.approvals.operations: expected ids of operations that may wait for a "
                f"second officer, got {name!r}",
                code="operation_unknown",
                field="auth.approvals.operations",
            )


class MakerChecker:
    """The second officer of one node.

    Args:
        workspace: of the node.
        targets: finds the objects of a request.
        settings: which operations, and for how long.
        find_operation: by its id; None if there is none.

    Raises:
        MalformedInputError: operation_unknown, when the settings name one that could not wait.
    """

    def __init__(
        self,
        workspace: Workspace,
        targets: TargetResolver,
        settings: ApprovalSettings,
        find_operation: Callable[[str], Operation | None],
    ) -> None:
        self._workspace = workspace
        self._targets = targets
        self._settings = settings
        self._find = find_operation
        require_known_operations(settings, find_operation)

    def needs_second(self, principal: Principal, operation: str) -> bool:
        """Whether somebody's call of an operation waits for another."""
        is_listed = operation in self._settings.operations
        return is_listed and principal.kind is not PrincipalKind.LOCAL

    def require_none_needed(self, principal: Principal, operation: str) -> None:
        """Refuses what would have to wait and cannot. Raises NotAuthorizedError."""
        if operation in CANNOT_WAIT and self.needs_second(principal, operation):
            raise NotAuthorizedError(
                f"{operation} needs a second officer here, and cannot wait for one: do it one by "
                "one, or on the node's own machine",
                code="second_officer_needed",
            )

    def submit(
        self, principal: Principal, operation: Operation, arguments: Mapping[str, Any]
    ) -> Approval:
        """Keeps a call instead of carrying it out. Its objects have been allowed already.

        Raises:
            LedgerError: of the operation's check, if it has one; nothing is kept then.
        """
        if operation.check is not None:
            operation.check(self._workspace, **arguments)
        return request_approval(
            self._workspace,
            operation.operation_id,
            encode_request(operation, arguments),
            maker=principal.subject,
            people=principal.people,
            lifetime_s=self._settings.lifetime_s,
        )

    def callbacks(self, principal: Principal) -> dict[Asked, Any]:
        """What the actions of approval need of a node, for who asks."""

        def permit(operation_id: str, request: bytes) -> None:
            self.permit(principal, operation_id, request)

        return {Asked.PERMIT: permit, Asked.RUN: self.run}

    def permit(self, principal: Principal, operation_id: str, request: bytes) -> None:
        """Refuses who may not do by themselves what is asked for. Raises as `access` does."""
        operation = self._get(operation_id)
        require_admission(principal, operation.access, operation_id)
        arguments = decode_request(operation, request)
        targets = self._targets.resolve(principal, operation.access, arguments)
        require_objects(principal, operation.access, targets)

    def run(self, operation_id: str, request: bytes) -> bytes:
        """Does what was approved; the answer as JSON."""
        operation = self._get(operation_id)
        arguments = decode_request(operation, request)
        subject = self._workspace.index if operation.needs_index_alone else self._workspace
        value = operation.action(subject, **arguments)
        if operation.media_type != "application/json":
            return bytes(value)
        return encode(operation.result, value)

    def _get(self, operation_id: str) -> Operation:
        found = self._find(operation_id)
        if found is None:
            raise NotFoundError(
                f"this node has no operation {operation_id}", code="operation_unknown"
            )
        return found


def encode_request(operation: Operation, arguments: Mapping[str, Any]) -> bytes:
    """The arguments of a call as canonical JSON (RFC 8785).

    Those that the operation fixes are left out, but for who asks, which stays who asked.
    """
    kinds = {each.name: each.kind for each in operation.parameters}
    members = {
        name: orjson.loads(encode(kinds[name], value))
        for name, value in arguments.items()
        if name in kinds
    }
    asked = {
        name: arguments[name] for name, value in operation.fixed.items() if value is Asked.SUBJECT
    }
    return rfc8785.dumps({"arguments": members, "asked": asked})


def decode_request(operation: Operation, request: bytes) -> dict[str, Any]:
    """The arguments that `encode_request` wrote. Raises MalformedInputError."""
    document = orjson.loads(request)
    kinds = {each.name: each.kind for each in operation.parameters}
    own = {
        name: decode(kinds[name], orjson.dumps(value))
        for name, value in document["arguments"].items()
    }
    return {**operation.fixed, **document["asked"], **own}
