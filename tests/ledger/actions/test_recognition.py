"""Policies, groups and pacts on a real chain: what the registry records, Python reads alike."""

from __future__ import annotations

from hashlib import sha256
from itertools import permutations
from pathlib import Path

import pytest

from ledger.actions.catalogue import propose_national
from ledger.actions.facts import gather_facts
from ledger.actions.holdings import find_stored, read_certificate
from ledger.actions.pact_file import PactDraft, parse_pact, read_pact
from ledger.actions.policies import find_pact, list_groups, list_pacts, list_policies, read_book
from ledger.actions.presentation import present, verify_document
from ledger.actions.recognition import (
    Terms,
    define_group,
    draft_pact,
    end_policy,
    explain,
    leave_group,
    set_policy,
    sign_pact,
)
from ledger.errors import ConflictError, MalformedInputError, NotFoundError
from ledger.identifiers import CertificateType, MemberId, PartyId, RegionCode, Uscc
from ledger.records import (
    GroupDefined,
    GroupExistsError,
    GroupLeft,
    NotOfGroupError,
    PactSigned,
    PactSignedBeforeError,
    PartyOfAnotherMemberError,
    PolicyAttested,
    PolicySet,
)
from ledger.verification.finding import Outcome
from ledger.verification.policy import VerificationPolicy
from ledger.verification.reasons import Reason
from ledger.verification.recognition_book import PolicyKey
from ledger.verification.report import CheckName, Report
from ledger.verification.verifier import verify
from ledger.workspace import Workspace
from tests.ledger.actions.homes import (
    CHONGQING,
    GUIZHOU,
    HOUSING,
    MINISTRY,
    SICHUAN,
    TYPE,
    Ledger,
    identify,
    write_file,
)

CQ, SC, GZ = (PartyId(member.value) for member in (CHONGQING, SICHUAN, GUIZHOU))
SICHUAN_REGION = RegionCode.parse("510000")
CHENGDU = PartyId.parse("510100")
OTHER_TYPE = CertificateType.parse("11100000000013338W012")
ALLIANCE = PartyId.parse("@CHENGYUQIAN-9")
CITIES = tuple(
    PartyId.parse(code)
    for code in (
        *("500101", "500102", "500103"),
        *("510100", "510700", "511300"),
        *("520100", "520300", "520400"),
    )
)


def act(ledger: Ledger, member: MemberId, key: PolicyKey, **terms: object) -> None:
    with ledger.open(member) as home:
        set_policy(home, key, Terms(**terms))  # type: ignore[arg-type]


def draft(
    home: Workspace, party_a: PartyId = SC, party_b: PartyId = CQ, *types: CertificateType
) -> PactDraft:
    return draft_pact(home, party_a, party_b, types, Terms())


def judge(ledger: Ledger, *, as_of_unix: int | None = None) -> Report:
    """Sichuan's verdict on a certificate of Chongqing, by its own log."""
    with ledger.open(CHONGQING) as home:
        document = present(home, identify(0), []).to_json()
    with ledger.open(SICHUAN) as home:
        return verify_document(home, document, relying_region=SICHUAN_REGION, as_of_unix=as_of_unix)


def is_recognised(home: Workspace, relying: PartyId, source: PartyId) -> bool:
    region, issuer = RegionCode.parse(str(relying)), RegionCode.parse(str(source))
    return explain(home, region, issuer, TYPE).is_recognised


def test_policy_makes_a_certificate_recognised_and_its_end_undoes_that(provinces: Ledger) -> None:
    key = PolicyKey(SC, CQ, TYPE)
    assert judge(provinces).check(CheckName.RECOGNITION).reason is Reason.NOT_RECOGNISED
    with provinces.open(SICHUAN) as home:
        policy = set_policy(home, key, Terms(conditions_hash=b"\x01" * 32))
    assert (policy.version, policy.state, policy.conditions_hash) == (1, "in force", b"\x01" * 32)
    report = judge(provinces)
    assert report.outcome is Outcome.PASSED
    cited = report.check(CheckName.RECOGNITION).detail["policy"]
    assert isinstance(cited, dict)
    assert (cited["version"], cited["log_index"]) == (1, policy.log_index)
    provinces.ahead_s = 60
    with provinces.open(SICHUAN) as home:
        ended = end_policy(home, key)
        assert (ended.version, ended.state) == (2, "ended")
        with pytest.raises(ConflictError, match="ended already"):
            end_policy(home, key)
    assert judge(provinces).check(CheckName.RECOGNITION).reason is Reason.NOT_RECOGNISED
    past = judge(provinces, as_of_unix=policy.recorded_at_unix)
    assert past.check(CheckName.RECOGNITION).outcome is Outcome.PASSED


