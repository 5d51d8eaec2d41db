"""A home belongs to one ledger, opens what is asked for, and says which setting is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.config import CONFIG_NAME, Config
from ledger.errors import (
    ChainUnavailableError,
    ConflictError,
    MalformedInputError,
    NotAuthorizedError,
    NotFoundError,
    StorageError,
)
from ledger.identifiers import CertificateType, MemberId, RegionCode, regions
from ledger.workspace import Workspace
from local_chain.embedded import EmbeddedChain
from tests.support.consortium import CHONGQING, PASSPHRASE, SICHUAN, Consortium, anchor

ROOT = Path(__file__).parents[2]
GOOD: dict[str, object] = {"member": "500000", "name": "重庆市", "chain": "/chain"}
LEDGER_ID = "ab" * 32
ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
VAULT_URL = "postgresql+psycopg://zhenglian@/zhenglian?host=/run/postgresql"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def write(path: Path, settings: dict[str, object]) -> Path:
    """Texts, and whatever else, as TOML and JSON write them alike."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    path.write_text("\n".join(lines), "utf-8")
    return path


@given(name=TEXT, chain=TEXT)
def test_settings_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, name: str, chain: str
) -> None:
    path = tmp_path_factory.mktemp("home") / CONFIG_NAME
    for config in (
        Config(CHONGQING, name, chain),
        Config(MemberId.parse("11100000000013338W"), name, chain, LEDGER_ID, ADDRESS),
        Config(CHONGQING, name, chain, vault_url=VAULT_URL),
    ):
        config.store(path)
        assert Config.load(path) == config
    assert list(path.parent.iterdir()) == [path]


def test_name_with_every_special_character_survives(tmp_path: Path) -> None:
    name = '重庆 "a" \\ \x00\x07\x1b\x7f\x85\u2028\ufeff 𠀀 \r\n\t # = [x]'
    Config(CHONGQING, name, "/chain").store(tmp_path / CONFIG_NAME)
    assert Config.load(tmp_path / CONFIG_NAME).name == name


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("member", {"member": "5000"}),
        ("member", {"member": "500100"}),
        ("member", {"member": "111000000000133380"}),
        ("member", {"member": 500000}),
        ("name", {"name": 5}),
        ("chain", {"chain": True}),
        ("passphrase", {"passphrase": "secret"}),
        ("ledger_id", {"ledger_id": "ab"}),
        ("ledger_id", {"ledger_id": LEDGER_ID.upper()}),
        ("ledger_id", {"ledger_id": "0x" + LEDGER_ID}),
        ("consortium", {"consortium": "somewhere"}),
        ("consortium", {"consortium": ADDRESS.lower()}),
        ("vault_url", {"vault_url": "sqlite:///vault.db"}),
        ("finality", {"finality": "confirmations:0"}),
        ("vault_url", {"vault_url": "postgresql://z:secret@/v"}),
    ],
)
def test_setting_at_fault_is_named(tmp_path: Path, field: str, change: dict[str, object]) -> None:
    path = write(tmp_path / CONFIG_NAME, GOOD | change)
    with pytest.raises(MalformedInputError, match=field) as caught:
        Config.load(path)
    assert caught.value.field == field
    assert str(path) in caught.value.message
    assert "secret@" not in caught.value.message


@pytest.mark.parametrize("missing", list(GOOD))
def test_missing_setting_is_named(tmp_path: Path, missing: str) -> None:
    settings = {name: value for name, value in GOOD.items() if name != missing}
    with pytest.raises(MalformedInputError, match=f"{missing} is missing") as caught:
        Config.load(write(tmp_path / CONFIG_NAME, settings))
    assert caught.value.field == missing


@pytest.mark.parametrize("content", [b"member = ", b"\xff\xfe", b"[member]\n", b"member: 5"])
def test_file_that_is_no_toml_is_malformed(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CONFIG_NAME).write_bytes(content)
    with pytest.raises(MalformedInputError):
        Config.load(tmp_path / CONFIG_NAME)


