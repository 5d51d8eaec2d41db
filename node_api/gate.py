"""Who passes to an operation: everything that stands between a request and its action.

Puts the parts of `node_api.auth` together in the one order that `dispatch` and the plain ASGI
handlers share.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from ledger.errors import LedgerError, NotAuthorizedError
from ledger.identifiers import Uscc
from ledger.vault.access_log import NewRecord, RecordKind
from node_api.auth.access import Access, Target, require_admission, require_objects
from node_api.auth.authenticator import Authenticator
from node_api.auth.filling import fill_asked
from node_api.auth.journal import AccessJournal
from node_api.auth.maker_checker import MakerChecker
from node_api.auth.principals import Principal, PrincipalKind
from node_api.auth.purposes import read_purpose, require_purpose
from node_api.auth.rates import RateLimits
from node_api.auth.targets import TargetResolver
from node_api.auth.upkeep import UPKEEP_EVERY_S, AccessUpkeep
from node_api.codec import encode
from node_api.doors import Scope, client_of, door_of, request_id_of
from node_api.loops import Loop
from node_api.operations.operation import Operation
from node_api.runtime import NodeRuntime

logger = logging.getLogger(__name__)

APPROVALS_PATH: Final = "/v1/approvals"
FindOperation = Callable[[str], Operation | None]


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for what, and why.

    Attributes:
        purpose: what personal data is looked at for; empty where none was given.
    """

    principal: Principal
    operation: str
    access: Access
    request_id: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A request that awaits a second officer. Attributes: document: its JSON."""

    document: bytes
    location: str


class Gate:
    """Lets requests pass, or refuses them by name.

    Args:
        runtime: the open home.
        find_operation: by its id.
    """

    def __init__(self, runtime: NodeRuntime, find_operation: FindOperation) -> None:
        workspace, settings = runtime.workspace, runtime.settings
        self._rates = RateLimits(settings.limits)
        self.journal = AccessJournal(workspace.vault.access_log)
        self.authenticator = Authenticator(
            settings.auth,
            workspace.vault.api_keys,
            workspace.vault,
            runtime.executor,
            rates=self._rates,
            journal=self.journal,
            clock=workspace.clock,
        )
        self._targets = TargetResolver(workspace)
        self._second = MakerChecker(
            workspace, self._targets, settings.auth.approvals, find_operation
        )
        self.journal.__enter__()
        runtime.at_close(self.journal.close)
        upkeep = AccessUpkeep(workspace, self._second.run, settings.auth.log_retention_days)
        runtime.add_loop(Loop("access", upkeep, interval_s=UPKEEP_EVERY_S, clock=workspace.clock))

    async def admit(self, scope: Scope, access: Access, operation: str) -> Principal:
        """Who asks, if they may ask so often and may call the operation at all.

        Raises:
            NotAuthenticatedError, NotAuthorizedError, TooManyRequestsError.
        """
        address, request_id = client_of(scope), request_id_of(scope)
        principal = await self.authenticator.authenticate(
            scope["headers"], door_of(scope), address=address, request_id=request_id
        )
        self._rates.admit(principal, address, is_change=access.is_change)
        try:
            require_admission(principal, access, operation)
            self._second.require_none_needed(principal, operation)
        except NotAuthorizedError as error:
            if principal.kind is not PrincipalKind.ANONYMOUS:
                self._note_refusal(principal, operation, error.code, request_id)
            raise
        return principal

    def asking(self, scope: Scope, principal: Principal, operation: Operation) -> Asking:
        """What is known of a request before its objects are.

        Raises:
            MalformedInputError: purpose_required, purpose_malformed.
        """
        purpose = read_purpose(scope["headers"])
        require_purpose(operation.access, purpose)
        name = operation.operation_id
        return Asking(principal, name, operation.access, request_id_of(scope), purpose)

    def permit_department(self, principal: Principal, access: Access, department: Uscc) -> None:
        """Whether a principal may act for a department. Raises as `require_objects`."""
        targets = self._targets.resolve(principal, access, {"issuer": department})
        require_objects(principal, access, targets)

    def fill(self, principal: Principal, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments with what follows from who asks."""
        return fill_asked(arguments, principal, self._second.callbacks(principal))

    @contextmanager
    def passing(
        self, operation: Operation, asking: Asking, arguments: Mapping[str, Any]
    ) -> Iterator[Awaiting | None]:
        """Around the action: its objects are checked before, what became of it is logged after.

        An access to personal data is answered only once it is in the access log.

        Yields:
            What awaits a second officer, None where the action may be done now.
        """
        principal, outcome = asking.principal, "allowed"
        found: tuple[Target, ...] = ()
        try:
            found = self._targets.resolve(principal, asking.access, arguments)
            require_objects(principal, asking.access, found)
            if self._second.needs_second(principal, asking.operation):
                approval = self._second.submit(principal, operation, arguments)
                location = f"{APPROVALS_PATH}/{approval.approval_id}"
                yield Awaiting(encode(type(approval), approval), location)
                outcome = "awaits_approval"
            else:
                yield None
        except LedgerError as error:
            outcome = error.code
            raise
        except Exception:
            outcome = "unexpected"
            raise
        finally:
            self._remember(asking, found, outcome)

    def _remember(self, asking: Asking, found: tuple[Target, ...], outcome: str) -> None:
        if not asking.access.is_personal and not asking.access.is_change:
            return
        targets = found or (None,)
        rows = [_to_record(asking, target, outcome) for target in targets]
        for row in rows[:-1]:
            self.journal.record_later(row)
        self.journal.record(rows[-1])

    def _note_refusal(
        self, principal: Principal, operation: str, code: str, request_id: str
    ) -> None:
        self.journal.note(
            NewRecord(
                RecordKind.SECURITY,
                operation,
                principal.subject,
                ",".join(sorted(principal.roles)),
                outcome=code,
                request_id=request_id,
            )
        )


def _to_record(asking: Asking, target: Target | None, outcome: str) -> NewRecord:
    return NewRecord(
        RecordKind.ACCESS,
        asking.operation,
        asking.principal.subject,
        ",".join(sorted(asking.principal.roles)),
        target.kind if target else "",
        target.identifier if target else "",
        asking.purpose,
        outcome,
        asking.request_id,
    )
