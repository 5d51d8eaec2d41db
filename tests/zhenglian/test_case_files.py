from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger.errors import MalformedInputError, NotFoundError
from ledger.formats.case_materials import MaterialKind
from ledger.records import Channel
from zhenglian.case_files import read_application, read_materials

EXAMPLE = Path(__file__).parents[2] / "examples" / "cases" / "sichuan-safety-licence.json"


def write(path: Path, **changes: object) -> Path:
    """The example with some members changed; None leaves one out."""
    members = json.loads(EXAMPLE.read_text("utf-8")) | {"materials": []} | changes
    kept = {name: value for name, value in members.items() if value is not None}
    path.write_text(json.dumps(kept), "utf-8")
    return path


def test_the_example_is_an_application_with_its_materials() -> None:
    submission = read_application(EXAMPLE)
    assert str(submission.item_code) == "11510000000000001L0117001001000"
    assert submission.channel is Channel.WINDOW
    assert [each.kind for each in submission.materials] == [MaterialKind.DOCUMENT] * 3
    assert all(each.content for each in submission.materials)
    (delegation,) = submission.delegations
    assert delegation.valid_until_unix == 1924963199, "the last second of 2030 in China"


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"channel": "telephone"}, "channel", "'telephone'"),
        ({"channel": None, "identity": None}, "identity", "an object"),
        ({"applicant": {"name": "x", "code": "y"}}, "applicant.code_type", "a text"),
        ({"colour": "red"}, "colour", "only applicant"),
        ({"materials": [{"file": "x.pdf"}]}, "materials[0].name", "a text"),
        (
            {"materials": [{"name": "x", "file": "y", "kind": "stone"}]},
            "materials[0].kind",
            "'stone'",
        ),
        (
            {
                "delegations": [
                    {
                        "principal": {"name": "x", "code_type": "111", "code": "1"},
                        "agent": {"name": "y", "code_type": "001", "code": "2"},
                        "shown_by": "合同",
                        "valid_until": "soon",
                    }
                ]
            },
            "valid_until",
            "'soon'",
        ),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, changes: dict[str, object], field: str, said: str
) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        read_application(write(tmp_path / "application.json", **changes))
    assert refusal.value.field == field
    assert said in refusal.value.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    wanted = [{"name": "劳动合同", "file": "nosuch.pdf"}]
    for path in (tmp_path / "no.json", write(tmp_path / "a.json", materials=wanted)):
        with pytest.raises(NotFoundError):
            read_application(path)


def test_materials_are_looked_for_beside_the_application(tmp_path: Path) -> None:
    (tmp_path / "contract.pdf").write_bytes(b"%PDF")
    commitment = {"name": "承诺书", "file": "contract.pdf", "kind": "commitment"}
    path = write(tmp_path / "a.json", materials=[commitment])
    (material,) = read_application(path).materials
    assert (material.kind, material.content) == (MaterialKind.COMMITMENT, b"%PDF")


@pytest.mark.parametrize("text", ["contract.pdf", "=contract.pdf", "劳动合同="])
def test_a_material_without_name_or_file_is_refused(text: str) -> None:
    with pytest.raises(MalformedInputError, match="expected NAME=FILE") as refusal:
        read_materials([text])
    assert refusal.value.field == "material"
    assert repr(text) in refusal.value.message


def test_what_says_that_it_is_a_certificate_must_be_one(tmp_path: Path) -> None:
    path = tmp_path / "x.zhenglian.json"
    path.write_text("{}")
    with pytest.raises(MalformedInputError):
        read_materials([f"考核合格证书={path}"])
