"""Attacks on certificates, batches, statuses and votes. Each must be stopped, by what is named."""

from __future__ import annotations

from zhenglian.demo.forgeries import try_forgeries
from zhenglian.demo.replays import try_replays
from zhenglian.demo.stage import Stage
from zhenglian.demo.thefts import steal_a_key, try_operator_account, try_without_mandate


def try_attacks(stage: Stage) -> None:
    """Tries every attack and keeps what stopped it."""
    stage.act("7. Attacks, and what stopped each 攻击")
    thief = steal_a_key(stage)
    try_forgeries(stage, thief)
    try_without_mandate(stage, thief)
    try_operator_account(stage)
    try_replays(stage)