def test_directory_without_settings_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for home in (tmp_path, tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(NotFoundError, match="zhenglian init") as caught:
            Workspace.open(home, PASSPHRASE)
        assert caught.value.code == "home_not_found"


def test_settings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / CONFIG_NAME).mkdir()
    with pytest.raises(StorageError) as caught:
        Workspace.open(tmp_path, PASSPHRASE)
    assert caught.value.code == "home_unreadable"


def test_first_meeting_pins_the_ledger(consortium: Consortium) -> None:
    path = consortium.home(SICHUAN) / CONFIG_NAME
    pinned = Config.load(path)
    replace(pinned, ledger_id="", consortium="").store(path)
    with consortium.open(SICHUAN) as workspace:
        assert workspace.gateway.ledger_id.hex() == pinned.ledger_id
    assert Config.load(path) == pinned


@pytest.mark.parametrize(
    "ask",
    [
        lambda it: it.gateway.log_root(),
        lambda it: it.gateway.batch(bytes(32)),
        lambda it: anchor(it),
        lambda it: it.rebuild_index(),
    ],
)
def test_pinned_home_refuses_another_ledger(
    consortium: Consortium, ask: Callable[[Workspace], object]
) -> None:
    path = consortium.home() / CONFIG_NAME
    replace(Config.load(path), ledger_id=LEDGER_ID).store(path)
    with consortium.open() as workspace:
        for _ in range(2):
            with pytest.raises(ConflictError, match=f"expected ledger {LEDGER_ID}") as caught:
                ask(workspace)
            assert caught.value.code == "another_ledger"


def test_index_of_another_home_is_refused(consortium: Consortium) -> None:
    path = consortium.home() / CONFIG_NAME
    replace(Config.load(path), ledger_id=LEDGER_ID).store(path)
    with consortium.open() as workspace, pytest.raises(ConflictError) as caught:
        workspace.sync_index()
    assert caught.value.code == "index_of_another_ledger"


def test_chain_that_cannot_be_used_is_let_go_of(consortium: Consortium) -> None:
    EmbeddedChain.open(consortium.directory / "empty").close()
    path = consortium.home() / CONFIG_NAME
    chain = str(consortium.directory / "empty")
    replace(Config.load(path), chain=chain, ledger_id="", consortium="").store(path)
    with consortium.open() as workspace:
        for _ in range(2):  # and it can be asked again
            with pytest.raises(NotFoundError) as caught:
                workspace.gateway  # noqa: B018 - a property that connects
            assert caught.value.code == "consortium_not_founded"
        with EmbeddedChain.open(Path(chain), lock_timeout_s=0):
            pass


def test_home_whose_chain_is_away_makes_no_other(consortium: Consortium) -> None:
    consortium.chain.rename(consortium.directory / "away")
    with consortium.open() as workspace, pytest.raises(ChainUnavailableError) as caught:
        workspace.sync_index()
    assert caught.value.code == "chain_missing"
    assert not consortium.chain.exists()


def test_pinned_home_finds_no_ledger_on_an_empty_chain(consortium: Consortium) -> None:
    EmbeddedChain.open(consortium.directory / "empty").close()
    consortium.set_chain(str(consortium.directory / "empty"))
    with consortium.open() as workspace, pytest.raises(ChainUnavailableError) as caught:
        workspace.sync_index()
    assert caught.value.code == "contract_missing"


@pytest.mark.parametrize(
    "ask", [lambda it: it.vault, lambda it: it.keys.authority(), lambda it: it.submitter]
)
def test_wrong_passphrase_opens_neither_keys_nor_vault(
    consortium: Consortium, ask: Callable[[Workspace], object]
) -> None:
    with Workspace.open(consortium.home(), "wrong", lock_timeout_s=0) as workspace:
        for _ in range(2):
            with pytest.raises(NotAuthorizedError) as caught:
                ask(workspace)
            assert caught.value.code == "wrong_passphrase"
    with consortium.open() as workspace:
        ask(workspace)


