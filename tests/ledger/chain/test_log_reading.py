"""The index takes what the log recorded, all of it, and nothing that merely looks like it."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.actions.authority import NO_END_UNIX, submit_authority_act
from ledger.actions.governance import vote
from ledger.actions.issuers import register_department
from ledger.chain.artifacts import load_artifact
from ledger.chain.gateway import Gateway, RecordedEvent
from ledger.chain.log_reading import LogRange, UnreadableAppended, pair_entries
from ledger.errors import ChainUnavailableError
from ledger.formats.seals import compute_key_id, public_coordinates
from ledger.identifiers import MemberId, RegionCode, Uscc
from ledger.records import (
    EVENTS_BY_TOPIC,
    Admission,
    BatchAnchored,
    BatchStatement,
    DepartmentRegistered,
    DepartmentStatement,
    EntryAppended,
    Installation,
    MandateStatement,
    MemberKeys,
    OperatorStatement,
    ProposalAction,
    ProposalStatement,
    SealKeyStatement,
    StatusAttested,
)
from ledger.workspace import Workspace
from tests.ledger.chain.faulty_node import answer, lose_request, refuse, stand_between
from tests.ledger.chain.forger import CODE_HASH, Forger, RawCode
from tests.support.consortium import (
    CHONGQING,
    ISSUER,
    SAFETY_STAFF,
    SICHUAN,
    Consortium,
    anchor,
    batch_statement,
    submit_sealed,
)

BAD_CHECK = RawCode(b"11500000000000777" + (b"0" if str(ISSUER)[-1] != "0" else b"1"))
LETTERS = RawCode(b"1150000000000077OI")  # the contracts let pass letters that no code has


@pytest.fixture
def workspace(consortium: Consortium) -> Iterator[Workspace]:
    with consortium.open() as opened:
        yield opened


def fetch(gateway: Gateway) -> list[RecordedEvent]:
    """The whole log."""
    return list(gateway.fetch_entries(0, gateway.head().block_number))


def check(workspace: Workspace) -> list[RecordedEvent]:
    """Fetches the log; the index over it has the chain's root."""
    recorded = fetch(workspace.gateway)
    assert [each.index for each in recorded] == list(range(workspace.gateway.log_size()))
    assert workspace.sync_index().root == workspace.gateway.log_root()
    return recorded


def test_every_entry_has_its_event(workspace: Workspace) -> None:
    anchor(workspace)
    for recorded in check(workspace):
        assert recorded.event is not None
        assert recorded.entry.entry.kind == recorded.event.TOPIC
        assert recorded.event.payload_hash() == recorded.entry.entry.payload_hash


def forge_entry(workspace: Workspace) -> EntryAppended:
    """A genuine entry under the next index."""
    genuine = fetch(workspace.gateway)[-1].entry
    assert isinstance(genuine, EntryAppended)
    return replace(genuine, index=genuine.index + 1)


def forge_batch(workspace: Workspace) -> BatchAnchored:
    """An anchoring that never happened, of a batch of one's own choosing."""
    anchored = fetch(workspace.gateway)[-1].event
    assert isinstance(anchored, BatchAnchored)
    statement = replace(anchored.statement, root=secrets.token_bytes(32), count=65_536)
    return replace(anchored, statement=statement)


def test_entries_and_events_of_a_forger_are_not_taken(workspace: Workspace) -> None:
    anchor(workspace)
    before = check(workspace)
    forger = Forger(workspace)
    forger.emit(forge_batch(workspace))
    forger.emit(forge_entry(workspace))
    both = forger.encode(forge_entry(workspace))
    forger.emit(forge_batch(workspace), then_call=forger.address, data=both)
    assert check(workspace) == before


