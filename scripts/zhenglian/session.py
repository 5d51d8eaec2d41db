"""What the common options of a command come to: a home to open, a language, a place to print."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zhenglian.language import Language
from zhenglian.output import Output
from zhenglian.passphrases import PassphraseSource

if TYPE_CHECKING:
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

    def read_passphrase(self) -> str:
        """The home's passphrase. Raises NotFoundError before asking where there is no home."""
        from ledger.workspace import CONFIG_NAME, Config

        Config.load(self.home / CONFIG_NAME)
        return self.passphrase.read()
