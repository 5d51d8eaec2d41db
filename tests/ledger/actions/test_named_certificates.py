"""Many identifiers are kept as they were named, in little more than their bytes."""

from __future__ import annotations

import tracemalloc

from ledger.actions.named_certificates import NamedCertificates
from tests.ledger.actions.homes import TYPE, identify


def test_identifiers_come_back_in_their_order_a_thousand_at_a_time() -> None:
    named = NamedCertificates.of(identify(number) for number in range(2500))
    chunks = list(named.chunks())
    assert [len(chunk) for chunk in chunks] == [1000, 1000, 500]
    assert [each for chunk in chunks for each in chunk] == [
        str(identify(number)) for number in range(2500)
    ]
    assert (len(named), named.types) == (2500, {TYPE})


def test_first_ones_are_each_told_once() -> None:
    named = NamedCertificates.of([identify(9), identify(2), identify(9), identify(1)])
    assert named.first(2) == [str(identify(9)), str(identify(2))]
    assert named.first(None) == [str(identify(number)) for number in (9, 2, 1)]
    assert NamedCertificates().first(3) == []


def test_what_is_kept_already_is_not_kept_twice() -> None:
    named = NamedCertificates.of([identify(1)])
    assert NamedCertificates.of(named) is named


def test_identifier_takes_little_more_than_its_bytes() -> None:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        named = NamedCertificates.of(identify(number) for number in range(20_000))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < len(named) * (len(str(identify(0))) + 8) * 1.3 + 100_000