def test_look_alike_right_before_a_genuine_event_does_not_take_its_place(
    workspace: Workspace,
) -> None:
    anchor(workspace)
    batch_key = fetch(workspace.gateway)[-1].entry.entry.subject
    module = workspace.gateway.module("CertificateLedger").address
    attest = load_artifact("CertificateLedger").encode_call("attestStatus", (batch_key, 0))
    forger = Forger(workspace)
    lie = StatusAttested(batch_key, 0, b"\x55" * 32, 99)
    forged = BatchAnchored(batch_key, *_parts(forge_batch(workspace)))
    for each in (forged, replace_topic(forged), forge_entry(workspace)):
        forger.emit(each, then_call=module, data=attest)
    for recorded in check(workspace)[-3:]:
        assert recorded.event == StatusAttested(batch_key, 0, bytes(32), 0) != lie


def _parts(event: BatchAnchored) -> tuple[Any, Any]:
    return event.statement, event.seal


def replace_topic(event: BatchAnchored) -> BatchAnchored:
    """The same for a batch key of nobody."""
    return replace(event, batch_key=secrets.token_bytes(32))


def test_look_alike_between_two_genuine_calls_changes_nothing(workspace: Workspace) -> None:
    """One transaction: attest, forge an attestation, attest again."""
    anchor(workspace)
    batch_key = fetch(workspace.gateway)[-1].entry.entry.subject
    module = workspace.gateway.module("CertificateLedger").address
    attest = load_artifact("CertificateLedger").encode_call("attestStatus", (batch_key, 1))
    forger = Forger(workspace)
    again = forger.encode(forge_entry(workspace), then_call=module, data=attest)
    forger.emit(forge_batch(workspace), then_call=forger.address, data=again)
    assert check(workspace)[-1].event == StatusAttested(batch_key, 1, bytes(32), 0)


def register_raw(workspace: Workspace, code: RawCode) -> ec.EllipticCurvePrivateKey:
    """A department whose code is none, with a seal key and a mandate, straight to the contract."""
    issuer: Any = code
    key = ec.generate_private_key(ec.SECP256R1())
    x, y = public_coordinates(key.public_key())
    now = workspace.latest_unix()
    region = RegionCode.parse("500000")
    for function, build in (
        (
            "registerDepartment",
            lambda n: DepartmentStatement(CHONGQING, issuer, region, "某部门", NO_END_UNIX, n),
        ),
        (
            "registerSealKey",
            lambda n: SealKeyStatement(CHONGQING, issuer, 1, x, y, b"f" * 32, now, NO_END_UNIX, n),
        ),
        (
            "changeMandate",
            lambda n: MandateStatement(CHONGQING, issuer, SAFETY_STAFF, 0, NO_END_UNIX, n),
        ),
    ):
        submit_authority_act(workspace, "IssuerRegistry", function, build)
    return key


@pytest.mark.parametrize("code", [BAD_CHECK, LETTERS], ids=["check", "letters"])
def test_code_that_is_none_stops_nobodys_index(consortium: Consortium, code: RawCode) -> None:
    with consortium.open() as workspace:
        size = workspace.gateway.log_size()
        key = register_raw(workspace, code)
        batch = batch_statement(workspace)
        key_id = compute_key_id(1, *public_coordinates(key.public_key()))
        issuer: Any = code
        anchored = submit_sealed(
            workspace, "anchorBatch", replace(batch, issuer=issuer, key_id=key_id), key
        )
        assert anchored.entries[0].entry.actor == code.raw
        anchor(workspace)
        recorded = check(workspace)
        assert [each.event is None for each in recorded[size:]] == [True] * 4 + [False]
    with consortium.open(SICHUAN) as workspace:
        check(workspace)
        assert workspace.index.entry(size + 3).payload is None
        assert workspace.index.entry(size + 4).payload is not None
        assert workspace.rebuild_index().size == size + 5
        register_department(
            workspace, Uscc.build("11510000000000099"), "另一部门", RegionCode.parse("510000")
        )


