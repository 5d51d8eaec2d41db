"""Runs commands of the command line in this process, as a person or a program would."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner, Result

from ledger.identifiers import CertificateId
from ledger.schemas import load_schema
from tests.support.consortium import (
    CHONGQING,
    ISSUER,
    PASSPHRASE,
    SAFETY_STAFF,
    SICHUAN,
    Consortium,
)
from zhenglian.app import build_app

GOOD_ROW: Mapping[str, str] = {
    "证书编号": "渝建安C3（2024）0000001",
    "姓名": "王小明",
    "身份证号": "160101199003071232",
    "性别": "男",
    "企业名称": "重庆示例（集团）有限公司",
    "企业统一社会信用代码": "91160101MA0000001W",
    "职务": "安全员",
    "技术职称": "",
    "岗位类别": "C3",
    "初次领证日期": "2024-01-05",
    "发证日期": "2024-01-05",
    "有效期起": "2024-01-05",
    "有效期止": "长期",
}


@dataclass(frozen=True)
class CommandLine:
    """A person at a terminal in one home.

    Args:
        home: given as ZHENGLIAN_HOME.
        environment: further variables; None removes one.
    """

    home: Path
    environment: Mapping[str, str | None] = field(default_factory=dict)

    def run(self, *arguments: object, code: int | None = 0, answer: str | None = None) -> Result:
        """Runs a command, which must end with this exit code, or with any if it is None."""
        environment = {
            "ZHENGLIAN_HOME": str(self.home),
            "ZHENGLIAN_PASSPHRASE": PASSPHRASE,
            "ZHENGLIAN_LANG": "en",
            "ZHENGLIAN_DEBUG": "1",
            **self.environment,
        }
        result = CliRunner().invoke(
            _app(), [str(argument) for argument in arguments], input=answer, env=environment
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert code in (None, result.exit_code), result.output
        return result

    def json(self, *arguments: object, code: int = 0) -> Any:
        """Runs a command with --json; nothing but one document may be on standard output."""
        return json.loads(self.run(*arguments, "--json", code=code).stdout)


@cache
def _app() -> typer.Typer:
    return build_app()


def at(consortium: Consortium, member: object = CHONGQING) -> CommandLine:
    """Somebody in a member's home."""
    return CommandLine(consortium.directory / str(member))


@dataclass(frozen=True)
class Issued:
    """A ledger on which Chongqing has issued six certificates, which Sichuan recognises; to be read
    and left as it is."""

    consortium: Consortium
    identifiers: tuple[str, ...]

    @property
    def chongqing(self) -> CommandLine:
        return at(self.consortium, CHONGQING)

    @property
    def sichuan(self) -> CommandLine:
        return at(self.consortium, SICHUAN)

    def copy(self, directory: Path) -> Issued:
        return Issued(self.consortium.copy(directory), self.identifiers)


def make_id(number: int, version: str = "001") -> str:
    """Identifier of the certificate of a number."""
    serial = f"2024{number:07}"
    return str(CertificateId.build(SAFETY_STAFF, ISSUER, serial, version))


def make_row(number: int, **changes: str) -> dict[str, str]:
    """A row that is right, with some cells changed."""
    return {
        "证照标识": make_id(number),
        **GOOD_ROW,
        "证书编号": f"渝建安（2024）{number}",
        **changes,
    }


def write_csv(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """A clerk's file."""
    columns = load_schema(SAFETY_STAFF).columns()
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path
