"""Chains that hold, chains that do not, and the standard tool's opinion of ours."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ledger.errors import MalformedInputError
from ledger.formats.signing_certificate import (
    check_chain,
    compute_fingerprint,
    create_region_root,
    create_signing_certificate,
    load_chain,
)
from ledger.identifiers import MemberId, Uscc

BEGIN, END = 1_700_000_000, 1_900_000_000
ROOT_KEY = ec.generate_private_key(ec.SECP256R1())
SEAL_KEY = ec.generate_private_key(ec.SECP256R1())
ISSUER = Uscc.build("11500000009276135")
ROOT = create_region_root(
    ROOT_KEY, MemberId.parse("500000"), "重庆市", valid_from_unix=BEGIN, valid_until_unix=END + 1000
)


def sign_leaf(root_key: ec.EllipticCurvePrivateKey = ROOT_KEY, root: bytes = ROOT) -> bytes:
    return create_signing_certificate(
        root_key,
        root,
        SEAL_KEY.public_key(),
        ISSUER,
        "重庆市住房和城乡建设委员会",
        valid_from_unix=BEGIN + 1000,
        valid_until_unix=END,
    )


LEAF = sign_leaf()


def custom(
    *extensions: tuple[x509.ExtensionType, bool],
    key: object = None,
    organisation: str | None = str(ISSUER),
) -> bytes:
    """A leaf under the root with exactly these extensions."""
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, "CN")]
    if organisation is not None:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, organisation))
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(attributes))
        .issuer_name(x509.load_der_x509_certificate(ROOT).subject)
        .public_key(key or SEAL_KEY.public_key())  # type: ignore[arg-type] # any key, for attacks
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(BEGIN, UTC))
        .not_valid_after(datetime.fromtimestamp(END, UTC))
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, is_critical)
    return builder.sign(ROOT_KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def usage(*, can_sign: bool, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(can_sign, False, False, False, False, is_authority, False, False, False)


def test_chain_says_who_signs_with_what() -> None:
    finding = check_chain((LEAF, ROOT), BEGIN + 1000)
    numbers = SEAL_KEY.public_key().public_numbers()
    assert finding.reason is None
    assert finding.chain.organisation == str(ISSUER)
    assert finding.chain.leaf_fingerprint == compute_fingerprint(LEAF)
    assert finding.chain.root_fingerprint == compute_fingerprint(ROOT)
    assert (finding.chain.x, finding.chain.y) == (numbers.x.to_bytes(32), numbers.y.to_bytes(32))


@pytest.mark.parametrize(
    ("at_unix", "reason"),
    [
        (BEGIN + 999, "signing_certificate_not_yet_valid"),
        (BEGIN + 1000, None),
        (END, None),
        (END + 1, "signing_certificate_expired"),
    ],
)
def test_chain_holds_while_both_certificates_do(at_unix: int, reason: str | None) -> None:
    assert check_chain((LEAF, ROOT), at_unix).reason == reason


def test_equal_chains_are_parsed_once() -> None:
    assert load_chain((bytes(LEAF), bytes(ROOT))) is load_chain((LEAF, ROOT))


def test_chain_to_another_root_of_the_same_name_is_invalid() -> None:
    other = create_region_root(
        SEAL_KEY, MemberId.parse("500000"), "重庆市", valid_from_unix=BEGIN, valid_until_unix=END
    )
    assert check_chain((LEAF, other), BEGIN + 1000).reason == "chain_invalid"


def test_root_in_the_place_of_the_signing_certificate_is_invalid() -> None:
    assert check_chain((ROOT, ROOT), BEGIN + 1000).reason == "chain_invalid"


def test_department_cannot_sign_certificates_for_others() -> None:
    forged = sign_leaf(SEAL_KEY, LEAF)
    assert check_chain((forged, LEAF), BEGIN + 1000).reason == "chain_invalid"


def test_signing_certificate_that_may_sign_certificates_is_invalid() -> None:
    leaf = custom(
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (usage(can_sign=True, is_authority=True), True),
    )
    assert check_chain((leaf, ROOT), BEGIN + 1000).reason == "chain_invalid"


def test_signing_certificate_without_its_extensions_is_invalid() -> None:
    no_usage = custom((x509.BasicConstraints(ca=False, path_length=None), True))
    not_critical = custom(
        (x509.BasicConstraints(ca=False, path_length=None), False),
        (usage(can_sign=True, is_authority=False), True),
    )
    for leaf in (custom(), no_usage, not_critical):
        assert check_chain((leaf, ROOT), BEGIN + 1000).reason == "chain_invalid"


def test_unknown_critical_extension_is_invalid() -> None:
    oid = x509.ObjectIdentifier("1.2.3.4.5")
    leaf = custom(
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (usage(can_sign=True, is_authority=False), True),
        (x509.UnrecognizedExtension(oid, b"\x05\x00"), True),
    )
    assert check_chain((leaf, ROOT), BEGIN + 1000).reason == "chain_invalid"


@pytest.mark.parametrize(
    "x5c",
    [
        (),
        (LEAF,),
        (LEAF, ROOT, ROOT),
        (b"", ROOT),
        (LEAF[:-1], ROOT),
        (LEAF, ROOT + b"\0"),
        (custom(key=ed25519.Ed25519PrivateKey.generate().public_key()), ROOT),
        (custom(key=ec.generate_private_key(ec.SECP384R1()).public_key()), ROOT),
        (custom(organisation=None), ROOT),
    ],
)
def test_what_is_no_pair_of_p256_certificates_is_malformed(x5c: tuple[bytes, ...]) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        check_chain(x5c, BEGIN)
    assert refusal.value.code == "x5c_malformed"


def test_every_altered_byte_breaks_the_chain() -> None:
    for place in range(0, len(LEAF), 3):
        altered = bytearray(LEAF)
        altered[place] ^= 1
        try:
            reason = check_chain((bytes(altered), ROOT), BEGIN + 1000).reason
        except MalformedInputError as refusal:
            reason = refusal.code
        assert reason in {"chain_invalid", "x5c_malformed"}, place


def test_long_department_name_fits_the_subject() -> None:
    leaf = create_signing_certificate(
        ROOT_KEY,
        ROOT,
        SEAL_KEY.public_key(),
        ISSUER,
        "重庆市" * 40,
        valid_from_unix=BEGIN,
        valid_until_unix=END,
    )
    assert check_chain((leaf, ROOT), BEGIN).reason is None


def test_openssl_accepts_the_chain(tmp_path: Path) -> None:
    for name, der in (("leaf", LEAF), ("root", ROOT)):
        certificate = x509.load_der_x509_certificate(der)
        (tmp_path / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    trust = ("-x509_strict", "-attime", str(BEGIN + 1000), "-CAfile", str(tmp_path / "root.pem"))
    answer = subprocess.run(
        ["openssl", "verify", *trust, str(tmp_path / "leaf.pem")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