def admit_raw(consortium: Consortium, code: RawCode) -> ec.EllipticCurvePrivateKey:
    """Both members vote for a member whose code is none."""
    member: Any = code
    key = ec.generate_private_key(ec.SECP256R1())
    point = public_coordinates(key.public_key())
    keys = MemberKeys(1, *point, b"c" * 32, b"k" * 32, *point, "0x" + "11" * 20)
    carry(consortium, ProposalAction.ADMIT_MEMBER, Admission(member, "某省", keys).encode())
    return key


def carry(consortium: Consortium, action: ProposalAction, payload: bytes) -> None:
    """Proposes something and carries it with both votes."""
    with consortium.open() as workspace:
        until = workspace.latest_unix() + 86_400
        receipt = submit_authority_act(
            workspace,
            "Consortium",
            "propose",
            lambda n: ProposalStatement(CHONGQING, action, payload, until, n),
        )
        proposal_id = receipt.entries[0].entry.subject
        vote(workspace, proposal_id, approve=True)
    with consortium.open(SICHUAN) as workspace:
        assert vote(workspace, proposal_id, approve=True).executed


@pytest.mark.parametrize("code", [BAD_CHECK, LETTERS], ids=["check", "letters"])
def test_member_whose_code_is_none_stops_nobodys_index(
    consortium: Consortium, code: RawCode
) -> None:
    key = admit_raw(consortium, code)
    member: Any = code
    with consortium.open() as workspace:
        statement = OperatorStatement(member, "0x" + "22" * 20, 0, NO_END_UNIX, 1)
        sent = submit_sealed(workspace, "changeOperator", statement, key, module="Consortium")
        assert sent.entries == ()
        anchor(workspace)
        *_, admission, unreadable, batch = check(workspace)
        assert (admission.event, unreadable.event) == (None, None)
        assert isinstance(unreadable.entry, UnreadableAppended)
        assert unreadable.entry.entry.region == code.raw
        assert isinstance(batch.event, BatchAnchored)
        row = workspace.index.entry(unreadable.index)
        assert row.region.encode("latin-1").ljust(18, b"\0") == code.raw


def test_event_of_a_later_version_keeps_its_place_without_its_meaning(
    consortium: Consortium,
) -> None:
    kind = secrets.token_bytes(32)
    with consortium.open() as workspace:
        forger = Forger(workspace)
    name = b"Later".ljust(32, b"\0")
    installation = Installation(name, forger.address, CODE_HASH, (kind,))
    carry(consortium, ProposalAction.INSTALL_MODULE, installation.encode())
    with consortium.open() as workspace:
        anchor(workspace)
        known = forge_batch(workspace)
        forger = _driven(workspace, forger.address)
        subject, actor = secrets.token_bytes(32), ISSUER.to_chain()
        arguments = (kind, CHONGQING.to_chain(), actor, subject, known.payload_hash())
        append = load_artifact("EntryLog").encode_call("append", arguments)
        forger.emit(known, then_call=workspace.gateway.log.address, data=append)
        anchor(workspace)
        *_, later, after = check(workspace)
        assert later.event is None
        assert (later.entry.entry.kind, later.entry.entry.subject) == (kind, subject)
        assert after.event is not None
        [row] = workspace.index.entries_of(subject)
        assert (row.payload, row.actor) == (None, str(ISSUER))
        assert kind not in EVENTS_BY_TOPIC


def _driven(workspace: Workspace, address: str) -> Forger:
    forger = Forger.__new__(Forger)
    forger._submitter, forger.address = workspace.submitter, address
    return forger