def test_passphrase_is_asked_for_once_and_only_when_needed(consortium: Consortium) -> None:
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        return PASSPHRASE

    with Workspace.open(consortium.home(), ask, lock_timeout_s=0) as workspace:
        workspace.sync_index()
        workspace.schema(CertificateType.parse("11100000000013338W011"))
        assert asked == []
        anchor(workspace)
        workspace.vault.outbox.unresolved(bytes(20))
    assert asked == [1]


def test_nothing_is_held_after_the_block(consortium: Consortium) -> None:
    for _ in range(2):
        with consortium.open() as workspace:
            anchor(workspace)
            workspace.sync_index()


def test_chain_and_vault_are_of_one_process_at_a_time(consortium: Consortium) -> None:
    with consortium.open() as first, consortium.open() as second:
        first.submitter  # noqa: B018 - opens both
        with pytest.raises(ChainUnavailableError) as chain:
            second.gateway  # noqa: B018 - a property that connects
        with pytest.raises(StorageError) as vault:
            second.vault  # noqa: B018 - a property that opens
    assert (chain.value.code, vault.value.code) == ("chain_in_use", "vault_in_use")


def test_index_that_is_gone_is_made_anew(consortium: Consortium) -> None:
    for content in (None, b""):
        index = consortium.home() / "index.sqlite"
        index.unlink()
        if content is not None:
            index.write_bytes(content)
        with consortium.open() as workspace:
            result = workspace.sync_index()
            assert result.added == result.size == workspace.gateway.log_size()


def test_rebuilt_index_is_the_one_in_use(consortium: Consortium) -> None:
    with consortium.open() as workspace:
        size = workspace.sync_index().size
        workspace.index_path.write_bytes(b"damaged" * 1_000)
        for suffix in ("-wal", "-shm"):
            workspace.index_path.with_name(f"index.sqlite{suffix}").unlink(missing_ok=True)
        assert workspace.rebuild_index().size == size
        assert workspace.index.cursor().size == size


def test_clock_of_the_workspace_is_the_clock_of_its_chain(consortium: Consortium) -> None:
    later = int(time.time()) + 86_400
    with consortium.open(clock=lambda: later + 0.5) as workspace:
        assert workspace.now_unix() == workspace.latest_unix() == later
        assert anchor(workspace).time_unix == later
    with consortium.open(clock=lambda: later - 7_200) as workspace:
        assert (workspace.now_unix(), workspace.latest_unix()) == (later - 7_200, later)


HEAVY = ("web3", "eth_account", "py_ecc", "eth", "requests", "pydantic", "alembic", "jsonschema")


def test_opening_a_home_loads_nothing_heavy() -> None:
    """A command that only reads starts in a moment; what writes loads the rest when it writes."""
    program = f"import sys, ledger.workspace; print([m for m in {HEAVY} if m in sys.modules])"
    search_path = os.pathsep.join([str(ROOT), str(ROOT / "hardhat-free-local-chain")])
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": search_path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "[]\n"


def test_province_that_the_standard_has_not_is_known_by_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regions, "_PROVINCES", dict(regions._PROVINCES))
    path = write(
        tmp_path / CONFIG_NAME,
        {
            "member": "660000",
            "name": "新疆生产建设兵团",
            "chain": "/chain",
            "provinces": "66 新疆生产建设兵团; 67 某地（虚构）",
        },
    )
    config = Config.load(path)
    assert str(config.member) == "660000"
    assert RegionCode.parse("660100").province_name == "新疆生产建设兵团"
    assert RegionCode.parse("670000").province_name == "某地（虚构）"
    config.store(path)
    assert Config.load(path) == config


@pytest.mark.parametrize("provinces", ["6", "66", "50 四川省", "兵团 66"])
def test_setting_that_names_no_new_province_is_refused(tmp_path: Path, provinces: str) -> None:
    settings = {"member": "500000", "name": "重庆市", "chain": "/c", "provinces": provinces}
    with pytest.raises(MalformedInputError) as caught:
        Config.load(write(tmp_path / CONFIG_NAME, settings))
    assert caught.value.field == "provinces"
