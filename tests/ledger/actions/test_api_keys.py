"""API keys: shown once, kept as hashes, told apart only by who has the secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.actions.api_keys import (
    create_api_key,
    list_api_keys,
    parse_key,
    recognise_api_key,
    revoke_api_key,
)
from ledger.errors import MalformedInputError, NotAuthorizedError, NotFoundError
from ledger.identifiers import RegionCode, Uscc
from ledger.roles import Role
from ledger.vault.access_log import LogCondition
from ledger.workspace import Workspace
from tests.ledger.vault.vaults import raw_bytes
from tests.support.keeping import PASSPHRASE, make_home

HOUSING = Uscc.parse("11100000000013338W")
NOW_UNIX = 1_800_000_000


@pytest.fixture
def clock() -> list[int]:
    return [NOW_UNIX]


@pytest.fixture
def workspace(tmp_path: Path, clock: list[int]) -> Iterator[Workspace]:
    make_home(tmp_path / "home", 0)
    with Workspace.open(tmp_path / "home", PASSPHRASE, clock=lambda: clock[0]) as opened:
        yield opened


def make(workspace: Workspace, **changes: Any) -> str:
    told: dict[str, Any] = {"departments": [HOUSING], **changes}
    return create_api_key(workspace, "window system", told.pop("role", Role.CLERK), **told).secret


def recognise(workspace: Workspace, text: str) -> str:
    return recognise_api_key(workspace.vault.api_keys, text, workspace.now_unix()).key_id


def test_key_is_recognised_and_only_its_hash_is_on_the_disk(
    workspace: Workspace, tmp_path: Path
) -> None:
    text = make(workspace, regions=[RegionCode.parse("500103")])
    key_id, secret = parse_key(text)
    assert recognise(workspace, text) == key_id
    assert secret.encode() not in raw_bytes(tmp_path / "home" / "vault")
    (listed,) = list_api_keys(workspace)
    assert listed.limits.departments == (str(HOUSING),)
    assert listed.limits.regions == ("500103",)
    assert listed.owner == listed.created_by == "local"


def test_secret_stands_in_no_repr(workspace: Workspace) -> None:
    created = create_api_key(workspace, "n", Role.OPERATOR)
    assert created.secret not in repr(created)
    stored = workspace.vault.api_keys.find(created.key.key_id)
    assert stored is not None
    assert repr(stored.secret_hash) not in repr(stored)


def test_forged_key_is_refused_alike_whatever_is_wrong(workspace: Workspace) -> None:
    text = make(workspace)
    forged = [
        text[:-2] + ("AA" if text[-2:] != "AA" else "BA"),
        re.sub("zl_.{16}", "zl_0123456789abcdef", text),
        text + "A",
        text[:-1],
        text.replace("zl_", "ZL_"),
        text + "\n",
        "zl__",
        "",
    ]
    for each in forged:
        with pytest.raises(NotAuthorizedError) as refusal:
            recognise(workspace, each)
        assert refusal.value.code == "api_key_invalid", each
        assert refusal.value.message == "this is no API key of this node"


def test_revoked_key_is_refused_for_ever(workspace: Workspace, clock: list[int]) -> None:
    text = make(workspace)
    key_id, _ = parse_key(text)
    revoked = revoke_api_key(workspace, key_id, revoked_by="oidc:a")
    clock[0] += 50
    assert revoke_api_key(workspace, key_id, revoked_by="oidc:b") == revoked
    with pytest.raises(NotAuthorizedError) as refusal:
        recognise(workspace, text)
    assert refusal.value.code == "api_key_revoked"


def test_key_expires(workspace: Workspace, clock: list[int]) -> None:
    text = make(workspace, days=1)
    clock[0] += 86_399
    recognise(workspace, text)
    clock[0] += 1
    with pytest.raises(NotAuthorizedError) as refusal:
        recognise(workspace, text)
    assert refusal.value.code == "api_key_expired"


def test_revoking_an_unknown_key_is_refused(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="no API key"):
        revoke_api_key(workspace, "0" * 16)


IMPROPER: list[tuple[dict[str, Any], str]] = [
    ({"departments": []}, "key_limits"),
    ({"departments": [], "role": Role.OFFICER}, "key_limits"),
    ({"departments": [], "role": Role.KIOSK}, "key_limits"),
    ({"all_departments": True}, "key_limits"),
    ({"role": Role.HOLDER}, "key_role"),
    ({"days": 0}, "key_days"),
    ({"days": 367}, "key_days"),
    ({"scopes": []}, "key_scope"),
    ({"scopes": ["read write"]}, "key_scope"),
    ({"owner": "two words"}, "key_owner"),
]


def test_key_without_proper_limits_is_not_made(workspace: Workspace) -> None:
    for changes, code in IMPROPER:
        with pytest.raises(MalformedInputError) as refusal:
            make(workspace, **changes)
        assert refusal.value.code == code, changes
    assert list_api_keys(workspace) == []


def test_use_is_written_once_a_minute(workspace: Workspace, clock: list[int]) -> None:
    key_id, _ = parse_key(make(workspace))
    keys = workspace.vault.api_keys
    for passed, expected in ((0, 0), (59, 0), (60, 60), (61, 60), (120, 120)):
        clock[0] = NOW_UNIX + passed
        keys.note_use(key_id)
        assert keys.get(key_id).last_used_at_unix == NOW_UNIX + expected


def test_making_and_revoking_are_in_the_security_log(workspace: Workspace) -> None:
    text = make(workspace, created_by="oidc:a")
    revoke_api_key(workspace, parse_key(text)[0], revoked_by="oidc:b")
    rows = workspace.vault.access_log.read(LogCondition(), 10)
    assert [(row.event, row.subject) for row in rows] == [
        ("api_key_revoked", "oidc:b"),
        ("api_key_created", "oidc:a"),
    ]
