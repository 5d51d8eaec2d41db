"""A small real ledger on an embedded chain, for benches."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ledger.actions.founding import create_home, found_ledger
from ledger.actions.issuers import change_mandate, register_department
from ledger.chain.engines import ChainLocation
from ledger.identifiers import CertificateType, MemberId, RegionCode, Uscc
from ledger.workspace import Workspace

PASSPHRASE = "synthetic bench"  # protects nothing
TYPE = CertificateType.parse("11100000000013338W011")
ISSUER = Uscc.parse("11500000000000001G")


@dataclass(frozen=True, slots=True)
class BenchLedger:
    home: Path

    def open(self) -> Workspace:
        return Workspace.open(self.home, PASSPHRASE)


def make_ledger(directory: Path) -> BenchLedger:
    """Founds a ledger of one member with one mandated department."""
    member, home = MemberId.parse("500000"), directory / "home"
    location = ChainLocation.parse(str(directory / "chain"))
    create_home(home, member, "重庆市", location, PASSPHRASE)
    ledger = BenchLedger(home)
    with ledger.open() as workspace:
        found_ledger(workspace)
        register_department(
            workspace, ISSUER, "重庆市住房和城乡建设委员会", RegionCode.parse("500000")
        )
        change_mandate(workspace, ISSUER, TYPE)
    return ledger


def write_example(path: Path, rows: int) -> Path:
    """A synthetic file of so many rows."""
    command = [sys.executable, "scripts/make_example.py", str(path), "--rows", str(rows)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return path
