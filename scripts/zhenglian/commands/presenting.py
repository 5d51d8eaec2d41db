"""`zhenglian present` and `zhenglian holder-key`."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import Needs, command
from zhenglian.files import require_free, write_whole
from zhenglian.options import ForceOption, HolderPassphraseFileOption, IdentifierArgument
from zhenglian.passphrases import HOLDER_VARIABLE, HOLDERS_KEY, PassphraseSource
from zhenglian.session import Session
from zhenglian.times import format_time, parse_expiry
from zhenglian.words import describe_status

if TYPE_CHECKING:
    from ledger.actions.holder_binding import HolderBinding
    from ledger.formats.evidence import Evidence

MIN_PASSPHRASE_CHARACTERS = 8
_SEPARATORS = re.compile("[,，、]")


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "present")(present)
    keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    command(keys, "new", Needs.NOTHING)(make_holder_key)
    command(keys, "show", Needs.NOTHING)(show_holder_key)
    app.add_typer(keys, name="holder-key", help="A holder's own key, which binds presentations.")


def present(
    session: Session,
    identifier: IdentifierArgument,
    disclose: Annotated[
        list[str] | None,
        typer.Option(
            "--disclose",
            metavar="FIELD",
            help="Field to show, by title or name; repeatable, or separated by commas; or: all.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="By default <serial>.zhenglian.json."),
    ] = None,
    force: ForceOption = False,
    holder_key: Annotated[
        Path | None,
        typer.Option("--holder-key", metavar="FILE", help="Bind it to its holder with this key."),
    ] = None,
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="REGION", help="Who is to rely on it: proves that it recognises it."
        ),
    ] = "",
    purpose: Annotated[str, typer.Option("--purpose", help="Bound: what it is shown for.")] = "",
    expires: Annotated[
        str,
        typer.Option("--expires", metavar="TIME", help="Bound: until when; 12h, 7d, or a time."),
    ] = "7d",
    nonce: Annotated[
        str, typer.Option("--nonce", help="Bound: what the relying party asked to be repeated.")
    ] = "",
    holder_passphrase_file: HolderPassphraseFileOption = None,
) -> None:
    """Writes a certificate that shows chosen fields only.

    The file carries every proof there is today; its holder hands it over.

    \b
    Example:
      ID=1.2.156.3005.2.11100000000013338W011.11500000000000001G.20250000495.001.X
      zhenglian present $ID --disclose 姓名,证书编号 --disclose 岗位类别
      zhenglian present $ID --disclose 姓名 --holder-key me.pem --to 510000 --expires 1d
    """
    from ledger.actions.evidence_export import present_document
    from ledger.actions.holder_binding import bind_evidence
    from ledger.actions.standings import find_certificate_status
    from ledger.formats.evidence import EVIDENCE_SUFFIX, parse_evidence
    from ledger.identifiers import CertificateId, RegionCode
    from ledger.schemas.shelf import read_titles

    certificate_id = CertificateId.parse(identifier.strip())
    path = out or Path(f"{certificate_id.serial}{EVIDENCE_SUFFIX}")
    require_free(path, force=force)
    if (holder_key and not to) or (not holder_key and (purpose or nonce)):
        raise typer.BadParameter("--holder-key needs --to, --purpose and --nonce need both")
    readers = (RegionCode.parse(to),) if to else ()
    binding = None
    if holder_key is not None:
        source = _holder_passphrase(session, holder_passphrase_file)
        binding = _make_binding(holder_key, source, to, purpose, expires, nonce)
    with session.door() as door:
        names = tuple(_chosen(disclose or []))
        evidence = parse_evidence(door.call(present_document, certificate_id, names, readers))
        status = door.call(find_certificate_status, certificate_id).place.status.name.lower()
    if binding is not None:  # here: the holder's key goes nowhere
        evidence = bind_evidence(evidence, binding, int(time.time()))
    write_whole(path, lambda beside: beside.write_bytes(evidence.to_json()))
    titles = read_titles(evidence.certificate.type, session.schemas)
    shown = [titles.get(name, name) for name in evidence.certificate.fields]
    _tell(session, evidence, path, shown, status)


def make_holder_key(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to keep the key (PEM).")],
    force: ForceOption = False,
    holder_passphrase_file: HolderPassphraseFileOption = None,
) -> None:
    """Makes a key for a holder and prints its public half, to be handed to the department.

    \b
    Example:
      zhenglian holder-key new me.pem
    """
    from ledger.errors import MalformedInputError
    from zhenglian.holder_keys import create_holder_key

    require_free(file, force=force)
    passphrase = _holder_passphrase(session, holder_passphrase_file).read(is_new=True)
    if len(passphrase) < MIN_PASSPHRASE_CHARACTERS:
        raise MalformedInputError(
            f"passphrase: expected at least {MIN_PASSPHRASE_CHARACTERS} characters",
            field="passphrase",
        )
    create_holder_key(file, passphrase)
    _tell_public_key(session, file, passphrase)


def show_holder_key(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The key's PEM file.")],
    holder_passphrase_file: HolderPassphraseFileOption = None,
) -> None:
    """Prints the public half of a holder's key again.

    \b
    Example:
      zhenglian holder-key show me.pem
    """
    _tell_public_key(session, file, _holder_passphrase(session, holder_passphrase_file).read())


def _chosen(disclose: list[str]) -> list[str]:
    """The names in repeated options and comma-separated lists, in order, each once."""
    parts = [part.strip() for option in disclose for part in _SEPARATORS.split(option)]
    return [part for part in dict.fromkeys(parts) if part]


def _holder_passphrase(session: Session, file: Path | None) -> PassphraseSource:
    option = "--holder-passphrase-file"
    return PassphraseSource(HOLDERS_KEY, HOLDER_VARIABLE, option, file, session.language)


def _make_binding(
    key_file: Path, source: PassphraseSource, to: str, purpose: str, expires: str, nonce: str
) -> HolderBinding:
    from ledger.actions.holder_binding import HolderBinding
    from ledger.identifiers import RegionCode
    from zhenglian.holder_keys import load_holder_key

    audience = RegionCode.parse(to)
    expires_at_unix = parse_expiry(expires, "expires", int(time.time()))
    key = load_holder_key(key_file, source.read())
    return HolderBinding(key, audience, purpose or None, expires_at_unix, nonce)


def _tell(session: Session, evidence: Evidence, path: Path, titles: list[str], status: str) -> None:
    from ledger.formats.key_binding import AUDIENCE_PREFIX

    output, certificate = session.output, evidence.certificate
    binding = certificate.key_binding
    if output.is_json:
        output.document(
            {
                "file": path,
                "certificate_id": certificate.certificate_id,
                "status": status,
                "disclosed": list(certificate.fields),
                "hidden_fields": certificate.hidden_fields,
                "log_size": evidence.log.size if evidence.log else None,
                "bound_to": binding.audience if binding else None,
                "bound_until_unix": binding.valid_until_unix if binding else None,
            }
        )
        return
    pick, hidden = session.language.pick, certificate.hidden_fields
    audience = binding.audience.removeprefix(AUDIENCE_PREFIX) if binding else ""
    nothing = pick("不出示持证人的任何字段", "no field of the holder")
    output.line(pick(f"已写出 {path}。", f"Wrote {path}."), "bold green")
    output.pairs(
        [
            (pick("证照标识", "certificate"), str(certificate.certificate_id)),
            (pick("状态", "status"), describe_status(status, session.language)),
            (pick("出示", "shows"), "、".join(titles) or nothing),
            (pick("不出示", "hides"), pick(f"{hidden} 项", f"{hidden} fields")),
            (pick("出示对象", "bound to"), audience),
            (
                pick("有效至", "bound until"),
                format_time(binding.valid_until_unix) if binding else "",
            ),
        ]
    )
    if status != "valid":
        output.note(
            pick(
                "该证照目前不在有效状态，核验时将不予通过。",
                "This certificate is not valid at present: whoever verifies it will refuse it.",
            )
        )


def _tell_public_key(session: Session, file: Path, passphrase: str) -> None:
    from ledger.formats.key_binding import create_holder_jwk, encode_holder_key
    from zhenglian.holder_keys import load_holder_key

    public_key = load_holder_key(file, passphrase).public_key()
    jwk, text = create_holder_jwk(public_key), encode_holder_key(public_key)
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document({"file": file, "public_key": text, "jwk": jwk})
        return
    output.line(
        pick(
            f"{file}：持证人密钥。请连同口令妥善保管。",
            f"{file}: the holder's key. Keep it and its passphrase.",
        ),
        "bold",
    )
    output.line(
        pick(
            "填入部门表格的“持证人公钥”列：",
            "For the column 持证人公钥 of the department's file:",
        )
    )
    output.line(f"  {text}")
    output.line(pick("同一公钥的 JWK 形式（RFC 7517）：", "The same as a JWK (RFC 7517):"))
    output.document(jwk)
