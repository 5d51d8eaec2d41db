"""Of everything in the log, what says something of one certificate, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.abi import Event
from ledger.actions.decisions import LifecycleAct
from ledger.actions.facts import (
    Gathered,
    LogSubject,
    changes_status,
    current_head,
    gather_facts,
    select_for_presentation,
    to_fact,
    to_log_entry,
)
from ledger.actions.holdings import find_stored, read_certificate
from ledger.actions.issuers import (
    change_mandate,
    declare_compromise,
    find_seal_key,
    register_department,
    rotate_seal_key,
)
from ledger.actions.lifecycle import change_status
from ledger.formats.evidence import Fact
from ledger.formats.merkle import verify_inclusion
from ledger.identifiers import CertificateType, RegionCode
from ledger.records import (
    BatchAnchored,
    ConsortiumFounded,
    DepartmentAttested,
    DepartmentRegistered,
    MandateAttested,
    MandateChanged,
    MemberAttested,
    SealKeyAttested,
    SealKeyCompromised,
    SealKeyEnded,
    SealKeyRegistered,
    StatusAttested,
    StatusChanged,
)
from ledger.workspace import Workspace
from tests.ledger.actions.homes import (
    CHONGQING,
    DECISION,
    HOUSING,
    SICHUAN,
    TRANSPORT,
    TYPE,
    Ledger,
    identify,
    write_file,
)
from tests.ledger.actions.unreadable import revoke_unreadably

OTHER_TYPE = CertificateType.parse("11100000000013338W012")
FIRST, SAME_WORD, OTHER_WORD, UNCHANGED, LATER = 100, 101, 350, 300, 400
SUSPEND, RESTORE, REVOKE, _ = LifecycleAct


@pytest.fixture(scope="module")
def busy(issued: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Much beside: other departments, types, keys, batches, words. To be read.

    The certificates 0 to 39 are in the first batch, 100 to 399 in the second (300 and 350 in its
    second word), 400 in the third, which the new key has sealed.
    """
    ledger = issued.copy(tmp_path_factory.mktemp("busy") / "ledger")
    ledger.issue(write_file(ledger.directory / "second.csv", range(100, 400)))
    with ledger.open() as home:
        for number in (0, FIRST, SAME_WORD, OTHER_WORD):
            change_status(home, SUSPEND, [identify(number)], DECISION)
        change_status(home, RESTORE, [identify(SAME_WORD)], replace(DECISION, reason_code=1))
        change_mandate(home, HOUSING, OTHER_TYPE)
        register_department(home, TRANSPORT, "交通（虚构）", RegionCode.parse("500000"))
        change_mandate(home, TRANSPORT, TYPE)
        old = find_seal_key(home, HOUSING).key_id
        rotate_seal_key(home, HOUSING)
        (second,) = {find_stored(home, identify(FIRST)).batch.batch_key}
        attest(home, "CertificateLedger", "attestStatus", second, 0)
        attest(home, "CertificateLedger", "attestStatus", second, 1)
        attest(home, "IssuerRegistry", "attestDepartment", HOUSING.to_chain())
        attest(home, "IssuerRegistry", "attestSealKey", HOUSING.to_chain(), old)
        attest(home, "IssuerRegistry", "attestMandate", HOUSING.to_chain(), TYPE.to_chain())
        attest(home, "IssuerRegistry", "attestMandate", HOUSING.to_chain(), OTHER_TYPE.to_chain())
        attest(home, "Consortium", "attestMember", CHONGQING.to_chain())
        attest(home, "Consortium", "attestMember", SICHUAN.to_chain())
        declare_compromise(home, HOUSING, old, home.latest_unix())
    ledger.issue(write_file(ledger.directory / "third.csv", [LATER]))
    with ledger.open() as home:
        home.sync_index()
    return ledger


def attest(home: Workspace, module: str, function: str, *arguments: object) -> None:
    home.submitter.submit(module, function, *arguments, purpose="attest")


