from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.actions.issuance.duplicates import EarlierRow, SeenIdentifiers


def test_key_is_new_once() -> None:
    with SeenIdentifiers() as seen:
        assert seen.remember("a", 1, 2) is None
        assert seen.remember("b", 1, 3) is None
        assert seen.remember("a", 1, 4) == EarlierRow(2, has_same_content=True)
        assert seen.remember("a", 9, 5) == EarlierRow(2, has_same_content=False)
        assert seen.remember("b", -1, 6) == EarlierRow(3, has_same_content=False)


def test_every_key_is_remembered_while_the_table_grows() -> None:
    with SeenIdentifiers() as seen:
        for line in range(30_000):
            assert seen.remember(f"key{line}", line, line) is None
        for line in range(30_000):
            assert seen.remember(f"key{line}", line, 99_999) == EarlierRow(line, True)


class Colliding(str):
    """A key whose hash is that of every other: the worst that hashing can do."""

    __slots__ = ()

    def __hash__(self) -> int:
        return 7


def test_colliding_keys_are_told_apart() -> None:
    with SeenIdentifiers() as seen:
        for line in range(50):
            assert seen.remember(Colliding(f"key{line}"), 0, line) is None
        for line in range(50):
            assert seen.remember(Colliding(f"key{line}"), 0, 99) == EarlierRow(line, True)


@given(st.lists(st.tuples(st.text("abc", max_size=3), st.integers(-5, 5)), max_size=60))
def test_agrees_with_a_dictionary(rows: list[tuple[str, int]]) -> None:
    first: dict[str, tuple[int, int]] = {}
    with SeenIdentifiers() as seen:
        for line, (key, content) in enumerate(rows):
            earlier = seen.remember(key, content, line)
            if key not in first:
                assert earlier is None
                first[key] = (line, content)
            else:
                assert earlier == EarlierRow(first[key][0], content == first[key][1])
