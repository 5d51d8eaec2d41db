"""The lanes of group commit: one for each department and type, each with one batch open at a time.

A keeper asks for all of them, now and then, whether their departments may issue: no request waits
for the chain but the first of a lane.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from ledger.actions.issuance.open_group import OpenGroup
from ledger.actions.issuance.standing import Standing, StandingChecker
from ledger.actions.issuance.tickets import Ticket
from ledger.errors import ChainUnavailableError, LedgerError, StorageError
from ledger.identifiers import CertificateType, Uscc
from ledger.workspace import Workspace

_MOST_LANES = 256
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Lane:
    """The requests of one department for one type.

    Attributes:
        standing: by the newest answer of the chain; None while it may not issue, or is unknown.
        error: why it may not, or why it is not known.
        refusal: why the contract refuses its newest batch for now.
        parked: tickets that wait for the first answer.
    """

    issuer: Uscc
    certificate_type: CertificateType
    standing: Standing | None = None
    error: Exception | None = None
    refusal: LedgerError | None = None
    group: OpenGroup | None = None
    parked: list[Ticket] = field(default_factory=list)

    @property
    def obstacle(self) -> Exception | None:
        """Why nothing is taken now, if that is known."""
        return self.refusal or (self.error if self.standing is None else None)


class LaneKeeper:
    """Keeps the standings of all lanes fresh, in a thread of its own.

    Args:
        interval_s: how often it asks.
        release: given the tickets that waited for a lane's first answer.
        refuse: given them where it may not issue, or nobody knows.
    """

    def __init__(
        self,
        workspace: Workspace,
        interval_s: float,
        release: Callable[[list[Ticket]], None],
        refuse: Callable[[list[Ticket], Exception], None],
    ) -> None:
        self._workspace = workspace
        self._interval_s = interval_s
        self._release = release
        self._refuse = refuse
        self._lock = threading.Lock()
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._awake = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="issuance-standing", daemon=True)
        self.chain_unix = 0
        """The newest block's time that was seen."""
        self.trouble: Exception | None = None
        """Why the chain could not be asked the last time."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Waits until the thread has ended."""
        self._is_stopping = True
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join()

    def lane(self, issuer: Uscc, certificate_type: CertificateType) -> Lane:
        """The lane of a department and a type."""
        key = (issuer.code, certificate_type.code)
        found = self._lanes.get(key)
        if found is None:
            with self._lock:
                found = self._lanes.setdefault(key, Lane(issuer, certificate_type))
        return found

    def lanes(self) -> list[Lane]:
        """All lanes there are."""
        with self._lock:
            return list(self._lanes.values())

    def park(self, lane: Lane, tickets: list[Ticket]) -> None:
        """Keeps tickets until their lane's standing is known."""
        with self._lock:
            lane.parked += tickets
        self._awake.set()

    def _run(self) -> None:
        checker = StandingChecker(self._workspace)
        while not self._is_stopping:
            self._awake.wait(self._interval_s)
            self._awake.clear()
            for lane in self.lanes():
                if not self._is_stopping:
                    self._check(lane, checker)
        for lane in self.lanes():
            self._let_go(lane)

    def _check(self, lane: Lane, checker: StandingChecker) -> None:
        try:
            lane.standing = checker.check(lane.issuer, lane.certificate_type, lane.standing)
            lane.error = self.trouble = None
            self.chain_unix = checker.chain_unix
        except (ChainUnavailableError, StorageError) as error:
            lane.error = self.trouble = error  # what was known before still counts
        except LedgerError as error:
            lane.standing, lane.error = None, error
        except Exception as error:  # noqa: BLE001  # told to whoever waits
            _log.exception("asking for the standing of a department failed")
            lane.error = error
        self._let_go(lane)

    def _let_go(self, lane: Lane) -> None:
        with self._lock:
            parked, lane.parked = lane.parked, []
            is_useless = lane.standing is None and lane.group is None
            if is_useless and len(self._lanes) > _MOST_LANES:
                del self._lanes[lane.issuer.code, lane.certificate_type.code]
        if not parked:
            return
        if lane.standing is None and lane.error is not None:
            self._refuse(parked, lane.error)
        else:
            self._release(parked)
