"""Where a passphrase comes from: a file, the environment, or a hidden prompt. Never an argument."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import MalformedInputError, NotAuthorizedError
from zhenglian.language import Language

HOME_VARIABLE = "ZHENGLIAN_PASSPHRASE"
HOLDER_VARIABLE = "ZHENGLIAN_HOLDER_PASSPHRASE"
THIS_HOME = ("本节点目录", "this home")
HOLDERS_KEY = ("持证人密钥", "the holder's key")


@dataclass(frozen=True, slots=True)
class PassphraseSource:
    """One passphrase that may have to be asked for.

    Attributes:
        name: what it opens, in Chinese and in English.
        variable: of the environment.
        option: that names a file.
        file: which file, None if none was named.
        language: of the prompt.
    """

    name: tuple[str, str]
    variable: str
    option: str
    file: Path | None
    language: Language = Language.EN

    @property
    def is_given(self) -> bool:
        """Whether it can be had without asking a person."""
        return self.file is not None or bool(os.environ.get(self.variable))

    def read(self, *, is_new: bool = False) -> str:
        """The passphrase; a new one is asked for twice.

        Raises:
            NotAuthorizedError: nobody can be asked.
            MalformedInputError: the file has none, or the two that were typed differ.
        """
        if self.file is not None:
            return _read_file(self.file)
        if found := os.environ.get(self.variable):
            return found
        if not sys.stdin.isatty():
            raise NotAuthorizedError(
                f"the passphrase of {self.name[1]} is needed and nobody can be asked: set "
                f"{self.variable} or name a file with {self.option}",
                code="passphrase_missing",
                field="passphrase",
            )
        return self._ask(is_new=is_new)

    def _ask(self, *, is_new: bool) -> str:
        import typer

        pick, (zh, en) = self.language.pick, self.name
        prompt = (
            pick(f"为{zh}设置口令", f"New passphrase of {en}")
            if is_new
            else pick(f"{zh}的口令", f"Passphrase of {en}")
        )
        again = pick("再输入一次", "The same again")
        typed = str(typer.prompt(prompt, hide_input=True, err=True))
        if is_new and typer.prompt(again, hide_input=True, err=True) != typed:
            raise MalformedInputError(
                "passphrase: the two that were typed differ; nothing was made", field="passphrase"
            )
        return typed


def _read_file(path: Path) -> str:
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise MalformedInputError(
            f"{path}: expected the passphrase as UTF-8 text", field="passphrase"
        ) from error
    if not lines or not lines[0]:
        raise MalformedInputError(
            f"{path}: expected the passphrase in the first line, which is empty",
            field="passphrase",
        )
    return lines[0]
