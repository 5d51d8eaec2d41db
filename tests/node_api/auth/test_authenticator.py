"""Credentials by every door: what is recognised, refused, remembered and written down."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ledger.actions.api_keys import create_api_key, parse_key, revoke_api_key
from ledger.errors import LedgerError
from ledger.identifiers import Uscc
from ledger.roles import Role
from ledger.vault.access_log import NewRecord
from ledger.workspace import Workspace
from node_api.auth.authenticator import Authenticator
from node_api.auth.principals import ANONYMOUS, LOCAL, Principal, PrincipalKind
from node_api.auth.rates import RateLimits
from node_api.auth.settings import AuthSettings, LimitSettings, OidcSettings
from node_api.doors import Door
from tests.support.identity_provider import AUDIENCE, IdentityProvider, run_provider
from tests.support.keeping import PASSPHRASE, make_home

HOUSING = Uscc.parse("11100000000013338W")


class Notes(list[NewRecord]):
    """A journal that keeps what it is told."""

    def note(self, record: NewRecord) -> None:
        self.append(record)


class Guesses:
    """A vault that counts how often it was asked for its passphrase."""

    def __init__(self, workspace: Workspace) -> None:
        self._vault = workspace.vault
        self.count = 0

    def is_passphrase(self, text: str) -> bool:
        self.count += 1
        return self._vault.is_passphrase(text)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    home: Path = tmp_path_factory.mktemp("auth") / "home"
    make_home(home, 0)
    with Workspace.open(home, PASSPHRASE) as opened:
        yield opened


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with run_provider() as running:
        yield running


@pytest.fixture(scope="module")
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


class Desk:
    """An authenticator to ask, one request after the other in one event loop."""

    def __init__(
        self, workspace: Workspace, provider: IdentityProvider, executor: ThreadPoolExecutor
    ) -> None:
        self.notes, self.guesses = Notes(), Guesses(workspace)
        self._workspace, self._executor = workspace, executor
        self._settings = AuthSettings(
            oidc=(OidcSettings(issuer=provider.issuer, audience=AUDIENCE),)
        )
        self.limits = LimitSettings(failed_logins="5/minute")

    def run(self, use: Callable[[Authenticator], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            return await use(
                Authenticator(
                    self._settings,
                    self._workspace.vault.api_keys,
                    self.guesses,
                    self._executor,
                    rates=RateLimits(self.limits),
                    journal=self.notes,
                )
            )

        return asyncio.run(main())

    def ask(self, *given: str, door: Door = Door.PUBLIC) -> list[Principal | str]:
        """Who each Authorization header stands for, or the code of the refusal."""

        async def use(authenticator: Authenticator) -> list[Principal | str]:
            found: list[Principal | str] = []
            for text in given:
                headers = [(b"authorization", text.encode("latin-1"))]
                try:
                    found.append(await authenticator.authenticate(headers, door, address="a"))
                except LedgerError as error:
                    found.append(error.code)
            return found

        found: list[Principal | str] = self.run(use)
        return found


@pytest.fixture
def desk(workspace: Workspace, provider: IdentityProvider, executor: ThreadPoolExecutor) -> Desk:
    return Desk(workspace, provider, executor)


def make_key(workspace: Workspace, **told: Any) -> str:
    return create_api_key(workspace, "window", Role.CLERK, departments=[HOUSING], **told).secret


def to_passphrase(text: str) -> str:
    return "Passphrase " + base64.b64encode(text.encode()).decode()


def test_nothing_given_is_anonymous(desk: Desk) -> None:
    async def use(authenticator: Authenticator) -> Principal:
        return await authenticator.authenticate([(b"cookie", b"a=b")], Door.PUBLIC)

    assert desk.run(use) is ANONYMOUS


def test_api_key_stands_for_its_role_and_limits(workspace: Workspace, desk: Desk) -> None:
    text = make_key(workspace, owner="oidc:w", created_by="oidc:admin", scopes=["read"])
    (found,) = desk.ask(f"bearer  {text} ")
    assert isinstance(found, Principal)
    assert found.kind is PrincipalKind.API_KEY
    assert (found.roles, found.departments) == ({Role.CLERK}, {HOUSING})
    assert found.scopes == {"read"}
    assert found.people == {"oidc:w", "oidc:admin"}
    assert found.subject == f"key:{parse_key(text)[0]}"


def test_nobody_becomes_two_people_by_making_a_key_with_a_key(
    workspace: Workspace, desk: Desk
) -> None:
    """Else who has a key could approve with a second one what they ask for with the first."""
    first = make_key(workspace, owner="oidc:w")
    second = make_key(workspace, owner="oidc:x", created_by=f"key:{parse_key(first)[0]}")
    third = make_key(workspace, owner="oidc:y", created_by=f"key:{parse_key(second)[0]}")
    other = make_key(workspace, owner="oidc:z")
    found = desk.ask(*(f"Bearer {text}" for text in (first, second, third, other)))
    people = [each.people for each in found if isinstance(each, Principal)]
    assert people[0] == {"oidc:w"}
    assert people[1] == {"oidc:x", "oidc:w", f"key:{parse_key(first)[0]}"}
    assert [people[0].isdisjoint(each) for each in people[1:]] == [False, False, True]


def test_token_stands_for_its_person(provider: IdentityProvider, desk: Desk) -> None:
    (found,) = desk.ask(f"Bearer {provider.sign()}")
    assert isinstance(found, Principal)
    assert (found.kind, found.subject) == (PrincipalKind.OIDC, "oidc:8d1f")


def test_wrong_credentials_are_refused_and_noted(provider: IdentityProvider, desk: Desk) -> None:
    desk.limits = LimitSettings()
    foreign = provider.sign(provider.claims(iss="https://other.example.cn"))
    found = desk.ask(
        "Bearer zl_0123456789abcdef_" + "A" * 43,
        f"Bearer {foreign}",
        "Bearer x",
        "Bearer",
        "Basic dXNlcjpwYXNz",
        "",
        "Bearer " + "e" * 30_000,
        "Bearer caf\xe9",
    )
    assert found == [
        "api_key_invalid",
        "token_issuer",
        "token_malformed",
        "credentials_scheme",
        "credentials_scheme",
        "credentials_scheme",
        "credentials_malformed",
        "token_malformed",
    ]
    assert [note.outcome for note in desk.notes] == found
    assert {note.event for note in desk.notes} == {"login_failed"}


def test_two_sets_of_credentials_are_refused(workspace: Workspace, desk: Desk) -> None:
    text = make_key(workspace)

    async def use(authenticator: Authenticator) -> str:
        headers = [(b"authorization", f"Bearer {text}".encode())] * 2
        try:
            await authenticator.authenticate(headers, Door.PUBLIC)
        except LedgerError as error:
            return error.code
        return ""

    assert desk.run(use) == "credentials_malformed"


def test_revoked_key_is_refused_at_once_though_it_was_remembered(
    workspace: Workspace, desk: Desk
) -> None:
    text = make_key(workspace)

    async def use(authenticator: Authenticator) -> str:
        headers = [(b"authorization", f"Bearer {text}".encode())]
        for _ in range(2):
            await authenticator.authenticate(headers, Door.PUBLIC)
        revoke_api_key(workspace, parse_key(text)[0])
        try:
            await authenticator.authenticate(headers, Door.PUBLIC)
        except LedgerError as error:
            return error.code
        return ""

    assert desk.run(use) == "api_key_revoked"


def test_passphrase_counts_on_the_local_socket_alone(desk: Desk) -> None:
    right = to_passphrase(PASSPHRASE)
    assert desk.ask(right, right, door=Door.LOCAL) == [LOCAL, LOCAL]
    assert desk.guesses.count == 1
    for door in (Door.PUBLIC, Door.FRONT):
        assert desk.ask(right, door=door) == ["credentials_scheme"]
    assert desk.guesses.count == 1


def test_local_socket_without_the_passphrase_is_anonymous(desk: Desk) -> None:
    async def use(authenticator: Authenticator) -> Principal:
        return await authenticator.authenticate([], Door.LOCAL)

    assert desk.run(use) is ANONYMOUS


def test_guesses_at_the_passphrase_end_before_they_cost_anything(desk: Desk) -> None:
    wrong = [to_passphrase(f"guess {number}") for number in range(8)]
    found = desk.ask(*wrong, to_passphrase(PASSPHRASE), door=Door.LOCAL)
    assert found == ["wrong_passphrase"] * 5 + ["too_many_requests"] * 4
    assert desk.guesses.count == 5


def test_passphrase_that_is_no_base64_or_no_text_is_refused(desk: Desk) -> None:
    found = desk.ask("Passphrase %%%", "Passphrase /w==", "Passphrase ", door=Door.LOCAL)
    assert found == ["credentials_malformed", "credentials_malformed", "credentials_scheme"]
    assert desk.guesses.count == 0


def test_beyond_the_limit_failures_are_not_explained_and_genuine_keys_count(
    workspace: Workspace, desk: Desk
) -> None:
    wrong = ["Bearer zl_0123456789abcdef_" + "A" * 43] * 7
    *refused, found = desk.ask(*wrong, f"Bearer {make_key(workspace)}")
    assert refused == ["api_key_invalid"] * 5 + ["too_many_requests"] * 2
    assert isinstance(found, Principal)
    assert len(desk.notes) == 5


def test_no_secret_reaches_an_error(workspace: Workspace, desk: Desk) -> None:
    text = make_key(workspace)
    forged = text[:-1] + ("A" if text[-1] != "A" else "B")

    async def use(authenticator: Authenticator) -> str:
        headers = [(b"authorization", f"Bearer {forged}".encode())]
        try:
            await authenticator.authenticate(headers, Door.PUBLIC)
        except LedgerError as error:
            return error.message
        return ""

    assert parse_key(forged)[1] not in desk.run(use)
    assert all(parse_key(forged)[1] not in repr(note) for note in desk.notes)
