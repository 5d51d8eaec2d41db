from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from ledger.formats.status_list import Status
from ledger.identifiers import CertificateType, MemberId, RegionCode, Uscc
from ledger.vault.tables import RunState
from zhenglian.plain import to_object, to_plain


@dataclass(frozen=True, slots=True)
class Inner:
    member: MemberId
    digest: bytes


@dataclass(frozen=True, slots=True)
class Outer:
    inner: tuple[Inner, ...]
    detail: dict[str, object]
    missing: None = None


def test_dataclasses_become_objects_all_the_way_down() -> None:
    value = Outer((Inner(MemberId.parse("500000"), b"\xff"),), {"day": date(2026, 1, 5)})
    assert to_plain(value) == {
        "inner": [{"member": "500000", "digest": "ff"}],
        "detail": {"day": "2026-01-05"},
        "missing": None,
    }


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (RegionCode.parse("500103"), "500103"),
        (Uscc.parse("11100000000013338W"), "11100000000013338W"),
        (CertificateType.parse("11100000000013338W011"), "11100000000013338W011"),
        (Path("a/b"), "a/b"),
        (Status.REVOKED, "revoked"),
        (RunState.COMPLETED, "completed"),
        (True, True),
        (7, 7),
    ],
)
def test_values_have_one_form(value: object, plain: object) -> None:
    assert to_plain(value) == plain
    assert json.dumps(to_plain(value))


def test_only_a_dataclass_takes_further_members() -> None:
    with pytest.raises(TypeError):
        to_object(7, more=1)