def test_policy_that_is_not_there_cannot_be_ended(provinces: Ledger) -> None:
    with provinces.open(SICHUAN) as home, pytest.raises(NotFoundError, match="no policy"):
        end_policy(home, PolicyKey(SC, CQ, None))


def test_member_cannot_set_the_policy_of_another(provinces: Ledger) -> None:
    with provinces.open(CHONGQING) as home, pytest.raises(PartyOfAnotherMemberError):
        set_policy(home, PolicyKey(CHENGDU, CQ, TYPE), Terms())


def test_entries_are_about_the_policy_key(provinces: Ledger) -> None:
    keys = [PolicyKey(SC, CQ, TYPE), PolicyKey(CHENGDU, CQ, None)]
    with provinces.open(SICHUAN) as home:
        for key in keys:
            set_policy(home, key, Terms())
            rows = home.index.entries_of(key.subject)
            assert [row.kind for row in rows] == [PolicySet.TOPIC]


def test_pact_holds_when_both_have_signed(provinces: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "a.pact.json"
    with provinces.open(SICHUAN) as home:
        drafted = draft(home)
        file.write_bytes(drafted.to_json())
        pact = sign_pact(home, read_pact(file))
    assert (pact.state, pact.signed, pact.missing) == ("open", (SICHUAN,), (CHONGQING,))
    assert judge(provinces).check(CheckName.RECOGNITION).reason is Reason.NOT_RECOGNISED
    with provinces.open(SICHUAN) as home, pytest.raises(PactSignedBeforeError):
        sign_pact(home, drafted)
    with provinces.open(GUIZHOU) as home, pytest.raises(PartyOfAnotherMemberError):
        sign_pact(home, drafted)
    with provinces.open(CHONGQING) as home:
        pact = sign_pact(home, read_pact(file))
        assert pact.pact_id == sha256(drafted.terms.encode()).digest() == drafted.pact_id
        assert (pact.state, pact.missing) == ("concluded", ())
        assert home.gateway.ledger_id == drafted.ledger_id
        assert list_pacts(home.index, home.latest_unix()) == [pact]
        assert find_pact(home.index, pact.pact_id.hex()[:8], 0) == pact
        with pytest.raises(NotFoundError):
            find_pact(home.index, "zz", 0)
    assert judge(provinces).outcome is Outcome.PASSED


def test_versions_that_pacts_take_are_those_of_the_contract(provinces: Ledger) -> None:
    with provinces.open(SICHUAN) as home:
        set_policy(home, PolicyKey(SC, CQ, TYPE), Terms())
        set_policy(home, PolicyKey(SC, CQ, TYPE), Terms(minimum_seal_level=2))
        both = draft(home, SC, CQ, TYPE, OTHER_TYPE)
        sign_pact(home, both)
    with provinces.open(CHONGQING) as home:
        sign_pact(home, both)
    provinces.ahead_s = 60
    with provinces.open(SICHUAN) as home:
        set_policy(home, PolicyKey(SC, CQ, TYPE), Terms(minimum_seal_level=3))
        listed = {each.key: each.version for each in list_policies(home.index, 1 << 50)}
        assert listed == {
            PolicyKey(SC, CQ, TYPE): 4,
            PolicyKey(CQ, SC, TYPE): 1,
            PolicyKey(SC, CQ, OTHER_TYPE): 1,
            PolicyKey(CQ, SC, OTHER_TYPE): 1,
        }
        for key in listed:
            code = key.certificate_type.to_chain() if key.certificate_type else bytes(21)
            home.submitter.submit(
                "RecognitionRegistry",
                "attestPolicy",
                key.relying.to_chain(),
                key.source.to_chain(),
                code,
                purpose="attest",
            )
        home.sync_index()
        for row in home.index.entries_of_kind(PolicyAttested.TOPIC):
            attested = PolicyAttested.decode_payload(row.payload or b"")
            key = PolicyKey(attested.relying, attested.source, attested.certificate_type)
            assert row.subject == key.subject
            assert attested.record.version == listed[key]
            state = read_book(home.index).policy_at(key, row.time_unix)
            assert state is not None
            assert state.policy.version == listed[key]
            assert state.policy.pact_id == attested.record.pact_id
            assert state.policy.recorded_at_unix == attested.record.recorded_at


def test_alliance_of_nine_cities_takes_a_signature_of_each_province(provinces: Ledger) -> None:
    """Nine cities of three provinces: one group, one pact, three signatures; 54 relations."""
    before: int
    with provinces.open(SICHUAN) as home:
        home.sync_index()
        before = home.index.cursor().size
        define_group(home, ALLIANCE, "成渝黔九城（虚构）", CITIES)
        drafted = draft(home, ALLIANCE, ALLIANCE)
    for signer in (SICHUAN, GUIZHOU, CHONGQING):
        with provinces.open(signer) as home:
            assert not is_recognised(home, CITIES[3], CITIES[0])
            pact = sign_pact(home, drafted)
    assert (pact.state, len(pact.signed)) == ("concluded", 3)
    with provinces.open(SICHUAN) as home:
        home.sync_index()
        added = range(before, home.index.cursor().size)
        kinds = [home.index.entry(index).kind for index in added]
        assert kinds == [GroupDefined.TOPIC, *[PactSigned.TOPIC] * 3]
        book_pairs = [pair for pair in permutations(CITIES, 2) if pair[0].member != pair[1].member]
        assert len(book_pairs) == 54
        assert all(is_recognised(home, *pair) for pair in book_pairs)
        assert is_recognised(home, PartyId.parse("510104"), PartyId.parse("520103"))
        assert not is_recognised(home, PartyId.parse("510300"), CITIES[0])
        assert not is_recognised(home, SC, CITIES[0])


def test_member_that_leaves_a_group_is_of_its_pact_no_more(provinces: Ledger) -> None:
    with provinces.open(SICHUAN) as home:
        define_group(home, ALLIANCE, "成渝黔九城（虚构）", CITIES)
        drafted = draft(home, ALLIANCE, ALLIANCE)
        with pytest.raises(GroupExistsError):
            define_group(home, ALLIANCE, "又一个", CITIES)
    for signer in (SICHUAN, GUIZHOU, CHONGQING):
        with provinces.open(signer) as home:
            sign_pact(home, drafted)
    provinces.ahead_s = 60
    with provinces.open(GUIZHOU) as home:
        group = leave_group(home, ALLIANCE)
        assert group.members() == [CHONGQING, SICHUAN]
        with pytest.raises(NotOfGroupError):
            leave_group(home, ALLIANCE)
        assert is_recognised(home, CITIES[3], CITIES[0])
        assert not is_recognised(home, CITIES[6], CITIES[0])
        assert not is_recognised(home, CITIES[3], CITIES[6])
        home.submitter.submit(
            "RecognitionRegistry", "attestGroup", ALLIANCE.to_chain(), purpose="attest"
        )
        home.sync_index()
        assert list_groups(home.index) == [group]
        row = home.index.entries_of(ALLIANCE.to_chain().ljust(32, b"\0"))[-1]
        (membership,) = read_book(home.index).memberships(CITIES[0], row.time_unix)
        assert membership.known_until_unix == row.time_unix
        left = home.index.entries_of_kind(GroupLeft.TOPIC)[0]
        past = explain(
            home,
            RegionCode.parse(str(CITIES[6])),
            RegionCode.parse(str(CITIES[0])),
            TYPE,
            at_unix=left.time_unix - 1,
        )
        assert past.is_recognised


def test_holder_s_file_for_sichuan_proves_its_recognition_offline(provinces: Ledger) -> None:
    act(provinces, SICHUAN, PolicyKey(SC, CQ, TYPE))
    act(provinces, GUIZHOU, PolicyKey(GZ, CQ, TYPE))
    with provinces.open(CHONGQING) as home:
        for_sichuan = present(home, identify(0), [], relying_regions=[SICHUAN_REGION])
        for_nobody = present(home, identify(0), [])
        head, now_unix = for_sichuan.log, home.latest_unix()
    asked = VerificationPolicy(trusted_log=head, relying_region=SICHUAN_REGION)
    assert verify(for_sichuan, asked, now_unix).reliance is Outcome.PASSED
    check = verify(for_nobody, asked, now_unix).check(CheckName.RECOGNITION)
    assert (check.outcome, check.reason) == (Outcome.INDETERMINATE, Reason.MISSING_POLICY)
    policies = [fact for fact in for_sichuan.facts if isinstance(fact.record, PolicySet)]
    assert [p.record.statement.relying for p in policies if isinstance(p.record, PolicySet)] == [SC]


def test_facts_of_recognition_are_those_between_the_two(provinces: Ledger) -> None:
    with provinces.open(SICHUAN) as home:
        define_group(home, PartyId.parse("@NEAR"), "近邻", [CQ, SC])
        define_group(home, PartyId.parse("@FAR"), "远处", [GZ, PartyId.parse("530000")])
        set_policy(home, PolicyKey(SC, PartyId.parse("@NEAR"), None), Terms())
        set_policy(home, PolicyKey(SC, GZ, None), Terms())
        set_policy(home, PolicyKey(CHENGDU, CQ, TYPE), Terms())
        set_policy(home, PolicyKey(SC, CQ, OTHER_TYPE), Terms())
        near = draft(home, PartyId.parse("@NEAR"), PartyId.parse("@NEAR"), TYPE)
        sign_pact(home, near)
    with provinces.open(CHONGQING) as home:
        sign_pact(home, near)
        certificate = read_certificate(home, find_stored(home, identify(0)))
        without = {fact.index for fact in gather_facts(home.index, certificate).facts}
        found = gather_facts(home.index, certificate, relying_regions=[SICHUAN_REGION])
        added = [fact for fact in found.facts if fact.index not in without]
        assert [type(fact.record) for fact in added] == [GroupDefined, PolicySet, PactSigned]
        assert not found.unreadable
        signed = added[-1].record
        assert isinstance(signed, PactSigned)
        assert signed.missing == 0


def test_explanation_names_every_way_and_the_one_cited(provinces: Ledger) -> None:
    act(provinces, SICHUAN, PolicyKey(SC, CQ, None))
    act(provinces, SICHUAN, PolicyKey(SC, CQ, TYPE), minimum_seal_level=2)
    with provinces.open(SICHUAN) as home:
        found = explain(home, RegionCode.parse("510104"), HOUSING, TYPE)
        assert found.is_recognised
        assert [str(party) for party in found.relying_parties] == ["510104", "510100", "510000"]
        assert [step.result for step in found.steps] == ["seal_level_too_low", "recognised"]
        assert found.cited == found.steps[1]
        own = explain(home, RegionCode.parse("500103"), HOUSING, OTHER_TYPE)
        assert own.cited is not None
        assert own.cited.way == "own_province"
        before = explain(home, SICHUAN_REGION, HOUSING, TYPE, at_unix=1_700_000_000)
        assert not before.is_recognised
        with pytest.raises(NotFoundError):
            explain(home, SICHUAN_REGION, Uscc.build("11510000000000009"), TYPE)


def test_pact_of_another_ledger_is_not_signed(provinces: Ledger) -> None:
    with provinces.open(SICHUAN) as home:
        foreign = PactDraft(b"\x09" * 32, draft(home).terms)
        with pytest.raises(MalformedInputError, match="another ledger"):
            sign_pact(home, parse_pact(foreign.to_json()))


def test_type_made_national_by_vote_is_recognised_by_everybody(
    defined: Ledger, tmp_path: Path
) -> None:
    ledger = defined.copy(tmp_path / "ledger")
    ledger.issue(write_file(tmp_path / "rows.csv", [0]))
    proposal = ledger.act(MINISTRY, lambda home: propose_national(home, TYPE, "《某法》第一条"))
    ledger.carry(proposal, MINISTRY, CHONGQING, SICHUAN)
    report = judge(ledger)
    assert report.outcome is Outcome.PASSED
    detail = report.check(CheckName.RECOGNITION).detail
    assert (detail["way"], detail["legal_basis"]) == ("national_type", "《某法》第一条")
    with ledger.open(GUIZHOU) as home:
        found = explain(home, RegionCode.parse("520103"), HOUSING, TYPE)
    assert found.cited is not None
    assert found.cited.legal_basis == "《某法》第一条"
