"""One other node, as it is asked over HTTP. Nothing it says is believed here; it is only read.

Resumable: HEAD tells the offset, PATCH with `Upload-Offset` appends, as in
draft-ietf-httpbis-resumable-upload; each request is signed (`ledger.formats.delivery`).
"""

from __future__ import annotations

import ssl
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.actions.deliveries.receiving import Arrival
from ledger.errors import LedgerError, MalformedInputError
from ledger.formats.delivery import SignedRequest
from node_api.codec import decode
from node_api.deliveries.settings import PeerSettings

PATH: Final = "/v1/deliveries"
SIGNATURE_HEADER: Final = "Zhenglian-Signature"
OFFSET_HEADER: Final = "Upload-Offset"
PART_TYPE: Final = "application/partial-upload"
MAX_ANSWER: Final = 64 * 1024
_OUT_OF_TIME: Final = (9, 10)  # not valid yet, and no longer
_MISNAMED: Final = (62, 64)  # another host, another address
"""What OpenSSL finds wrong with a certificate. Source: X509_V_ERR in x509_vfy.h."""


class PeerError(LedgerError):
    """The other node was not to be had, or did not take it.

    Args:
        code: the other node's own, or peer_unreachable, peer_timeout, peer_answer_malformed,
            peer_ca_unreadable, peer_tls_failed, peer_certificate_expired, _misnamed, _untrusted.
        status: of its answer; 0 where there was none.
        retry_after_s: for how long it asks to be left alone.
    """

    default_code = "peer_unreachable"

    def __init__(
        self, message: str, *, code: str, status: int = 0, retry_after_s: float = 0.0
    ) -> None:
        super().__init__(message, code=code)
        self.status = status
        self.retry_after_s = retry_after_s


class PeerClient:
    """Asks one node. Use as a context manager; of one thread.

    Args:
        peer: where it is.
        timeout_s: of one request.
    """

    def __init__(self, peer: PeerSettings, timeout_s: float) -> None:
        self._client = httpx.Client(
            base_url=peer.base_url,
            timeout=timeout_s,
            verify=_create_context(peer),
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def announce(self, announcement: bytes) -> Arrival:
        """Announces a delivery, or asks after one that was. Raises PeerError."""
        headers = {"Content-Type": "application/json"}
        return _read_arrival(self._ask("POST", PATH, announcement, headers))

    def append(
        self,
        delivery_id: bytes,
        offset: int,
        part: bytes,
        key: ec.EllipticCurvePrivateKey,
    ) -> Arrival:
        """Sends the next part. Raises PeerError."""
        signature = SignedRequest("PATCH", delivery_id, offset, part).sign(key)
        headers = {
            "Content-Type": PART_TYPE,
            OFFSET_HEADER: str(offset),
            SIGNATURE_HEADER: signature,
        }
        return _read_arrival(self._ask("PATCH", f"{PATH}/{delivery_id.hex()}", part, headers))

    def _ask(
        self, method: str, path: str, content: bytes, headers: dict[str, str]
    ) -> httpx.Response:
        try:
            with self._client.stream(method, path, content=content, headers=headers) as response:
                body = bytearray()
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > MAX_ANSWER:
                        raise PeerError(
                            f"{method} {path}: the answer is too long",
                            code="peer_answer_malformed",
                            status=response.status_code,
                        )
        except httpx.TimeoutException as error:
            raise PeerError(f"{method} {path}: no answer in time", code="peer_timeout") from error
        except httpx.HTTPError as error:
            raise _to_failure(error, f"{method} {path}") from error
        answer = httpx.Response(
            response.status_code, headers=_keep(response.headers), content=bytes(body)
        )
        if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            raise _to_error(answer, f"{method} {path}")
        return answer


def _create_context(peer: PeerSettings) -> ssl.SSLContext:
    """What certificates are checked against; nothing is loaded where there are none.

    Raises:
        PeerError: peer_ca_unreadable.
    """
    if not peer.url.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        path = None if peer.ca_file is None else str(peer.ca_file)
        return ssl.create_default_context(cafile=path)
    except OSError as error:  # an SSLError is one
        raise PeerError(
            f"{peer.ca_file} is no file with certificates of authorities: {error}",
            code="peer_ca_unreadable",
        ) from error


def _to_failure(error: httpx.HTTPError, asked: str) -> PeerError:
    """Why no answer came, with a code of its own where it was the certificate."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return PeerError(f"{asked}: {type(error).__name__}", code="peer_unreachable")
    if not isinstance(cause, ssl.SSLCertVerificationError):
        return PeerError(f"{asked}: TLS failed: {cause.reason}", code="peer_tls_failed")
    told = f"{asked}: its certificate: {cause.verify_message}"
    if cause.verify_code in _OUT_OF_TIME:
        return PeerError(told, code="peer_certificate_expired")
    if cause.verify_code in _MISNAMED:
        return PeerError(told, code="peer_certificate_misnamed")
    return PeerError(told, code="peer_certificate_untrusted")


def _keep(headers: httpx.Headers) -> dict[str, str]:
    """What is read of an answer's headers; its length and coding are gone by now."""
    return {name: headers[name] for name in ("Retry-After",) if name in headers}


def _read_arrival(answer: httpx.Response) -> Arrival:
    try:
        found = decode(Arrival, answer.content)
    except MalformedInputError as error:
        raise PeerError(
            f"expected the state of a delivery: {error.message}", code="peer_answer_malformed"
        ) from error
    assert isinstance(found, Arrival)  # noqa: S101 - for the type checker
    return found


def _to_error(answer: httpx.Response, asked: str) -> PeerError:
    code = "peer_answer_malformed"
    try:
        problem = orjson.loads(answer.content)
        if isinstance(problem, dict) and isinstance(problem.get("code"), str):
            code = problem["code"][:64]
    except orjson.JSONDecodeError:
        code = "peer_unreachable"  # whoever answers there is no node of ours
    try:
        retry_after_s = float(answer.headers.get("Retry-After", "0"))
    except ValueError:
        retry_after_s = 0.0
    return PeerError(
        f"{asked}: {answer.status_code} {code}",
        code=code,
        status=answer.status_code,
        retry_after_s=min(max(retry_after_s, 0.0), 3600.0),
    )
