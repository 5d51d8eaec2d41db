"""What stands around every application of a node, core and front: hosts, sizes, strict headers,
and how often an address may ask."""

from __future__ import annotations

from functools import partial

from node_api.auth.addresses import BehindGateways
from node_api.auth.hardening import BodyLimits, HostCheck, SecurityHeaders
from node_api.auth.rates import AddressLimits, RateClass, RateLimits
from node_api.doors import Application, Scope, Send
from node_api.hot.http import answer_problem
from node_api.settings import NodeSettings

UPLOAD_PATHS = ("/v1/jobs", "/v1/deliveries")
DOCUMENT_PATHS = ("/v1/verify", "/verify", "/v1/cases", "/v1/outgoing", "/v1/catalogue")


def protect(app: Application, settings: NodeSettings) -> Application:
    """An application behind the checks of hosts and sizes, with strict headers on its answers."""
    host, _ = settings.address
    names = {*settings.host_names, host, "localhost", "127.0.0.1", "::1", "node"}
    limited: Application = BodyLimits(app, partial(_find_limit, settings), _refuse)
    rates = RateLimits(settings.limits)
    if rates.is_limited(RateClass.ADDRESS):
        limited = AddressLimits(limited, rates, _refuse)
    checked = HostCheck(limited, names, _refuse)
    hardened = SecurityHeaders(checked, is_tls=settings.tls is not None)
    return BehindGateways(hardened, settings.gateways) if settings.gateways else hardened


async def _refuse(error: Exception, scope: Scope, send: Send) -> None:
    await answer_problem(scope, send, error)


def _find_limit(settings: NodeSettings, scope: Scope) -> int:
    path, limits = scope["path"], settings.limits
    if path.startswith(UPLOAD_PATHS):
        return limits.max_upload_bytes
    return limits.max_document_bytes if path.startswith(DOCUMENT_PATHS) else limits.max_body_bytes
