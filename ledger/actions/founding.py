"""Making a home, and founding a ledger with its first member."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from ledger.actions.application import (
    APPLICATION_NAME,
    make_application,
    require_address,
    require_name,
    write_application,
)
from ledger.actions.governance import carry_installation
from ledger.actions.proposals import describe_key
from ledger.chain.artifacts import MODULE_NAMES
from ledger.chain.deployment import deploy_ledger, deploy_module
from ledger.chain.engines import ChainLocation, connect
from ledger.chain.finality import Finality
from ledger.chain.gateway import Gateway, discover_consortium
from ledger.chain.submitter import Submitter, load_account
from ledger.config import CONFIG_NAME, Config
from ledger.errors import ConflictError, LedgerError, MalformedInputError, NotFoundError
from ledger.formats.seals import sign_digest
from ledger.formats.signing_certificate import create_region_root
from ledger.formats.statements import compute_digest
from ledger.identifiers import MemberId
from ledger.records import FoundingStatement, Installation, ModuleUnknownError
from ledger.vault.key_files import KeyFiles
from ledger.vault.passphrase import DEFAULT_COST, ScryptCost
from ledger.vault.server import parse_vault_url
from ledger.vault.store import Vault
from ledger.workspace import Workspace

_ROOT_VALIDITY_S = 20 * 365 * 86_400
MIN_PASSPHRASE_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class HomeSummary:
    """A home that was made.

    Attributes:
        application: file to hand to a member, which proposes the admission.
        authority_key: as a proposal of its admission shows it, so that voters can compare.
        ledger_id: hex; empty while no ledger is known.
    """

    home: Path
    member: MemberId
    name: str
    chain: str
    operator: str
    application: Path
    authority_key: str
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
    provinces: str = "",
    vault_url: str = "",
    vault_cost: ScryptCost = DEFAULT_COST,
    clock: Callable[[], float] = time.time,
) -> HomeSummary:
    """Makes keys, vault and settings of a member, and its application for admission.

    Args:
        provinces: see `Config`; so is vault_url, whose database has no vault yet.
        vault_cost: of one guess at the passphrase.
        clock: seconds since the epoch; the member's root certificate begins then.

    Raises:
        ConflictError: the directory is a home already; vault_exists.
        MalformedInputError: the name, the passphrase, the address or the URL is none.
        StorageError: vault_unavailable, vault_refused; nothing was made then.
    """
    if (home / CONFIG_NAME).exists():
        raise ConflictError(f"{home} is a home already; nothing was changed", code="home_exists")
    if (home / "keys").exists() or (home / "vault").exists():
        raise ConflictError(
            f"{home} has keys or a vault but no {CONFIG_NAME}: an interrupted `zhenglian init` "
            "left it; move it away and run the command again",
            code="home_incomplete",
        )
    require_name(name)
    if consortium:
        require_address("consortium", consortium)
    if len(passphrase) < MIN_PASSPHRASE_CHARACTERS:
        raise MalformedInputError(
            f"passphrase: expected at least {MIN_PASSPHRASE_CHARACTERS} characters",
            field="passphrase",
        )
    url = parse_vault_url(vault_url) if vault_url else ""
    config = Config(
        member, name, str(chain), consortium=consortium, provinces=provinces, vault_url=url
    )
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    _create_vault(home / "vault", passphrase, url or None, vault_cost)
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
    application = make_application(keys, member, name)
    path = home / APPLICATION_NAME
    write_application(path, application)
    config.store(home / CONFIG_NAME)
    operator = application.keys.validator
    key = describe_key(application.keys)
    return HomeSummary(home, member, name, str(chain), operator, path, key, "", consortium)


def _create_vault(directory: Path, passphrase: str, url: str | None, cost: ScryptCost) -> None:
    """Made first of all, so that a database that cannot be had leaves nothing to move away."""
    try:
        Vault.create(directory, passphrase, url=url, cost=cost).close()
    except LedgerError:
        shutil.rmtree(directory, ignore_errors=True)
        raise


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
    config = workspace.config
    application = make_application(workspace.keys, config.member, config.name)
    return HomeSummary(
        workspace.home,
        config.member,
        config.name,
        config.chain,
        workspace.submitter.address,
        workspace.home / APPLICATION_NAME,
        describe_key(application.keys),
        config.ledger_id,
        config.consortium,
    )


def _deploy(workspace: Workspace) -> list[Installation]:
    """A new ledger's contracts; none if this home's interrupted founding put them there."""
    config = workspace.config
    admission = make_application(workspace.keys, config.member, config.name)
    ledger_id = secrets.token_bytes(32)
    statement = FoundingStatement(admission)
    signature = sign_digest(workspace.keys.authority(), compute_digest(statement, ledger_id))
    account = load_account(workspace.keys.operator_secret())
    location = ChainLocation.parse(config.chain)
    with connect(location, may_create=True, clock=workspace.clock) as web3:
        final = Finality.parse(config.finality)
        gateway = Gateway(web3, account.address, finality=final)  # of no ledger yet
        submitter = Submitter(gateway, account, workspace.vault.outbox)
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
