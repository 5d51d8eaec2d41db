"""A vault's database on a PostgreSQL server: its URL, its password and its connections.

The password, if the server asks for one, stands in the environment (`ZHENGLIAN_VAULT_PASSWORD`) or
in a file that the environment names (`ZHENGLIAN_VAULT_PASSWORD_FILE`), and is read anew for every
connection, so that it can be changed while a process runs. It is never part of the URL.

Sources: postgresql.org, libpq "Parameter Key Words", "Transaction Isolation".
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from ledger.errors import MalformedInputError, StorageError

PASSWORD_VARIABLE = "ZHENGLIAN_VAULT_PASSWORD"  # noqa: S105 - a name
PASSWORD_FILE_VARIABLE = "ZHENGLIAN_VAULT_PASSWORD_FILE"  # noqa: S105 - a name
LOCK_TIMEOUT_S = 30
DRIVER = "postgresql+psycopg"
_DEFAULTS = {
    "application_name": "zhenglian",
    "connect_timeout": 10,  # seconds; those below, too
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}
"""What libpq is told unless the URL says otherwise, so that a dead network is noticed."""


def parse_vault_url(text: str) -> str:
    """The URL of a vault's database, in the form in which it is kept.

    Args:
        text: such as `postgresql+psycopg://zhenglian@/zhenglian?host=/run/postgresql`.

    Raises:
        MalformedInputError: vault_url; the message repeats nothing of the text, which may hold a
            password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise _malformed("it is no SQLAlchemy URL") from None
    if url.get_backend_name() == "sqlite":
        raise _malformed("an SQLite vault is opened by its directory, without a URL")
    if url.drivername not in ("postgresql", DRIVER):
        raise _malformed(f"the driver is {DRIVER}, no other is supported")
    if url.password is not None or not url.query.keys().isdisjoint(("password", "sslpassword")):
        raise _malformed(
            f"a password does not belong there: put it into {PASSWORD_VARIABLE}, or into a file "
            f"that {PASSWORD_FILE_VARIABLE} names"
        )
    return f"{DRIVER}{text.removeprefix(url.drivername)}"


def create_server_engine(url: str, *, read_only: bool) -> Engine:
    """An engine that notices lost connections, and waits for no lock longer than SQLite would.

    Args:
        url: as of `parse_vault_url`; here it may have a password.
        read_only: the server then refuses whatever would write.

    Raises:
        MalformedInputError: vault_url.
    """
    found = _parse_own(url)
    defaults: dict[str, Any] = {k: v for k, v in _DEFAULTS.items() if k not in found.query}
    given = found.query.get("options", "")
    options = given if isinstance(given, str) else " ".join(given)
    defaults["options"] = f"{options} -c lock_timeout={LOCK_TIMEOUT_S}s".strip()
    engine = create_engine(
        found,
        hide_parameters=True,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        connect_args=defaults,
    )

    def give_password(_dialect: object, _record: object, _args: object, named: Any) -> None:
        if (password := read_password(os.environ)) is not None:
            named["password"] = password

    if found.password is None:
        event.listen(engine, "do_connect", give_password)
    return engine.execution_options(postgresql_readonly=read_only)


def read_password(environment: Mapping[str, str]) -> str | None:
    """The password of the database's user, if the environment has or names one.

    Raises:
        StorageError: password_unreadable.
    """
    if (password := environment.get(PASSWORD_VARIABLE)) is not None:
        return password
    if (name := environment.get(PASSWORD_FILE_VARIABLE)) is None:
        return None
    try:
        return Path(name).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise StorageError(
            f"the file {name} that {PASSWORD_FILE_VARIABLE} names cannot be read",
            code="password_unreadable",
        ) from None


def _parse_own(url: str) -> URL:
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):
        raise _malformed("it is no SQLAlchemy URL") from None
    parse_vault_url(found.set(password=None).render_as_string())
    return found


def _malformed(why: str) -> MalformedInputError:
    return MalformedInputError(
        f"vault_url: expected a URL such as {DRIVER}://user@/database?host=/run/postgresql; {why}",
        code="vault_url",
        field="vault_url",
    )
