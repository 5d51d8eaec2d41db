"""Settings of a node: `HOME/node.toml`, environment variables, and files that hold secrets.

`ZHENGLIAN_NODE_` and the name of a setting, with two underscores between the levels, overrides the
file: ZHENGLIAN_NODE_WORKERS=4, ZHENGLIAN_NODE_LIMITS__READS="100/second". A secret is never in the
file itself: the file names the file that holds it.
"""

from __future__ import annotations

import os
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, IPvAnyNetwork, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ledger.errors import MalformedInputError, NotFoundError, StorageError
from node_api.auth.settings import AuthSettings, LimitSettings, Section
from node_api.deliveries.settings import DeliverySettings

SETTINGS_NAME = "node.toml"
ENVIRONMENT_PREFIX = "ZHENGLIAN_NODE_"


class TlsSettings(Section):
    """TLS at the node itself; usually a gateway before it ends TLS.

    Attributes:
        certificate, key: PEM files.
    """

    certificate: Path
    key: Path


class IssuingSettings(Section):
    """How single requests are gathered into batches.

    Attributes:
        interval_s: how old a batch becomes before it is closed.
        max_waiting: requests that may wait at once; beyond, they are refused with 429.
        wait_s: how long a request waits for its anchoring before it is answered 202.
    """

    interval_s: Annotated[float, Field(gt=0, le=60)] = 0.2
    max_waiting: Annotated[int, Field(gt=0, le=1_000_000)] = 4_000
    wait_s: Annotated[float, Field(gt=0, le=300)] = 30.0


class JobSettings(Section):
    """Uploads of whole files. Attributes: max_bytes: of one; keep_days: its report is kept."""

    max_bytes: Annotated[int, Field(gt=0)] = 1 << 30
    keep_days: Annotated[int, Field(gt=0)] = 30


class LogSettings(Section):
    """What the process itself tells. Attributes: level: of Python's logging."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("level", mode="before")
    @classmethod
    def _in_capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value


class NodeSettings(BaseSettings):
    """Everything about one node but whose home it is.

    Attributes:
        listen: address and port of the HTTP interface.
        host_names: names under which it is reached, besides those of `listen`; "*" for any.
        gateways: addresses or networks of TLS gateways before this node, whose X-Forwarded-For says
            who asks; nobody else's is believed.
        workers: front processes; 0 has the core answer by itself.
        threads: actions under way at once in the core.
        passphrase_file: of the home; by default from the environment or the service manager.
        sync_interval_s: between two looks at the chain.
        stalled_after_s: without a block, or a transaction of ours without one, before the chain is
            told to be stalled.
        relying_region: whose recognition is asked where a verification names none; by default the
            member's own region.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    listen: str = "127.0.0.1:8480"
    host_names: tuple[str, ...] = ()
    gateways: tuple[IPvAnyNetwork, ...] = ()
    workers: Annotated[int, Field(ge=0, le=64)] = 2
    threads: Annotated[int, Field(ge=2, le=256)] = 32
    passphrase_file: Path | None = None
    sync_interval_s: Annotated[float, Field(gt=0, le=60)] = 0.25
    stalled_after_s: Annotated[float, Field(gt=0)] = 30.0
    relying_region: str = ""
    tls: TlsSettings | None = None
    issuing: IssuingSettings = IssuingSettings()
    jobs: JobSettings = JobSettings()
    deliveries: DeliverySettings = DeliverySettings()
    log: LogSettings = LogSettings()
    auth: AuthSettings = AuthSettings()
    limits: LimitSettings = LimitSettings()

    @field_validator("listen")
    @classmethod
    def _check_listen(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65_535:
            raise ValueError(f"expected ADDRESS:PORT, got {value!r}")
        return value

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the base class names them
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file."""
        return env_settings, init_settings

    @classmethod
    def load(cls, home: Path) -> Self:
        """The settings of a home.

        Raises:
            NotFoundError: node_settings_missing.
            MalformedInputError: names the setting at fault.
            StorageError: the file cannot be read.
        """
        path = home / SETTINGS_NAME
        if not path.exists():
            raise NotFoundError(
                f"{home} has no {SETTINGS_NAME}; make one with `zhenglian node init`",
                code="node_settings_missing",
            )

        try:
            return cls(**tomllib.loads(path.read_text("utf-8")))
        except ValidationError as error:
            raise _tell_fault(error, path) from error
        except MalformedInputError as error:  # of a type of ours
            raise MalformedInputError(f"{path}: {error.message}", field=error.field) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise MalformedInputError(f"{path}: not a TOML file: {error}") from error
        except OSError as error:
            raise StorageError(f"{path}: cannot be read: {error.strerror}") from error


def _tell_fault(error: ValidationError, path: Path) -> MalformedInputError:
    """The first fault, with the setting and whether file or environment has it."""
    first = error.errors(include_url=False, include_input=False)[0]
    names = [str(part) for part in first["loc"]]
    field, variable = ".".join(names), ENVIRONMENT_PREFIX + "__".join(names).upper()
    place = variable if variable in os.environ else path
    told = first["msg"].removeprefix("Value error, ")
    return MalformedInputError(f"{place}: {field}: {told}", field=field)


TEMPLATE_NAME = "node.toml.txt"


def write_template(path: Path, listen: str) -> None:
    """Writes the commented settings file with one setting chosen. Raises MalformedInputError."""
    try:
        NodeSettings.model_validate({"listen": listen})
    except ValidationError as error:
        raise _tell_fault(error, path) from error
    template = files("node_api").joinpath(TEMPLATE_NAME).read_text("utf-8")
    path.write_text(template.replace("@LISTEN@", listen), "utf-8")
    path.chmod(0o600)


def read_secret(path: Path) -> str:
    """The first line of a file that holds a secret.

    Raises:
        StorageError: secret_unreadable; secret_exposed where others may read it.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise StorageError(
                f"{path}: expected a file that only its owner can read (chmod 600)",
                code="secret_exposed",
            )
        content = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"{path}: cannot be read: {error}", code="secret_unreadable") from error
    return content.splitlines()[0] if content else ""


def find_credential(name: str) -> Path | None:
    """A credential that the service manager hands over. Source: systemd.exec(5), LoadCredential."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    found = Path(directory) / name if directory else None
    return found if found is not None and found.exists() else None


def to_document(settings: NodeSettings) -> dict[str, Any]:
    """The settings as they are in force, for a person who looks; there are no secrets in them."""
    return settings.model_dump(mode="json", exclude_none=True)