def gather(home: Workspace, number: int) -> Gathered:
    """Without paths, from the content of the certificate."""
    certificate = read_certificate(home, find_stored(home, identify(number)))
    return gather_facts(home.index, certificate)


def kinds(facts: Iterable[Fact]) -> Counter[type[Event]]:
    return Counter(type(fact.record) for fact in facts)


ALWAYS = {
    ConsortiumFounded: 1,
    MemberAttested: 1,
    DepartmentRegistered: 1,
    DepartmentAttested: 1,
    MandateChanged: 1,
    MandateAttested: 1,
    SealKeyRegistered: 1,
    BatchAnchored: 1,
}
OF_THE_OLD_KEY = {SealKeyAttested: 1, SealKeyEnded: 1, SealKeyCompromised: 1}


@pytest.mark.parametrize(
    ("number", "others"),
    [
        (0, {**OF_THE_OLD_KEY, StatusChanged: 1}),
        (FIRST, {**OF_THE_OLD_KEY, StatusChanged: 3, StatusAttested: 1}),
        (OTHER_WORD, {**OF_THE_OLD_KEY, StatusChanged: 1, StatusAttested: 1}),
        (LATER, {}),
    ],
    ids=["first batch", "second batch", "its second word", "the new key's batch"],
)
def test_what_concerns_a_certificate_is_found_and_nothing_of_others(
    busy: Ledger, number: int, others: dict[type[Event], int]
) -> None:
    with busy.open() as home:
        gathered = gather(home, number)
        stored = find_stored(home, identify(number))
    assert kinds(gathered.facts) == {**ALWAYS, **others}
    assert gathered.unreadable == ()
    for fact in gathered.facts:
        match fact.record:
            case BatchAnchored(batch_key=key) | StatusChanged(batch_key=key):
                assert key == stored.batch.batch_key
            case SealKeyRegistered(key_id=key) | SealKeyAttested(key_id=key):
                assert key == stored.batch.key_id
            case MandateChanged(statement=mandate):
                assert (mandate.issuer, mandate.certificate_type) == (HOUSING, TYPE)
            case DepartmentRegistered(statement=department):
                assert department.issuer == HOUSING
            case MemberAttested(member=member):
                assert member == CHONGQING


def test_facts_stand_in_the_order_of_the_log_and_are_its_leaves(busy: Ledger) -> None:
    with busy.open() as home:
        facts = gather(home, FIRST).facts
        rows = [home.index.entry(fact.index) for fact in facts]
    assert [fact.index for fact in facts] == sorted({fact.index for fact in facts})
    assert [fact.leaf_hash for fact in facts] == [row.leaf_hash for row in rows]
    assert [fact.entry for fact in facts] == [to_log_entry(row) for row in rows]
    assert [fact.record.payload_hash() for fact in facts] == [row.payload_hash for row in rows]
    assert {fact.path for fact in facts} == {None}


def test_every_fact_is_proven_under_the_head_it_was_asked_for(busy: Ledger) -> None:
    with busy.open() as home:
        head = current_head(home.index)
        assert (head.size, head.root) == (home.gateway.log_size(), home.gateway.log_root())
        assert head.ledger_id == home.gateway.ledger_id
        subject = LogSubject.of_stored(find_stored(home, identify(FIRST)))
        facts = gather_facts(home.index, subject, head).facts
    for fact in facts:
        assert fact.path is not None
        assert verify_inclusion(fact.leaf_hash, fact.index, head.size, fact.path, head.root)


def test_the_vaults_row_finds_what_the_certificate_itself_finds(busy: Ledger) -> None:
    with busy.open() as home:
        for number in (FIRST, LATER):
            subject = LogSubject.of_stored(find_stored(home, identify(number)))
            assert gather_facts(home.index, subject) == gather(home, number)


def test_another_province_finds_the_same(busy: Ledger) -> None:
    with busy.open() as home:
        certificate = read_certificate(home, find_stored(home, identify(FIRST)))
        own = gather_facts(home.index, certificate)
    with busy.open(SICHUAN) as home:
        home.sync_index()
        assert gather_facts(home.index, certificate) == own


