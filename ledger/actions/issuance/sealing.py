"""Seals and encrypts drafts, in this process or in workers.

A worker imports neither the chain nor a database; what it needs to seal for one department comes
to it once, as `SealingOrder`.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from types import ModuleType
from typing import NamedTuple, ParamSpec, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from ledger.errors import MalformedInputError
from ledger.formats.certificate import Placement
from ledger.formats.draft import CertificateDraft
from ledger.formats.key_binding import create_holder_jwk, parse_holder_key
from ledger.formats.sealing import CertificateSealer
from ledger.identifiers import CertificateId, Uscc
from ledger.vault.cipher import RowCipher, certificate_binding
from ledger.vault.staged import StagedCertificate

WORKERS = max(2, len(os.sched_getaffinity(0)))
"""Processes that seal: one for each core that this process may use, and two at least."""
_COLLECTED_AFTER = 100_000
_MOST_SEALERS = 64
_SWITCHED_AFTER_S = 0.000_5  # a tenth of what Python does

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class SealingOrder:
    """What sealing for one department takes.

    Attributes:
        private_key: the seal key, PKCS#8 DER, in clear: it only passes to our own workers.
        x5c: DER of the signing certificate and the region's root.
    """

    private_key: bytes
    x5c: tuple[bytes, bytes]
    issuer: Uscc
    issuer_name: str
    cipher: RowCipher

    def __repr__(self) -> str:
        return f"SealingOrder({self.issuer})"


class PlacedDraft(NamedTuple):
    """A draft with what recognises its content, and the certificate and the case that it cites."""

    draft: CertificateDraft
    content_mac: bytes
    related: CertificateId | None = None
    case_id: bytes | None = None

    def __reduce__(self) -> tuple[type[PlacedDraft], tuple[object, ...]]:
        """Pickled as a call, as a draft is."""
        return PlacedDraft, tuple(self)


def make_order(
    private_key: ec.EllipticCurvePrivateKey,
    x5c: tuple[bytes, bytes],
    issuer: Uscc,
    issuer_name: str,
    cipher: RowCipher,
) -> SealingOrder:
    der = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SealingOrder(der, x5c, issuer, issuer_name, cipher)


def make_sealer(order: SealingOrder) -> CertificateSealer:
    """The sealer of an order. Its header is the same in every certificate of a batch."""
    key = load_der_private_key(order.private_key, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise MalformedInputError("a seal key is a key on P-256")
    return CertificateSealer(key, order.x5c, order.issuer, order.issuer_name)


def compute_content_mac(
    cipher: RowCipher,
    draft: CertificateDraft,
    related: CertificateId | None = None,
    case_id: bytes | None = None,
) -> bytes:
    """What tells, without the content, whether two drafts are equal. 16 bytes."""
    content = draft.content_digest_input()
    if related is not None:
        content += b"\0" + str(related).encode()
    if case_id is not None:
        content += b"\0case " + case_id
    return cipher.content_mac(content)


def seal_chunk(
    order: SealingOrder,
    drafts: Sequence[PlacedDraft],
    batch_key: bytes,
    first_position: int,
    sealed_at_unix: int,
) -> list[StagedCertificate]:
    """Seals drafts for consecutive positions of one batch."""
    sealer = _sealer_of(order)
    staged = []
    for position, placed in enumerate(drafts, first_position):
        certificate = sealer.seal(
            placed.draft,
            Placement(batch_key, position),
            sealed_at_unix,
            holder_jwk=_holder_jwk(placed.draft),
            related=placed.related,
            case_id=placed.case_id,
        )
        identifier = str(placed.draft.certificate_id)
        binding = certificate_binding(certificate.leaf_hash, identifier)
        row = order.cipher.encrypt(certificate.body, binding)
        staged.append(
            StagedCertificate(
                identifier,
                position,
                certificate.leaf_hash,
                placed.content_mac,
                row.ciphertext,
                row.wrapped_key,
            )
        )
    return staged


def _holder_jwk(draft: CertificateDraft) -> dict[str, str] | None:
    if draft.holder_key is None:
        return None
    return create_holder_jwk(parse_holder_key(draft.holder_key))


@contextmanager
def open_executor(*, in_workers: bool) -> Iterator[Executor]:
    """Runs calls in worker processes, or at once in this one where that is quicker."""
    if not in_workers:
        yield _ImmediateExecutor()
        return
    # Not forked: this process has threads and open databases.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, context, initializer=_prepare_worker) as executor:
        _start_workers(executor)
        yield executor


def _start_workers(executor: Executor) -> None:
    """Starts the workers deaf to Ctrl-C, which is for this process to answer, once."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with _unnamed_main():
            for _ in range(WORKERS):
                executor.submit(int)  # each starts a process, which inherits the mask
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _unnamed_main() -> Iterator[None]:
    """Keeps workers from loading the whole program: they run its main module, if it has a name."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def filled_process() -> Iterator[None]:
    """Prepares this process for work that fills it, while another thread receives from workers.

    Looks for cycles of garbage rarely: rows make none, and looking took a seventh of the time. Lets
    the receiving thread in sooner: a chunk comes in forty pieces of a pipe's size, each of which
    waits for its turn, and the worker that hands it over waits with it.
    """
    before, switched_s = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(_COLLECTED_AFTER, *before[1:])
    sys.setswitchinterval(_SWITCHED_AFTER_S)
    try:
        yield
    finally:
        sys.setswitchinterval(switched_s)
        gc.set_threshold(*before)


def _prepare_worker() -> None:
    gc.freeze()
    gc.set_threshold(_COLLECTED_AFTER)
    _end_with_parent()


def _end_with_parent() -> None:
    """In a worker, which holds a seal key: does not outlive the process that started it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


class _ImmediateExecutor(Executor):
    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        future: Future[R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # handed to whoever asks for the result
            future.set_exception(error)
        return future


_sealers: dict[bytes, CertificateSealer] = {}


def _sealer_of(order: SealingOrder) -> CertificateSealer:
    """The order's sealer, made once a process."""
    if order.private_key not in _sealers:
        if len(_sealers) >= _MOST_SEALERS:
            _sealers.clear()
        _sealers[order.private_key] = make_sealer(order)
    return _sealers[order.private_key]
