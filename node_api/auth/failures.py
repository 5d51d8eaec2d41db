"""Refusals that only a node with doors to the network knows. HTTP numbers: `node_api.problems`."""

from __future__ import annotations

from collections.abc import Mapping

from ledger.errors import LedgerError, NotAuthorizedError


class NotAuthenticatedError(NotAuthorizedError):
    """The credentials are missing, unknown, ended or not genuine. Answered with 401.

    Attributes:
        challenge: what to put into WWW-Authenticate (RFC 9110 §11.6.1, RFC 6750 §3).
    """

    default_code = "credentials_invalid"

    @property
    def challenge(self) -> str:
        """Names the scheme, and whether the token was the reason."""
        if self.code == "credentials_missing":
            return 'Bearer realm="zhenglian"'
        return f'Bearer realm="zhenglian", error="invalid_token", error_description="{self.code}"'

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the answer."""
        return {"WWW-Authenticate": self.challenge}


class IdentityProviderUnavailableError(LedgerError):
    """The identity provider gives no keys now. Says nothing of the token. Answered with 503."""

    default_code = "identity_provider_unavailable"
    retry_after_s = 5

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the answer."""
        return {"Retry-After": str(self.retry_after_s)}


class TooManyRequestsError(LedgerError):
    """Somebody asks more often than they may. Answered with 429.

    Args:
        retry_after_s: when to try again.
        headers: Retry-After and RateLimit fields.
    """

    default_code = "too_many_requests"

    def __init__(self, message: str, *, retry_after_s: int, headers: Mapping[str, str]) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.headers = headers


class TooLargeError(LedgerError):
    """The body is larger than the route takes. Answered with 413."""

    default_code = "body_too_large"


class WrongHostError(LedgerError):
    """The request names a host that this node is not. Answered with 421."""

    default_code = "host_unknown"
