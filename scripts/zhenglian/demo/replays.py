"""Replays: what was recorded once is sent again. Everything on chain is public."""

from __future__ import annotations

from ledger.actions.authority import submit_authority_act
from ledger.chain.submitter import Receipt
from ledger.records import ProposalSubmitted, VoteStatement
from zhenglian.demo.sending import expect_refusal, read_recorded, send
from zhenglian.demo.stage import GUIZHOU, SICHUAN, Stage


def try_replays(stage: Stage) -> None:
    """Sends a batch, a suspension and a vote again."""
    _replay_statements(stage)
    _vote_again(stage)


def _replay_statements(stage: Stage) -> None:
    with stage.open(GUIZHOU) as workspace:
        workspace.sync_index()
        batch, suspension = read_recorded(workspace, stage)
        expect_refusal(
            stage,
            "replayed batch",
            "BatchExistsError",
            lambda: send(workspace, "anchorBatch", batch.statement, batch.seal),
        )
        expect_refusal(
            stage,
            "replayed suspension after a restore",
            "StatusSequenceUnexpectedError",
            lambda: send(workspace, "changeStatus", suspension.statement, suspension.seal),
        )


def _vote_again(stage: Stage) -> None:
    with stage.open(SICHUAN) as workspace:
        workspace.sync_index()
        rows = workspace.index.entries_of_kind(ProposalSubmitted.TOPIC)
        proposal_id = rows[-1].subject

        def vote_again() -> Receipt:
            return submit_authority_act(
                workspace,
                "Consortium",
                "vote",
                lambda sequence: VoteStatement(workspace.member, proposal_id, True, sequence),
            )

        expect_refusal(
            stage, "vote on a proposal that was carried out", "ProposalExecutedError", vote_again
        )
