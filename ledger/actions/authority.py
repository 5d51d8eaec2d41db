"""Acts of a member: statements signed by its authority key and carried by its operator account."""

from __future__ import annotations

from collections.abc import Callable

from ledger.abi import Statement
from ledger.actions.turns import take_turn
from ledger.chain.submitter import Receipt
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.workspace import Workspace

NO_END_UNIX = (1 << 40) - 1  # the contracts' "no end"


def submit_authority_act(
    workspace: Workspace,
    module: str,
    function: str,
    build: Callable[[int], Statement],
) -> Receipt:
    """Signs and submits one act of this home's member.

    Args:
        module, function: the contract function that takes (statement, signature).
        build: makes the statement for the member's next authority sequence number.

    Raises:
        LedgerError: the contract's refusal; ChainUnavailableError when the outcome is unknown.
    """
    with take_turn(workspace, b"authority"):
        return _submit(workspace, module, function, build)


def _submit(
    workspace: Workspace,
    module: str,
    function: str,
    build: Callable[[int], Statement],
) -> Receipt:
    workspace.submitter.resolve_unfinished()  # an act under way takes a sequence number
    sequence = workspace.gateway.member(workspace.member).sequence + 1
    statement = build(sequence)
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    signature = sign_digest(workspace.keys.authority(), digest)
    return workspace.submitter.submit(
        module,
        function,
        statement.to_abi(),
        signature.to_abi(),
        purpose=function,
        reference=digest.hex(),
    )
