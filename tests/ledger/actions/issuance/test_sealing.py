from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import Executor
from pathlib import Path

import pytest

from ledger.actions.issuance.sealing import (
    PlacedDraft,
    SealingOrder,
    compute_content_mac,
    make_order,
    make_sealer,
    open_executor,
    seal_chunk,
)
from ledger.errors import NotAuthorizedError
from ledger.formats.certificate import Certificate, parse_certificate
from ledger.vault.cipher import RowCipher, certificate_binding
from ledger.vault.staged import StagedCertificate
from tests.support.departments import (
    CHONGQING_HOUSING,
    CHONGQING_TRANSPORT,
    SEALED_AT_UNIX,
    create_draft,
)

BATCH_KEY = bytes(range(32))
CIPHER = RowCipher(b"k" * 32)


@pytest.fixture(scope="module")
def order() -> SealingOrder:
    each = CHONGQING_HOUSING
    return make_order(each.seal_key, each.x5c, each.issuer, each.name, CIPHER)


def place(serial: str) -> PlacedDraft:
    draft = create_draft(CHONGQING_HOUSING.issuer, serial)
    return PlacedDraft(draft, compute_content_mac(CIPHER, draft))


def open_staged(order: SealingOrder, staged: StagedCertificate) -> Certificate:
    binding = certificate_binding(staged.leaf_hash, staged.identifier)
    content = CIPHER.decrypt(staged.ciphertext, staged.wrapped_key, binding)
    return parse_certificate((make_sealer(order).header + content).decode())


def test_a_chunk_takes_the_positions_it_was_given(order: SealingOrder) -> None:
    drafts = [place(f"2025000000{number}") for number in range(3)]
    staged = seal_chunk(order, drafts, BATCH_KEY, 7, SEALED_AT_UNIX)
    assert [each.position for each in staged] == [7, 8, 9]
    for each, placed in zip(staged, drafts, strict=True):
        certificate = open_staged(order, each)
        assert certificate.placement.batch_key == BATCH_KEY
        assert certificate.placement.position == each.position
        assert certificate.certificate_id == placed.draft.certificate_id
        assert certificate.leaf_hash == each.leaf_hash
        assert each.content_mac == placed.content_mac


def test_the_cited_certificate_is_part_of_the_content(order: SealingOrder) -> None:
    placed = place("20250000001")
    related = create_draft(CHONGQING_HOUSING.issuer, "20240000001").certificate_id
    citing = PlacedDraft(placed.draft, compute_content_mac(CIPHER, placed.draft, related), related)
    assert citing.content_mac != placed.content_mac
    (staged,) = seal_chunk(order, [citing], BATCH_KEY, 0, SEALED_AT_UNIX)
    assert open_staged(order, staged).related_certificate_id == related


def test_the_cited_case_is_part_of_the_content(order: SealingOrder) -> None:
    placed, case_id = place("20250000001"), bytes(range(32))
    mac = compute_content_mac(CIPHER, placed.draft, case_id=case_id)
    (staged,) = seal_chunk(
        order, [placed._replace(content_mac=mac, case_id=case_id)], BATCH_KEY, 0, SEALED_AT_UNIX
    )
    assert mac not in {
        placed.content_mac,
        compute_content_mac(CIPHER, placed.draft, case_id=bytes(32)),
    }
    assert open_staged(order, staged).case_id == case_id


def test_an_order_tells_nobody_its_key(order: SealingOrder) -> None:
    assert repr(order) == f"SealingOrder({CHONGQING_HOUSING.issuer})"


def test_a_key_with_the_signing_certificate_of_another_department_seals_nothing() -> None:
    own, other = CHONGQING_HOUSING, CHONGQING_TRANSPORT
    for key, x5c, issuer in (
        (own.seal_key, other.x5c, own.issuer),
        (other.seal_key, own.x5c, own.issuer),
        (other.seal_key, other.x5c, own.issuer),
    ):
        with pytest.raises(NotAuthorizedError):
            make_sealer(make_order(key, x5c, issuer, own.name, CIPHER))


@pytest.mark.parametrize("in_workers", [False, True])
def test_an_executor_hands_errors_to_whoever_asks(*, in_workers: bool) -> None:
    with open_executor(in_workers=in_workers) as executor:
        assert isinstance(executor, Executor)
        failing = executor.submit(int, "no number")
        assert executor.submit(int, "7").result() == 7
        with pytest.raises(ValueError, match="no number"):
            failing.result()


def test_an_order_reaches_another_process_whole(order: SealingOrder) -> None:
    assert pickle.loads(pickle.dumps(order)).private_key == order.private_key


def test_a_worker_loads_neither_chain_nor_database(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import sqlalchemy, web3\n"
        "from ledger.actions.issuance.sealing import open_executor\n"
        "if __name__ == '__main__':\n"
        "    heavy = {'sqlalchemy', 'web3', 'eth', 'local_chain', 'alembic'}\n"
        "    asked = f'sorted({heavy} & {{*__import__(\"sys\").modules}})'\n"
        "    with open_executor(in_workers=True) as executor:\n"
        "        print(executor.submit(eval, asked).result())\n"
    )
    told = subprocess.run([sys.executable, str(program)], capture_output=True, text=True)
    assert told.stdout.strip() == "[]", told.stderr