def test_entries_that_another_process_adds_meanwhile_are_passed_over(
    issued: Ledger, tmp_path: Path
) -> None:
    ledger = issued.copy(tmp_path / "ledger")
    with ledger.open() as home:
        home.sync_index()
        subject = LogSubject.of_stored(find_stored(home, identify(1)))
        head = current_head(home.index)
        before = gather_facts(home.index, subject, head)
        change_status(home, SUSPEND, [identify(1)], DECISION)
        revoke_unreadably(home, 2)
        home.sync_index()
        assert gather_facts(home.index, subject, head) == before
        now = gather_facts(home.index, subject, current_head(home.index))
    assert len(now.facts) == len(before.facts) + 1
    assert len(now.unreadable) == 1


def test_a_certificate_whose_signing_certificate_cannot_be_read_has_no_key(busy: Ledger) -> None:
    with busy.open() as home:
        certificate = read_certificate(home, find_stored(home, identify(FIRST)))
        broken = replace(certificate, x5c=(b"no certificate", b""))
        assert LogSubject.of_certificate(broken).key_id == b""
        found = kinds(gather_facts(home.index, broken).facts)
    assert found == Counter({**ALWAYS, StatusChanged: 3, StatusAttested: 1, SealKeyRegistered: 0})


def test_of_what_the_log_does_not_know_nothing_is_found(busy: Ledger) -> None:
    with busy.open() as home:
        subject = LogSubject.of_stored(find_stored(home, identify(FIRST)))
        nowhere = replace(
            subject,
            issuer=type(HOUSING).build("11510000000000009"),
            placement=replace(subject.placement, batch_key=b"\x07" * 32),
        )
        assert gather_facts(home.index, nowhere) == Gathered((), ())


def test_an_entry_that_cannot_be_read_is_listed_for_every_certificate_of_its_batch(
    busy: Ledger, tmp_path: Path
) -> None:
    """Which word it changed is not known either."""
    ledger = busy.copy(tmp_path / "ledger")
    with ledger.open() as home:
        number = revoke_unreadably(home, FIRST)
        home.sync_index()
        row = home.index.entry(number)
        assert to_fact(row) is None
        for concerned in (FIRST, OTHER_WORD, UNCHANGED):
            gathered = gather(home, concerned)
            assert gathered.unreadable == (row,)
            assert number not in {fact.index for fact in gathered.facts}
        for other in (0, LATER):
            assert gather(home, other).unreadable == ()


def test_a_presentation_tells_nothing_of_the_neighbours_but_the_newest_change(
    busy: Ledger,
) -> None:
    """100 was suspended; then 101 of the same word was suspended and restored; then all of it was
    attested, which says what was so last."""
    with busy.open() as home:
        facts = gather(home, FIRST).facts
        placement = read_certificate(home, find_stored(home, identify(FIRST))).placement
    statuses = [fact for fact in facts if isinstance(fact.record, StatusChanged | StatusAttested)]
    assert [changes_status(fact, placement) for fact in statuses] == [True, False, False, False]
    own, neighbour, restored, attested = statuses
    shown = select_for_presentation(facts, placement)
    assert shown == tuple(fact for fact in facts if fact not in (neighbour, restored))
    without = [fact for fact in facts if fact != attested]
    assert select_for_presentation(without, placement) == tuple(
        fact for fact in without if fact != neighbour
    )
    only_own = [fact for fact in without if fact not in (neighbour, restored)]
    assert own in only_own
    assert select_for_presentation(iter(only_own), placement) == tuple(only_own)


def test_of_an_unchanged_certificate_only_the_newest_change_of_its_word_is_shown(
    busy: Ledger,
) -> None:
    with busy.open() as home:
        facts = gather(home, UNCHANGED).facts
        placement = read_certificate(home, find_stored(home, identify(UNCHANGED))).placement
    shown = kinds(select_for_presentation(facts, placement))
    assert (shown[StatusChanged], shown[StatusAttested]) == (0, 1)
