"""Raw speeds of the machine, to hold results against."""

from __future__ import annotations

import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from tests.benches.result import Limit

_ALGORITHM = ec.ECDSA(Prehashed(SHA256()))
_SECONDS = 1.0


def rate_of(call: Callable[[], object], seconds: float = _SECONDS) -> float:
    """Calls a second of one core, best of three runs."""
    return max(_rate_once(call, seconds) for _ in range(3))


def _rate_once(call: Callable[[], object], seconds: float) -> float:
    count, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        for _ in range(20):
            call()
        count += 20
    return count / elapsed


def raw_signing() -> Limit:
    """P-256 signatures a second of one core."""
    key = ec.generate_private_key(ec.SECP256R1())
    digest = bytes(32)
    return Limit("raw P-256 signing, one core, 1/s", rate_of(lambda: key.sign(digest, _ALGORITHM)))


def raw_verification() -> Limit:
    """P-256 verifications a second of one core."""
    key = ec.generate_private_key(ec.SECP256R1())
    digest = bytes(32)
    signature = key.sign(digest, _ALGORITHM)
    public = key.public_key()
    return Limit(
        "raw P-256 verification, one core, 1/s",
        rate_of(lambda: public.verify(signature, digest, _ALGORITHM)),
    )
