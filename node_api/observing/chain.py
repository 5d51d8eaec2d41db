"""The chain as a loop of the node last found it: readiness and metrics read it and do not wait."""

from __future__ import annotations

from ledger.chain.health import ChainCondition, ChainHealth, HealthLimits, check_health
from ledger.errors import LedgerError
from ledger.index.reading import CHAIN_LOST_BLOCKS
from node_api.loops import Loop
from node_api.observing.health import Dependency
from node_api.observing.metrics import GaugeReader
from node_api.runtime import NodeRuntime

INTERVAL_S = 2.0


class ChainWatch:
    """Looks at the chain at intervals.

    Args:
        runtime: the open home; its loops run it.
    """

    def __init__(self, runtime: NodeRuntime) -> None:
        self._workspace = runtime.workspace
        limit_s = runtime.settings.stalled_after_s
        self._limits = HealthLimits(limit_s, limit_s)
        self._found: ChainHealth | None = None
        self._problem = ""
        self.loop = Loop("chain", self.look, interval_s=INTERVAL_S, clock=runtime.workspace.clock)
        runtime.add_loop(self.loop)

    def look(self) -> None:
        """One look. A chain that is not well is no failure of the loop."""
        try:
            gateway, submitter = self._workspace.gateway, self._workspace.submitter
        except LedgerError as error:  # never opened yet
            self._found, self._problem = None, error.code
            return
        self._problem = ""
        self._found = check_health(
            gateway, submitter, limits=self._limits, clock=self._workspace.clock
        )

    def check(self) -> Dependency:
        """Whether the chain goes on."""
        found = self._found
        if found is None:
            code = self._problem or "not_looked_yet"
            return Dependency("chain", is_there=False, code=code, detail="it was never reached")
        if self._workspace.outage.problem == CHAIN_LOST_BLOCKS:
            told = "it has not the blocks any more that were read: see the index"
            return Dependency("chain", False, True, CHAIN_LOST_BLOCKS, told, found.age_s)
        code = "" if found.is_well else f"chain_{found.condition}"
        detail = f"block {found.block_number}" if found.block_number is not None else ""
        return Dependency("chain", found.is_well, True, code, detail, found.age_s)

    def add_gauges(self, gauges: GaugeReader) -> None:
        """What is read of it by metrics."""
        gauges.add(
            "zhenglian_chain_well",
            "1 while the chain answers and goes on, else 0.",
            lambda: float(self.check().is_there),
        )
        gauges.add(
            "zhenglian_chain_stalled",
            "1 while it answers and does not go on.",
            lambda: float(self._found is not None and self._found.is_stalled),
        )
        gauges.add(
            "zhenglian_chain_block_number", "Number of the newest block.", self._block_number
        )
        gauges.add("zhenglian_chain_block_age_seconds", "Age of the newest block.", self._age_s)
        gauges.add(
            "zhenglian_transactions_in_flight",
            "Transactions of this node without a final receipt.",
            lambda: float(self._found.waiting) if self._found else None,
        )

    def _block_number(self) -> float | None:
        number = self._found.block_number if self._found else None
        return None if number is None else float(number)

    def _age_s(self) -> float | None:
        return self._found.age_s if self._found else None

    @property
    def condition(self) -> ChainCondition | None:
        """What was found last; None before."""
        return self._found.condition if self._found else None
