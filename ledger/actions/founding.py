"""Making a home, and founding a ledger with its first member."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.actions.governance import carry_installation
from ledger.chain.artifacts import MODULE_NAMES
from ledger.chain.deployment import deploy_ledger, deploy_module
from ledger.chain.engines import ChainLocation, connect
from ledger.chain.gateway import Gateway, discover_consortium
from ledger.chain.submitter import Submitter, load_account
from ledger.errors import ConflictError, MalformedInputError, NotFoundError
from ledger.formats.seals import public_coordinates, sign_digest
from ledger.formats.signing_certificate import compute_fingerprint, create_region_root
from ledger.formats.statements import compute_digest
from ledger.identifiers import MemberId
from ledger.records import (
    Admission,
    FoundingStatement,
    Installation,
    MemberKeys,
    ModuleUnknownError,
)
from ledger.vault.key_files import SUITE_P256, KeyFiles
from ledger.vault.passphrase import DEFAULT_COST, ScryptCost
from ledger.vault.store import Vault
from ledger.workspace import CONFIG_NAME, Config, Workspace

APPLICATION_NAME = "application.json"
_ROOT_VALIDITY_S = 20 * 365 * 86_400
MIN_PASSPHRASE_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class HomeSummary:
    """A home that was made.

    Attributes:
        application: file to hand to a member, which proposes the admission.
        ledger_id: hex; empty while no ledger is known.
    """

    home: Path
    member: MemberId
    name: str
    chain: str
    operator: str
    application: Path
    ledger_id: str
    consortium: str


def create_home(
    home: Path,
    member: MemberId,
    name: str,
    chain: ChainLocation,
    passphrase: str,
    *,
    consortium: str = "",
    vault_cost: ScryptCost = DEFAULT_COST,
    clock: Callable[[], float] = time.time,
) -> HomeSummary:
    """Makes keys, vault and settings of a member, and its application for admission.

    Args:
        vault_cost: of one guess at the passphrase.
        clock: seconds since the epoch; the member's root certificate begins then.

    Raises:
        ConflictError: the directory is a home already.
        MalformedInputError: the name or the passphrase is too short or too long.
    """
    if (home / CONFIG_NAME).exists():
        raise ConflictError(f"{home} is a home already; nothing was changed", code="home_exists")
    if (home / "keys").exists() or (home / "vault").exists():
        raise ConflictError(
            f"{home} has keys or a vault but no {CONFIG_NAME}: an interrupted `zhenglian init` "
            "left it; move it away and run the command again",
            code="home_incomplete",
        )
    if not 0 < len(name.encode()) <= 128:
        raise MalformedInputError(
            f"name: expected 1 to 128 bytes of UTF-8, got {len(name.encode())}", field="name"
        )
    if len(passphrase) < MIN_PASSPHRASE_CHARACTERS:
        raise MalformedInputError(
            f"passphrase: expected at least {MIN_PASSPHRASE_CHARACTERS} characters",
            field="passphrase",
        )
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = KeyFiles(home / "keys", passphrase)
    now_unix = int(clock())
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = create_region_root(
        root_key,
        member,
        name,
        valid_from_unix=now_unix,
        valid_until_unix=now_unix + _ROOT_VALIDITY_S,
    )
    keys.create_member_keys(root, root_key)
    Vault.create(home / "vault", passphrase, cost=vault_cost).close()
    config = Config(member, name, str(chain), consortium=consortium)
    application = home / APPLICATION_NAME
    operator = _write_application(application, keys, member, name)
    config.store(home / CONFIG_NAME)
    return HomeSummary(home, member, name, str(chain), operator, application, "", consortium)


def found_ledger(workspace: Workspace) -> HomeSummary:
    """Founds a ledger on the home's chain, with the home's member as its first.

    Deploys log, consortium and modules, then installs the modules by proposal and vote. Run again
    after an interruption it does what is still missing.

    Raises:
        ConflictError: the chain has a consortium already, or the home a ledger.
    """
    installations = [] if workspace.config.ledger_id else _deploy(workspace)
    for installation in installations or _deploy_missing(workspace):
        carry_installation(workspace, installation)
    return HomeSummary(
        workspace.home,
        workspace.config.member,
        workspace.config.name,
        workspace.config.chain,
        workspace.submitter.address,
        workspace.home / APPLICATION_NAME,
        workspace.config.ledger_id,
        workspace.config.consortium,
    )


def _deploy(workspace: Workspace) -> list[Installation]:
    """A new ledger's contracts; none if this home's interrupted founding put them there."""
    config = workspace.config
    admission = read_application(workspace.home / APPLICATION_NAME)
    ledger_id = secrets.token_bytes(32)
    statement = FoundingStatement(admission)
    signature = sign_digest(workspace.keys.authority(), compute_digest(statement, ledger_id))
    account = load_account(workspace.keys.operator_secret())
    location = ChainLocation.parse(config.chain)
    with connect(location, may_create=True, clock=workspace.clock) as web3:
        submitter = Submitter(Gateway(web3, account.address), account, workspace.vault.outbox)
        submitter.resolve_unfinished()
        try:
            found = discover_consortium(web3)
        except NotFoundError:
            founding = deploy_ledger(web3, submitter, ledger_id, statement, signature)
        else:
            if Gateway(web3, found).member(config.member).keys != admission.keys:
                raise _already_founded(found)
            return []
    workspace.config = replace(config, ledger_id=ledger_id.hex(), consortium=founding.consortium)
    workspace.config.store(workspace.home / CONFIG_NAME)
    return list(founding.installations)


def _deploy_missing(workspace: Workspace) -> list[Installation]:
    """The modules that an interrupted founding did not install, deployed."""
    missing = []
    for name in MODULE_NAMES:
        try:
            workspace.gateway.module(name)
        except ModuleUnknownError:
            missing.append(name)
    if not missing:
        raise _already_founded(workspace.gateway.consortium_address)
    return [deploy_module(workspace.gateway, workspace.submitter, name) for name in missing]


def _already_founded(consortium: str) -> ConflictError:
    return ConflictError(
        f"this chain has a consortium at {consortium} already; apply to join it",
        code="consortium_founded",
    )


def read_application(path: Path) -> Admission:
    """What a member to be asks to be admitted with.

    Raises:
        NotFoundError: no such file.
        MalformedInputError: names the field that is missing or not of its form.
    """
    try:
        document = orjson.loads(path.read_bytes())
        keys = document["keys"]
        return Admission(
            MemberId.parse(document["member"]),
            document["name"],
            MemberKeys(
                keys["suite"],
                bytes.fromhex(keys["authority_x"]),
                bytes.fromhex(keys["authority_y"]),
                bytes.fromhex(keys["ca_fingerprint"]),
                bytes.fromhex(keys["checkpoint_key"]),
                keys["validator"],
            ),
        )
    except FileNotFoundError:
        raise NotFoundError(f"no application file {path}") from None
    except KeyError as error:
        raise MalformedInputError(
            f"{path}: the field {error} is missing", field=str(error.args[0])
        ) from error
    except (orjson.JSONDecodeError, TypeError, ValueError) as error:
        raise MalformedInputError(f"{path}: not an application for admission: {error}") from error


def _write_application(path: Path, keys: KeyFiles, member: MemberId, name: str) -> str:
    """Writes the application file and returns the operator account's address."""
    x, y = public_coordinates(keys.authority().public_key())
    operator = str(load_account(keys.operator_secret()).address)
    document = {
        "member": str(member),
        "name": name,
        "keys": {
            "suite": SUITE_P256,
            "authority_x": x.hex(),
            "authority_y": y.hex(),
            "ca_fingerprint": compute_fingerprint(keys.region_root().certificate).hex(),
            "checkpoint_key": keys.checkpoint_public_key().hex(),
            # The embedded chain has no validators of its own; an operator of a network of
            # validators replaces it (`changeMemberKeys`).
            "validator": operator,
        },
    }
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return operator
