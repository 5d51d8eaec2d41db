"""As which department of a home an act on a case is made, so that nobody acts for another's.

A home may hold the seal keys of several departments that have part in one case. Which of them an
act is made as, `ledger.actions.cases` chooses by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ledger.actions.cases.history import CaseStanding
from ledger.actions.catalogue_listing import find_matter_version
from ledger.errors import NotFoundError
from ledger.identifiers import Uscc
from ledger.index.store import IndexStore
from node_api.auth.access import ObjectRule

CASE_SIDES: Final = frozenset(
    {
        ObjectRule.CASE_HANDLER,
        ObjectRule.CASE_WINDOW,
        ObjectRule.CASE_CUSTODIAN,
        ObjectRule.CASE_TAKER,
        ObjectRule.CASE_DECIDER,
    }
)


def find_acting(
    index: IndexStore,
    standing: CaseStanding,
    rule: ObjectRule,
    named: Uscc | None,
    is_own: Callable[[Uscc], bool],
) -> frozenset[Uscc]:
    """The departments any of which may act: one, but for a step in which several decide.

    Args:
        named: the department that the request names, where it may.
        is_own: whether a department is of this home's member.
    """
    match rule:
        case ObjectRule.CASE_WINDOW:
            is_here = is_own(standing.receiver)
            return frozenset({standing.receiver if is_here else standing.handler})
        case ObjectRule.CASE_CUSTODIAN:
            return frozenset({standing.custodian})
        case ObjectRule.CASE_TAKER:  # once it has been taken, the same again is no new act
            return frozenset({standing.taker or standing.custodian})
        case ObjectRule.CASE_DECIDER:
            return _choose_deciders(index, standing, named, is_own)
    return frozenset({standing.handler})


def _choose_deciders(
    index: IndexStore,
    standing: CaseStanding,
    named: Uscc | None,
    is_own: Callable[[Uscc], bool],
) -> frozenset[Uscc]:
    if named is not None:
        return frozenset({named})
    own = {each for each in _list_deciders(index, standing) if is_own(each)}
    decided = {each.department for each in standing.decisions if each.step == standing.step}
    return frozenset(own - decided or own)


def _list_deciders(index: IndexStore, standing: CaseStanding) -> set[Uscc]:
    """Who decides in the present step, by the matter or by name."""
    try:
        matter = find_matter_version(index, standing.item_code, standing.matter_version)
    except NotFoundError:
        return set(standing.named)
    if standing.step >= len(matter.steps):
        return set(standing.named)
    return {*matter.steps[standing.step].deciders, *standing.named}
