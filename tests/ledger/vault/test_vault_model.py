"""Any sequence of steps leaves a vault that says what a dictionary would say."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from ledger.errors import ConflictError, NotFoundError
from ledger.vault.batches import BatchRow
from ledger.vault.tables import BatchState
from tests.ledger.vault.vaults import NOW_UNIX, create_vault, new_batch, open_vault, seal

NAMES = st.lists(st.sampled_from([f"n{number}" for number in range(12)]), min_size=1, max_size=6)


@dataclass
class ModelBatch:
    """What a batch should be."""

    state: BatchState = BatchState.OPEN
    names: list[str] = field(default_factory=list)
    count: int = 0


class VaultMachine(RuleBasedStateMachine):
    """Batches and certificates, by the vault and by a model."""

    batches: Bundle[BatchRow] = Bundle("batches")

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.model: dict[int, ModelBatch] = {}
        self.erased: set[str] = set()
        self.contents: dict[str, bytes] = {}

    @initialize()
    def begin(self) -> None:
        self.vault = create_vault(self.home / "vault")

    def teardown(self) -> None:
        self.vault.close()
        shutil.rmtree(self.home)

    @rule(target=batches)
    def open_batch(self) -> BatchRow:
        row = self.vault.batches.open(new_batch())
        self.model[row.pk] = ModelBatch()
        return row

    @rule(batch=batches, names=NAMES, skipped=st.sampled_from([0, 0, 0, 0, 1]))
    def stage(self, batch: BatchRow, names: list[str], skipped: int) -> None:
        model = self.model[batch.pk]
        first = model.count + skipped
        content = f"{batch.pk} {first}".encode()
        staged = [
            seal(self.vault.row_cipher, name, position, content)
            for position, name in enumerate(names, first)
        ]
        allowed = (
            model.state is BatchState.OPEN
            and not skipped
            and len(set(names)) == len(names)
            and not any(name in self.contents for name in names)
        )
        if self.succeeds(lambda: self.vault.certificates.stage(batch.pk, staged), allowed):
            model.names += names
            model.count += len(names)
            self.contents |= dict.fromkeys(names, content)

    @rule(batch=batches)
    def close(self, batch: BatchRow) -> None:
        model = self.model[batch.pk]
        root = sha256(batch.batch_key).digest()
        allowed = model.count > 0 and model.state in (BatchState.OPEN, BatchState.CLOSED)
        if self.succeeds(
            lambda: self.vault.batches.close(batch.pk, root, model.count, NOW_UNIX, b"s" * 64),
            allowed,
        ):
            model.state = BatchState.CLOSED

    @rule(batch=batches)
    def anchor(self, batch: BatchRow) -> None:
        model = self.model[batch.pk]
        if self.succeeds(
            lambda: self.vault.batches.mark_anchored(batch.pk, NOW_UNIX, 1, b"t" * 32),
            model.state in (BatchState.CLOSED, BatchState.ANCHORED),
        ):
            model.state = BatchState.ANCHORED

    @rule(batch=batches)
    def abandon(self, batch: BatchRow) -> None:
        model = self.model[batch.pk]
        if self.succeeds(
            lambda: self.vault.batches.abandon(batch.pk), model.state is not BatchState.ANCHORED
        ):
            model.state = BatchState.ABANDONED
            for name in model.names:
                del self.contents[name]
            self.erased -= set(model.names)
            model.names = []

    @precondition(lambda self: self.contents)
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.contents)))
        self.vault.certificates.erase_key(name, "because")
        self.erased.add(name)

    @rule()
    def reopen(self) -> None:
        self.vault.close()
        self.vault = open_vault(self.home / "vault")

    @precondition(lambda self: hasattr(self, "vault"))
    @invariant()
    def certificates_are_those_of_the_model(self) -> None:
        known = self.vault.certificates.find_many([f"n{number}" for number in range(12)])
        assert known.keys() == self.contents.keys()
        for name, content in self.contents.items():
            found = self.vault.certificates.find(name)
            assert found is not None
            assert found == self.vault.certificates.by_position(
                found.batch.batch_key, found.position
            )
            assert self.model[found.batch.pk].names[found.position] == name
            assert (known[name].batch_pk, known[name].position) == (found.batch.pk, found.position)
            assert (found.content_mac is None) == (name in self.erased)
            if name not in self.erased:
                assert self.vault.certificates.decrypt(found) == content

    @precondition(lambda self: hasattr(self, "vault"))
    @invariant()
    def batches_are_those_of_the_model(self) -> None:
        rows = self.vault.batches.in_state(*BatchState)
        assert {row.pk: (row.state, row.count) for row in rows} == {
            pk: (model.state, model.count) for pk, model in self.model.items()
        }
        for pk, model in self.model.items():
            assert [c.identifier for c in self.vault.certificates.iterate(pk)] == model.names
            assert len(self.vault.batches.leaf_hashes(pk)) == len(model.names)
        assert self.vault.integrity_check() == []

    def succeeds(self, step: Callable[[], object], allowed: bool) -> bool:
        """Take a step, which must be refused exactly when the model does not allow it."""
        if allowed:
            step()
        else:
            with pytest.raises((ConflictError, NotFoundError)):
                step()
        return allowed


VaultMachine.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestVaultAgainstModel = VaultMachine.TestCase