def test_module_that_owns_a_kind_cannot_pass_off_another_payload(workspace: Workspace) -> None:
    """The log entry fixes the event: one with another content is as good as none."""
    anchor(workspace)
    genuine = fetch(workspace.gateway)
    last = genuine[-1]
    client, head = workspace.gateway.client, workspace.gateway.head().block_number
    from ledger.chain.log_reading import fetch_logs

    topics = (EntryAppended.TOPIC, BatchAnchored.TOPIC)
    logs = [log for part in fetch_logs(client, topics, last.block_number, head) for log in part]
    data = logs[0].data[:-1] + bytes([logs[0].data[-1] ^ 1])
    altered = [replace(logs[0], data=data), logs[1]]
    [paired] = pair_entries(altered, workspace.gateway.log.address)
    assert paired == replace(last, event=None)


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_ranges_that_the_node_refuses_are_narrowed(workspace: Workspace, limit: int) -> None:
    anchor(workspace)
    expected = check(workspace)
    node = stand_between(workspace)

    def refuse_wide(request: dict, respond: Any) -> object:
        wanted = request["params"][0]
        blocks = int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) + 1
        if blocks > limit:
            return refuse(f"Requested range exceeds maximum range limit: {limit}")(request, respond)
        return respond(request)

    node.faults["eth_getLogs"] = refuse_wide
    assert fetch(workspace.gateway) == expected
    refusals = node.asked["eth_getLogs"]
    assert workspace.gateway.log_range.blocks <= limit + 1
    assert fetch(workspace.gateway) == expected
    again = node.asked["eth_getLogs"] - refusals
    assert again < refusals  # what was learnt is remembered


def test_ranges_are_halved_when_refused_and_grow_slowly_again() -> None:
    blocks = LogRange(most=1_000)
    blocks.narrow(1_000)
    assert blocks.blocks == 500
    blocks.widen(499)  # the end of the chain
    assert blocks.blocks == 500
    grown = []
    for _ in range(40):
        blocks.widen(blocks.blocks)
        grown.append(blocks.blocks)
    assert grown[0] == 563
    assert max(grown) == grown[-1] == 1_000
    assert all(later <= earlier * 9 // 8 + 1 for earlier, later in itertools.pairwise(grown))


def test_range_that_was_refused_is_tried_again_only_little_by_little() -> None:
    """Of a node with a fixed limit, few questions are refused."""
    blocks, refused, limit = LogRange(), 0, 700
    for _ in range(200):
        if blocks.blocks > limit:
            blocks.narrow(blocks.blocks)
            refused += 1
        else:
            blocks.widen(blocks.blocks)
    assert blocks.blocks > limit // 4
    assert refused < 50


def test_node_that_refuses_every_range_is_unavailable(workspace: Workspace) -> None:
    stand_between(workspace).faults["eth_getLogs"] = refuse("query timeout exceeded")
    with pytest.raises(ChainUnavailableError, match=r"of blocks 0 to 0: .*query timeout exceeded"):
        fetch(workspace.gateway)


def test_dead_node_is_asked_once_and_not_in_ever_smaller_ranges(workspace: Workspace) -> None:
    gateway, node = workspace.gateway, stand_between(workspace)
    head, _ = gateway.head(), gateway.log
    node.faults["*"] = lose_request
    with pytest.raises(ChainUnavailableError) as caught:
        list(gateway.fetch_entries(0, head.block_number))
    assert caught.value.code == "chain_unavailable"
    assert node.asked["eth_getLogs"] == 1


@pytest.mark.parametrize(
    "nonsense",
    [None, "0x", {}, [None], ["0x"], [{}], [{"address": 5}], [{"address": "0x", "topics": None}]],
)
def test_logs_of_nonsense_are_an_unavailable_chain(workspace: Workspace, nonsense: object) -> None:
    gateway, node = workspace.gateway, stand_between(workspace)
    node.faults["eth_getLogs"] = answer(nonsense)
    with pytest.raises(ChainUnavailableError) as caught:
        fetch(gateway)
    assert caught.value.code == "chain_answer_unusable"
    assert node.asked["eth_getLogs"] == 1


def test_department_of_the_fixture_is_read_with_its_values(workspace: Workspace) -> None:
    events = [each.event for each in fetch(workspace.gateway)]
    registered = [each for each in events if isinstance(each, DepartmentRegistered)]
    assert {each.statement.issuer for each in registered} >= {ISSUER}
    assert {each.statement.member for each in registered} == {CHONGQING, SICHUAN}
    assert isinstance(registered[0].statement.member, MemberId)
    assert isinstance(batch_statement(workspace), BatchStatement)
