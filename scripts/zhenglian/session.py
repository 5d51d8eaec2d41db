"""What the common options of a command come to: a home to open, a language, a place to print."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zhenglian.ages import AgeWarning
from zhenglian.door import Door, LocalDoor, is_held_by_node
from zhenglian.language import Language
from zhenglian.output import Output
from zhenglian.passphrases import PassphraseSource

if TYPE_CHECKING:
    from ledger.identifiers import MemberId
    from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Session:
    """One invocation of one command.

    Attributes:
        home: directory of the member's home.
        language: of what is printed.
        output: where to print.
        passphrase: of the home.
    """

    home: Path
    language: Language
    output: Output
    passphrase: PassphraseSource

    @property
    def schemas(self) -> Path:
        """Where the home keeps schema files of its own."""
        return self.home / "schemas"

    @property
    def member(self) -> MemberId:
        """Whose home it is, by its settings. Raises as `Config.load`."""
        from ledger.config import CONFIG_NAME, Config

        return Config.load(self.home / CONFIG_NAME).member

    def open(self) -> Workspace:
        """The home, for what needs no private key unless it turns out to."""
        from ledger.workspace import Workspace

        return Workspace.open(self.home, self.passphrase.read)

    def unlock(self, passphrase: str | None = None) -> Workspace:
        """The home with its keys and vault.

        Args:
            passphrase: None asks for it at once, before the chain is in use, so that a person who
                thinks about it keeps nobody waiting.
        """
        from ledger.workspace import Workspace

        return Workspace.open(self.home, passphrase or self.read_passphrase())

    @contextmanager
    def door(self, *, needs_keys: bool = True, passphrase: str | None = None) -> Iterator[Door]:
        """Where actions are done: by the node that holds the home, or here if none does.

        Args:
            needs_keys: ask for the passphrase at once.
            passphrase: where it was asked for before.
        """
        warning = AgeWarning(self.output)
        if is_held_by_node(self.home):
            from node_api.client import NodeClient

            def tell() -> str:
                return passphrase or self.read_passphrase()

            with NodeClient.local(self.home, tell, tell_age=warning) as client:
                yield client
            return
        with self.unlock(passphrase) if needs_keys else self.open() as workspace:
            yield LocalDoor(workspace, warning)

    def read_passphrase(self) -> str:
        """The home's passphrase. Raises NotFoundError before asking where there is no home."""
        from ledger.config import CONFIG_NAME, Config

        Config.load(self.home / CONFIG_NAME)
        return self.passphrase.read()
