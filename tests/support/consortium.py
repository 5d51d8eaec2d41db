"""A small real ledger on a real embedded chain: founded once, copied for each test.

Two members (Chongqing founded it, Sichuan was admitted by vote) with a home each; each member has
one department that may issue the safety staff's certificate. Everything is made by the product's
own actions; only the vaults' passphrases are cheap to guess. See the fixtures in tests/conftest.py.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from ledger.abi import Statement
from ledger.actions.application import read_application
from ledger.actions.founding import create_home, found_ledger
from ledger.actions.governance import propose_admission, vote
from ledger.actions.issuers import change_mandate, find_seal_key, register_department
from ledger.chain.engines import ChainLocation
from ledger.chain.submitter import Receipt
from ledger.config import CONFIG_NAME, Config
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.identifiers import CertificateType, MemberId, RegionCode, Uscc
from ledger.records import BatchStatement, StatusStatement, WordChange
from ledger.vault.key_files import SealKey
from ledger.vault.passphrase import ScryptCost
from ledger.workspace import Workspace

PASSPHRASE = "证照链 passphrase"
CHONGQING = MemberId.parse("500000")
SICHUAN = MemberId.parse("510000")
NAMES = {CHONGQING: "重庆市", SICHUAN: "四川省"}
ISSUERS = {
    CHONGQING: Uscc.build("11500000000000001"),
    SICHUAN: Uscc.build("11510000000000001"),
}
ISSUER = ISSUERS[CHONGQING]
SAFETY_STAFF = CertificateType.parse("11100000000013338W011")
_CHEAP = ScryptCost(n=2, r=1, p=1)


@dataclass(frozen=True, slots=True)
class Consortium:
    """Where it all lies. Nothing is open."""

    directory: Path

    @property
    def chain(self) -> Path:
        return self.directory / "chain"

    @property
    def location(self) -> str:
        """Where the homes find their chain."""
        return Config.load(self.home() / CONFIG_NAME).chain

    def home(self, member: MemberId = CHONGQING) -> Path:
        return self.directory / str(member)

    def open(
        self,
        member: MemberId = CHONGQING,
        *,
        lock_timeout_s: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> Workspace:
        """One member's home. The chain and a vault can be open once at a time."""
        return Workspace.open(
            self.home(member), PASSPHRASE, lock_timeout_s=lock_timeout_s, clock=clock
        )

    def copy(self, directory: Path) -> Consortium:
        """The same ledger again, for whoever wants to change it."""
        shutil.copytree(self.directory, directory)
        copied = Consortium(directory)
        copied.set_chain_of_all(str(copied.chain))
        return copied

    def set_chain_of_all(self, location: str) -> None:
        """Lets every home find its chain elsewhere."""
        for member in NAMES:
            self.set_chain(location, member)

    def set_chain(self, location: str, member: MemberId = CHONGQING) -> None:
        """Lets a home find its chain elsewhere: another directory, or a URL."""
        path = self.home(member) / CONFIG_NAME
        replace(Config.load(path), chain=location).store(path)


def found_consortium(directory: Path) -> Consortium:
    """Founds it; takes seconds."""
    made = Consortium(directory)
    location = ChainLocation.parse(str(made.chain))
    for member, name in NAMES.items():
        create_home(made.home(member), member, name, location, PASSPHRASE, vault_cost=_CHEAP)
    with made.open(CHONGQING) as workspace:
        found_ledger(workspace)
        admission = read_application(made.home(SICHUAN) / "application.json")
        vote(workspace, propose_admission(workspace, admission).proposal_id, approve=True)
    for member, issuer in ISSUERS.items():
        with made.open(member) as workspace:
            region = RegionCode.parse(str(member))
            register_department(workspace, issuer, f"{NAMES[member]}某部门", region)
            change_mandate(workspace, issuer, SAFETY_STAFF)
            workspace.sync_index()
    return made


def batch_statement(
    workspace: Workspace,
    issuer: Uscc = ISSUER,
    *,
    key: SealKey | None = None,
    batch_id: bytes | None = None,
    count: int = 300,
) -> BatchStatement:
    """A batch that could be anchored now, with a random root."""
    key = key or find_seal_key(workspace, issuer)
    return BatchStatement(
        issuer,
        key.key_id,
        SAFETY_STAFF,
        batch_id or secrets.token_bytes(32),
        secrets.token_bytes(32),
        count,
        workspace.latest_unix() + 3_600,
    )


def status_statement(
    workspace: Workspace, batch_key: bytes, after: bytes, issuer: Uscc = ISSUER
) -> StatusStatement:
    """A change of the batch's first word to `after`, 32 bytes, that could be recorded now."""
    record = workspace.gateway.batch(batch_key)
    assert record is not None
    return StatusStatement(
        issuer,
        find_seal_key(workspace, issuer).key_id,
        batch_key,
        record.status_sequence + 1,
        2,
        20261122,
        bytes(32),
        "《某规定》第一条",
        (WordChange(0, workspace.gateway.status_word(batch_key, 0), after),),
    )


def submit_sealed(
    workspace: Workspace,
    function: str,
    statement: Statement,
    key: ec.EllipticCurvePrivateKey,
    *,
    module: str = "CertificateLedger",
    ledger_id: bytes | None = None,
) -> Receipt:
    """Signs any statement with any key, for this ledger or another, and submits it."""
    digest = compute_digest(statement, ledger_id or workspace.gateway.ledger_id)
    signature = sign_digest(key, digest)
    return workspace.submitter.submit(
        module, function, statement.to_abi(), signature.to_abi(), purpose="test"
    )


def anchor(workspace: Workspace, issuer: Uscc = ISSUER, *, count: int = 300) -> Receipt:
    """Anchors one batch of the issuer with its own seal key."""
    key = find_seal_key(workspace, issuer)
    statement = batch_statement(workspace, issuer, key=key, count=count)
    return submit_sealed(workspace, "anchorBatch", statement, key.private_key)
