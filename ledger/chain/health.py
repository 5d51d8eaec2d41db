"""How the chain does: whether it answers, and whether it goes on.

A chain that does not answer and one that answers but makes no blocks look alike to who waits for a
receipt, and want different people: the network's, or the validators'. Read by readiness and
metrics. Says nothing of any certificate.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ledger.chain.endpoints import EndpointState
from ledger.chain.gateway import ChainHead, Gateway
from ledger.chain.submitter import Submitter
from ledger.errors import LedgerError


class ChainCondition(StrEnum):
    """well goes on · unreachable gives no answer · refusing answers with errors or cannot write ·
    stalled answers, but makes no blocks · transaction_stuck makes blocks, but not with ours."""

    WELL = "well"
    UNREACHABLE = "unreachable"
    REFUSING = "refusing"
    STALLED = "stalled"
    TRANSACTION_STUCK = "transaction_stuck"


@dataclass(frozen=True, slots=True)
class HealthLimits:
    """When a chain counts as stalled.

    Attributes:
        block_s: so old may the newest block of a chain with regular blocks be; several times its
            block period, and more than the clocks of its validators and this machine differ by.
        transaction_s: so long may a transaction of ours wait for its receipt.
    """

    block_s: float = 60.0
    transaction_s: float = 60.0


@dataclass(frozen=True, slots=True)
class ChainHealth:
    """What was found.

    Attributes:
        is_reachable: whether a node answered.
        block_number, block_time_unix: of the newest block; None if it was not told.
        age_s: of that block by this machine's clock, never below 0; None where blocks are made
            only when there is something to record, and if it was not told.
        waiting: transactions of ours that wait for their receipts.
        oldest_wait_s: for how long the first of them has been.
        problem: code of the error, empty if there was none.
        nodes: of the nodes, where there are several.
    """

    condition: ChainCondition
    is_reachable: bool
    block_number: int | None
    block_time_unix: int | None
    age_s: float | None
    waiting: int
    oldest_wait_s: float
    problem: str
    nodes: tuple[EndpointState, ...]

    @property
    def is_well(self) -> bool:
        return self.condition is ChainCondition.WELL

    @property
    def is_stalled(self) -> bool:
        """It answers and does not go on."""
        return self.condition in (ChainCondition.STALLED, ChainCondition.TRANSACTION_STUCK)


def check_health(
    gateway: Gateway,
    submitter: Submitter | None = None,
    *,
    limits: HealthLimits | None = None,
    clock: Callable[[], float] = time.time,
) -> ChainHealth:
    """Asks the chain for its newest block. Never raises; takes as long as one question may take.

    Args:
        submitter: whose transactions are looked at; None if there is none.
        clock: seconds since the epoch.
    """
    limits = limits or HealthLimits()
    newest: ChainHead | None = None
    age_s: float | None = None
    problem, is_reachable = "", False
    try:
        newest = gateway.newest()
        is_reachable = True
        if not gateway.seals_on_demand:
            age_s = max(0.0, clock() - newest.time_unix)
    except LedgerError as error:
        problem = error.code
        is_reachable = is_reachable or problem not in ("chain_unavailable", "chain_in_use")
    except Exception:  # noqa: BLE001 - who watches must not be stopped by what it watches
        problem = "chain_answer_unusable"
        is_reachable = True
    waiting = submitter.in_flight if submitter else 0
    oldest_wait_s = submitter.oldest_wait_s if submitter else 0.0
    if problem:
        condition = ChainCondition.REFUSING if is_reachable else ChainCondition.UNREACHABLE
    elif age_s is not None and age_s > limits.block_s:
        condition = ChainCondition.STALLED
    elif oldest_wait_s > limits.transaction_s:
        condition = ChainCondition.TRANSACTION_STUCK
    else:
        condition = ChainCondition.WELL
    return ChainHealth(
        condition,
        is_reachable,
        newest.block_number if newest else None,
        newest.time_unix if newest else None,
        age_s,
        waiting,
        oldest_wait_s,
        problem,
        tuple(gateway.client.nodes()),
    )
