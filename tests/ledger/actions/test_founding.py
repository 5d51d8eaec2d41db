"""What makes a home, what founds a ledger, and that neither is done over another."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from ledger.actions.application import read_application
from ledger.actions.founding import HomeSummary, create_home, found_ledger
from ledger.actions.fsck import fsck
from ledger.actions.issuers import find_department, register_department
from ledger.actions.proposals import list_members, list_proposals
from ledger.chain.artifacts import MODULE_NAMES
from ledger.chain.engines import ChainLocation
from ledger.config import CONFIG_NAME, Config
from ledger.errors import ConflictError, LedgerError, MalformedInputError
from ledger.formats.signing_certificate import compute_fingerprint
from ledger.identifiers import MemberId, RegionCode, Uscc
from ledger.workspace import Workspace
from tests.ledger.actions.homes import CHEAP, CHONGQING, NAMES, PASSPHRASE, SICHUAN, Ledger

MINISTRY = MemberId.parse("11100000000013338W")
MINISTRY_OFFICE = Uscc.build("12100000000000001")
YEAR_S = 365 * 86_400
NOW_UNIX = 1_780_000_000
FOUNDING_ENTRIES = 1 + 3 * len(MODULE_NAMES)  # the founding; a proposal, a vote, an installation


def create(home: Path, chain: Path, **changes: Any) -> HomeSummary:
    """A home of Chongqing, unless told otherwise."""
    arguments: dict[str, Any] = {
        "member": CHONGQING,
        "name": NAMES[CHONGQING],
        "chain": ChainLocation.parse(str(chain)),
        "passphrase": PASSPHRASE,
        "vault_cost": CHEAP,
    }
    return create_home(home, **(arguments | changes))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> HomeSummary:
    """A home without a ledger, to be read."""
    directory = tmp_path_factory.mktemp("made")
    return create(directory / "home", directory / "chain", clock=lambda: NOW_UNIX)


def test_a_home_has_five_keys_a_vault_and_settings(made: HomeSummary) -> None:
    assert Config.load(made.home / CONFIG_NAME) == Config(CHONGQING, "重庆市", made.chain)
    assert (made.member, made.name, made.ledger_id, made.consortium) == (
        CHONGQING,
        "重庆市",
        "",
        "",
    )
    with Workspace.open(made.home, PASSPHRASE) as home:
        assert home.keys.names() == [
            "authority",
            "checkpoint",
            "encryption",
            "operator",
            "region-root",
        ]
        assert home.vault.integrity_check() == []
        assert list(home.keys.issuers()) == []


def test_an_application_asks_for_the_keys_of_the_home(made: HomeSummary) -> None:
    admission = read_application(made.application)
    with Workspace.open(made.home, PASSPHRASE) as home:
        authority = home.keys.authority().public_key().public_numbers()
        root = home.keys.region_root().certificate
        assert admission.keys.checkpoint_key == home.keys.checkpoint_public_key()
    assert (admission.member, admission.name) == (CHONGQING, "重庆市")
    assert int.from_bytes(admission.keys.authority_x) == authority.x
    assert int.from_bytes(admission.keys.authority_y) == authority.y
    assert admission.keys.ca_fingerprint == compute_fingerprint(root)
    assert admission.keys.validator == made.operator


def test_the_provinces_root_holds_twenty_years_from_the_day_of_the_home(
    made: HomeSummary,
) -> None:
    with Workspace.open(made.home, PASSPHRASE) as home:
        root = x509.load_der_x509_certificate(home.keys.region_root().certificate)
    assert root.not_valid_before_utc.timestamp() == NOW_UNIX
    assert root.not_valid_after_utc.timestamp() == NOW_UNIX + 20 * YEAR_S


def test_nobody_else_reads_a_home_and_nothing_in_it_is_the_passphrase(made: HomeSummary) -> None:
    assert stat.S_IMODE(made.home.stat().st_mode) == 0o700
    files = [path for path in made.home.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [path for path in files if PASSPHRASE.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "省" * 43}, "name"),
        ({"name": "重庆市\n贵州省"}, "name"),
        ({"name": "\udcff"}, "name"),
        ({"passphrase": "seven c"}, "passphrase"),
        ({"consortium": "0x1234"}, "consortium"),
    ],
)
def test_what_cannot_be_is_named_before_anything_is_made(
    tmp_path: Path, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(MalformedInputError, match=f"{field}: expected") as refusal:
        create(tmp_path / "home", tmp_path / "chain", **changes)
    assert refusal.value.field == field
    assert list(tmp_path.iterdir()) == []


def test_the_longest_name_and_the_shortest_passphrase_will_do(tmp_path: Path) -> None:
    changes = {"name": "省" * 42 + "xx", "passphrase": "eight ch"}
    assert create(tmp_path / "home", tmp_path / "chain", **changes).application.exists()


def test_a_home_is_never_made_over_another(made: HomeSummary, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in made.home.rglob("*") if path.is_file()}
    with pytest.raises(ConflictError, match=str(made.home)) as refusal:
        create(made.home, tmp_path / "chain")
    assert refusal.value.code == "home_exists"
    assert before == {path: path.read_bytes() for path in made.home.rglob("*") if path.is_file()}


@pytest.mark.parametrize("part", ["keys", "vault"])
def test_keys_or_a_vault_without_settings_are_left_alone(tmp_path: Path, part: str) -> None:
    (tmp_path / "home" / part).mkdir(parents=True)
    with pytest.raises(ConflictError, match="move it away") as refusal:
        create(tmp_path / "home", tmp_path / "chain")
    assert refusal.value.code == "home_incomplete"
    assert [each.name for each in (tmp_path / "home").iterdir()] == [part]


def test_making_a_home_touches_no_chain_and_a_home_without_one_says_so(made: HomeSummary) -> None:
    assert not Path(made.chain).exists()
    with Workspace.open(made.home, PASSPHRASE) as home, pytest.raises(LedgerError) as refusal:
        home.sync_index()
    assert made.chain in refusal.value.message


@pytest.fixture(scope="module")
def ministry(tmp_path_factory: pytest.TempPathFactory) -> HomeSummary:
    """A ledger founded by a national department. Nothing is appended to it."""
    directory = tmp_path_factory.mktemp("ministry")
    create(directory / "home", directory / "chain", member=MINISTRY, name="住房城乡建设部（虚构）")
    with Workspace.open(directory / "home", PASSPHRASE) as home:
        return found_ledger(home)


def test_a_founded_ledger_has_its_founder_and_every_module(ministry: HomeSummary) -> None:
    with Workspace.open(ministry.home, PASSPHRASE) as home:
        assert home.gateway.active_members() == (MINISTRY,)
        assert home.gateway.ledger_id.hex() == ministry.ledger_id == home.config.ledger_id
        assert home.gateway.consortium_address == ministry.consortium == home.config.consortium
        admission = read_application(ministry.application)
        assert home.gateway.member(MINISTRY).keys == admission.keys
        home.sync_index()
        (founder,) = list_members(home.index)
        assert (founder.member, founder.name) == (MINISTRY, "住房城乡建设部（虚构）")
        proposals = list_proposals(home.index)
        assert [(each.state, each.approvals) for each in proposals] == [
            ("executed", (MINISTRY,))
        ] * len(MODULE_NAMES)
        assert [each.about for each in proposals] == [
            f"{name} at {home.gateway.module(name).address}" for name in MODULE_NAMES
        ]
        assert home.gateway.log_size() == FOUNDING_ENTRIES
        report = fsck(home)
        assert (report.problems, report.remarks) == ((), ())


def test_a_ledger_is_founded_once(ministry: HomeSummary) -> None:
    with Workspace.open(ministry.home, PASSPHRASE) as home:
        with pytest.raises(ConflictError, match=ministry.consortium) as refusal:
            found_ledger(home)
        assert refusal.value.code == "consortium_founded"
        assert home.gateway.log_size() == FOUNDING_ENTRIES


def test_nobody_founds_a_second_ledger_on_a_chain(ministry: HomeSummary, tmp_path: Path) -> None:
    """Who tried may still apply to the one there is."""
    summary = create(tmp_path / "home", Path(ministry.chain), member=SICHUAN, name="四川省")
    with Workspace.open(summary.home, PASSPHRASE) as home:
        with pytest.raises(ConflictError, match="apply to join it") as refusal:
            found_ledger(home)
        assert refusal.value.code == "consortium_founded"
        assert home.gateway.ledger_id.hex() == ministry.ledger_id
        assert home.gateway.log_size() == FOUNDING_ENTRIES
    assert Config.load(summary.home / CONFIG_NAME).ledger_id == ministry.ledger_id


def test_a_founder_is_admitted_with_the_keys_it_has_whatever_its_application_says(
    tmp_path: Path, made: HomeSummary
) -> None:
    """A file of another applicant has taken the place of its own."""
    summary = create(tmp_path / "home", tmp_path / "chain", member=SICHUAN, name="四川省")
    summary.application.write_bytes(made.application.read_bytes())
    with Workspace.open(summary.home, PASSPHRASE) as home:
        found_ledger(home)
        assert home.gateway.active_members() == (SICHUAN,)


def test_a_ministry_registers_departments_anywhere(ministry: HomeSummary, tmp_path: Path) -> None:
    ledger = Ledger(ministry.home.parent).copy(tmp_path / "copy")
    with Workspace.open(ledger.directory / "home", PASSPHRASE) as home:
        for code in ("500000", "650000"):
            issuer = Uscc.build(f"11{code}000000001")
            register_department(home, issuer, "派出机构（虚构）", RegionCode.parse(code))
            assert find_department(home, issuer).member == str(MINISTRY)


def test_a_named_consortium_that_the_chain_has_not_is_not_joined(
    ministry: HomeSummary, tmp_path: Path
) -> None:
    elsewhere = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # an example of EIP-55
    summary = create(tmp_path / "home", Path(ministry.chain), consortium=elsewhere)
    assert summary.consortium == elsewhere
    with Workspace.open(summary.home, PASSPHRASE) as home, pytest.raises(LedgerError) as refusal:
        home.sync_index()
    assert elsewhere in refusal.value.message
