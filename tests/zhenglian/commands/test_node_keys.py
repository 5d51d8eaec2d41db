"""API keys on the command line, with and without a node that holds the home."""

from __future__ import annotations

from ledger.actions.api_keys import recognise_api_key
from tests.support.command_line import at
from tests.support.consortium import ISSUER, Consortium


def test_key_is_made_listed_and_revoked(consortium: Consortium) -> None:
    operator = at(consortium)
    made = operator.json(
        "node", "key", "create", "窗口系统", "--role", "clerk", "--department", ISSUER, "--days", 30
    )
    key = made["key"]
    assert (key["name"], key["role"], key["owner"]) == ("窗口系统", "clerk", "local")
    assert key["limits"]["departments"] == [str(ISSUER)]
    assert made["secret"].startswith(f"zl_{key['key_id']}_")
    with consortium.open() as workspace:
        found = recognise_api_key(workspace.vault.api_keys, made["secret"], workspace.now_unix())
        assert found.key_id == key["key_id"]
    assert [each["key_id"] for each in operator.json("node", "key", "list")["keys"]] == [
        key["key_id"]
    ]
    told = operator.run("node", "key", "revoke", key["key_id"]).stdout
    assert key["key_id"] in told
    listed = operator.run("node", "key", "list").stdout
    assert "revoked" in listed
    assert made["secret"] not in listed


def test_key_is_shown_once_and_explained(consortium: Consortium) -> None:
    operator = at(consortium)
    told = operator.run("node", "key", "create", "audit", "--role", "auditor").stdout
    assert "shown this once" in told
    assert "in force" in operator.run("node", "key", "list").stdout
    (key,) = operator.json("node", "key", "list")["keys"]
    assert f"zl_{key['key_id']}_" in told


def test_improper_keys_are_refused(consortium: Consortium) -> None:
    operator = at(consortium)
    create = ("node", "key", "create", "x", "--role")
    for arguments, code in (
        ((*create, "clerk"), "key_limits"),
        ((*create, "root"), "key_role"),
        ((*create, "holder"), "key_role"),
        ((*create, "auditor", "--days", 400), "key_days"),
        (("node", "key", "revoke", "0" * 16), "api_key_unknown"),
    ):
        refused = operator.json(*arguments, code=1)
        assert refused["error"]["code"] == code
    assert operator.json("node", "key", "list")["keys"] == []
