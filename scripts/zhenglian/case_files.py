"""Applications and materials as a window's clerk has them in files.

    {
      "item_code": "11510000000000001L0117001001000",
      "applicant": {"name": "...", "code_type": "001", "code": "..."},
      "channel": "window",
      "identity": {"method": "居民身份证", "note": "..."},
      "delegations": [
        {"principal": {...}, "agent": {...}, "shown_by": "...", "valid_until": "2027-12-31"}
      ],
      "materials": [{"name": "...", "file": "contract.pdf", "kind": "document"}]
    }

Files are looked for beside the application. What ends in .zhenglian.json is a certificate.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from zhenglian.times import parse_end_of_day

if TYPE_CHECKING:
    from ledger.actions.cases.opening import HandedIn, Submission
    from ledger.formats.case_documents import Delegation
    from ledger.formats.json_object import JsonObject

_NAMES = frozenset(
    {"item_code", "applicant", "channel", "identity", "delegations", "materials", "comment"}
)
_OF_MATERIAL = frozenset({"name", "file", "kind"})
_MAX_ITEMS = 256


def read_application(path: Path) -> Submission:
    """The application in a file, with its materials.

    Raises:
        MalformedInputError: names the member at fault, what was expected and what was there.
        NotFoundError: a file of a material is not there.
    """
    from ledger.actions.cases.opening import Submission
    from ledger.formats.case_documents import Party
    from ledger.formats.json_object import JsonObject
    from ledger.formats.jws import parse_json_object
    from ledger.identifiers import ItemCode
    from ledger.records import Channel

    members = JsonObject(parse_json_object(_read(path, "file"), "application"))
    members.require_only(_NAMES)
    channels = {channel.name.lower(): channel for channel in Channel}
    channel = members.text("channel", 16) if "channel" in members else "window"
    if channel not in channels:
        members.refuse("channel", f"{' or '.join(channels)}, got {channel!r}")
    identity = members.member("identity")
    delegations = members.objects("delegations", _MAX_ITEMS) if "delegations" in members else ()
    return Submission(
        ItemCode.parse(members.text("item_code")),
        Party.read(members.member("applicant")),
        [_read_material(each, path.parent) for each in members.objects("materials", _MAX_ITEMS)],
        channels[channel],
        [_read_delegation(each) for each in delegations],
        identity.text("method", 256),
        identity.text("note") if "note" in identity else "",
    )


def read_materials(named: Iterable[str]) -> list[HandedIn]:
    """Materials as they are named on a command line: NAME=FILE.

    Raises:
        MalformedInputError: there is no name or no file. NotFoundError: no such file.
    """
    from ledger.errors import MalformedInputError

    materials = []
    for text in named:
        name, separator, file = text.partition("=")
        if not (separator and name.strip() and file):
            raise MalformedInputError(
                f"material: expected NAME=FILE, such as 劳动合同=contract.pdf, got {text!r}",
                field="material",
            )
        materials.append(_take_in(name.strip(), Path(file), ""))
    return materials


def _read_material(member: JsonObject, directory: Path) -> HandedIn:
    member.require_only(_OF_MATERIAL)
    kind = member.text("kind", 16) if "kind" in member else ""
    if kind not in {"", "certificate", "document", "commitment"}:
        member.refuse("kind", f"certificate, document or commitment, got {kind!r}")
    return _take_in(member.text("name", 128), directory / member.text("file", 1024), kind)


def _take_in(name: str, file: Path, kind: str) -> HandedIn:
    from ledger.actions.cases.opening import HandedIn
    from ledger.actions.presentation import EVIDENCE_SUFFIX
    from ledger.formats.case_materials import MaterialKind
    from ledger.formats.evidence import parse_evidence

    content = _read(file, "material")
    is_certificate = kind == "certificate" or (not kind and file.name.endswith(EVIDENCE_SUFFIX))
    if is_certificate:
        certificate_type = parse_evidence(content).certificate.type
        return HandedIn(name, MaterialKind.CERTIFICATE, certificate_type, content)
    return HandedIn(name, MaterialKind(kind or "document"), None, content)


def _read_delegation(member: JsonObject) -> Delegation:
    from ledger.formats.case_documents import Delegation, Party

    return Delegation(
        Party.read(member.member("principal")),
        Party.read(member.member("agent")),
        member.text("shown_by"),
        parse_end_of_day(member.text("valid_until", 10), "valid_until") - 1,
    )


def _read(path: Path, field: str) -> bytes:
    from ledger.errors import NotFoundError

    if not path.is_file():
        raise NotFoundError(f"no file {path}", field=field)
    return path.read_bytes()
