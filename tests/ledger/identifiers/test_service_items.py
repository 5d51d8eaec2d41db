from __future__ import annotations

import pytest

from ledger.errors import MalformedInputError
from ledger.identifiers import ItemCode, Uscc

SAMPLE = "11370800MB285591843370117002011"


def test_sample_begins_with_its_department() -> None:
    item = ItemCode.parse(SAMPLE)
    assert item.department == Uscc.parse("11370800MB28559184")
    assert item.to_chain() == SAMPLE.encode()
    assert ItemCode.from_chain(item.to_chain()) == item
    assert str(item) == SAMPLE


@pytest.mark.parametrize(
    "text", ["", SAMPLE[:-1], SAMPLE + "1", SAMPLE.lower(), SAMPLE.replace("184337", "185337")]
)
def test_malformed_item_is_rejected(text: str) -> None:
    with pytest.raises(MalformedInputError):
        ItemCode.parse(text)
