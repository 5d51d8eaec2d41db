"""What the settings name, looked at before any process is started.

A setting that a core or a front would stumble over is told here, to the person who starts the node,
instead of in their logs every few seconds.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from ledger.config import CONFIG_NAME, Config
from ledger.errors import LedgerError, MalformedInputError
from ledger.identifiers import RegionCode
from node_api.auth.settings import ApprovalSettings
from node_api.settings import SETTINGS_NAME, NodeSettings, TlsSettings


def check_settings(home: Path, settings: NodeSettings) -> None:
    """Refuses settings with which no node could run.

    Raises:
        NotFoundError: home_not_found.
        MalformedInputError: names the setting at fault.
    """
    Config.load(home / CONFIG_NAME)  # first: it may name province codes of its own
    try:
        _check_region(settings.relying_region)
        _check_tls(settings.tls)
        _check_approvals(settings.auth.approvals)
        for code, peer in settings.deliveries.peers.items():
            _check_authorities(f"deliveries.peers.{code}.ca_file", peer.ca_file)
    except MalformedInputError as error:
        path = home / SETTINGS_NAME
        raise MalformedInputError(
            f"{path}: {error.message}", code=error.code, field=error.field
        ) from error


def _check_approvals(approvals: ApprovalSettings) -> None:
    if approvals == ApprovalSettings():
        return
    from node_api.auth.maker_checker import require_known_operations  # both load every operation
    from node_api.operations.table import by_id

    require_known_operations(approvals, by_id().get)


def _check_region(text: str) -> None:
    name = "relying_region"
    try:
        if text:
            RegionCode.parse(text)
    except LedgerError as error:
        raise MalformedInputError(
            f"{name}: {error.message}", code=error.code, field=name
        ) from error


def _check_tls(tls: TlsSettings | None) -> None:
    if tls is None:
        return
    for name, path in (("tls.certificate", tls.certificate), ("tls.key", tls.key)):
        _require_readable(name, path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls.certificate, tls.key, "")
    except (ssl.SSLError, OSError) as error:
        raise MalformedInputError(
            f"tls.key: expected the key of {tls.certificate}, without a passphrase, both as PEM; "
            f"got {tls.key} ({error})",
            field="tls.key",
        ) from error


def _check_authorities(name: str, path: Path | None) -> None:
    if path is None:
        return
    _require_readable(name, path)
    try:
        ssl.create_default_context(cafile=str(path))
    except (ssl.SSLError, OSError) as error:
        raise MalformedInputError(
            f"{name}: expected certificates as PEM, got {path} ({error})", field=name
        ) from error


def _require_readable(name: str, path: Path) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise MalformedInputError(
            f"{name}: {path}: cannot be read: {error.strerror}", field=name
        ) from error
