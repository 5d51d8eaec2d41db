"""A provider's library that is not ours: its people log in, its tokens count, its keys change."""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from ledger.roles import Role
from node_api.auth.claims import read_principal
from node_api.auth.failures import NotAuthenticatedError
from node_api.auth.oidc_keys import ProviderKeys
from node_api.auth.oidc_tokens import verify_token
from node_api.auth.settings import OidcSettings

pytestmark = pytest.mark.filterwarnings("ignore")  # of the provider's own libraries
CLIENT = "zhenglian-window"
BACK = "http://localhost/back"
CLAIMS: dict[str, object] = {
    "realm_access": {"roles": ["zl-officer", "offline_access"]},
    "departments": ["11100000000013338W"],
}


@contextmanager
def run_foreign(port: int = 0) -> Iterator[str]:
    """Its issuer, while it runs with fresh keys."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from oidc_provider_mock import User, run_server_in_thread

        users = [User(sub="officer-1", claims=CLAIMS)]
        with run_server_in_thread(port, user_claims=users) as server:
            yield f"http://localhost:{server.server_port}"


def log_in(issuer: str) -> str:
    """The token of a person who logs in with a browser (authorization code, OpenID Connect)."""
    query = {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": BACK,
        "scope": "openid profile",
        "state": "s",
    }
    with httpx.Client(base_url=issuer) as client:
        sent_back = client.post("/oauth2/authorize", params=query, data={"sub": "officer-1"})
        (code,) = parse_qs(urlsplit(sent_back.headers["location"]).query)["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
        answer = client.post("/oauth2/token", data=form, auth=(CLIENT, "secret"))
        return str(answer.json()["id_token"])


def test_officer_of_another_library_is_recognised_and_its_key_may_change() -> None:
    with run_foreign() as issuer:
        first = log_in(issuer)
        settings = OidcSettings.model_validate(
            {
                "issuer": issuer,
                "audience": CLIENT,
                "refetch_after_s": 0,
                "roles": {"zl-officer": "officer"},
                "claims": {"roles": "realm_access.roles"},
            }
        )
        keys = ProviderKeys(settings)
        claims: Any = asyncio.run(verify_token(first, settings, keys, time.time()))
        principal = read_principal(claims, settings)
        assert principal.roles == {Role.OFFICER}
        assert principal.subject == "oidc:officer-1"
    with run_foreign(urlsplit(issuer).port or 0):
        second = log_in(issuer)

        async def rotate() -> None:
            again = ProviderKeys(settings)
            again._keys = keys._keys
            again._fetched_at = time.monotonic()
            await verify_token(second, settings, again, time.time())
            with pytest.raises(NotAuthenticatedError):
                await verify_token(first, settings, again, time.time())

        asyncio.run(rotate())
