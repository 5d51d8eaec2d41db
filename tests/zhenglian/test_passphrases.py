from __future__ import annotations

import os
import pty
import sys
from pathlib import Path

import pytest

from ledger.errors import MalformedInputError, NotAuthorizedError
from zhenglian.passphrases import HOME_VARIABLE, THIS_HOME, PassphraseSource

ASKING = f"""
from zhenglian.passphrases import THIS_HOME, PassphraseSource
source = PassphraseSource(THIS_HOME, "{HOME_VARIABLE}", "--passphrase-file", None)
print("read:", ascii(source.read(is_new=True)))
"""


def make_source(file: Path | None = None) -> PassphraseSource:
    return PassphraseSource(THIS_HOME, HOME_VARIABLE, "--passphrase-file", file)


def test_file_comes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, "from the environment")
    file = tmp_path / "p"
    file.write_text("口令 of the file \r\nsecond line\n", "utf-8")
    assert make_source(file).read() == "口令 of the file "
    assert make_source().read() == "from the environment"
    assert make_source().is_given


@pytest.mark.parametrize("content", [b"", b"\n", b"\nsecond", "口令而非此".encode("gb18030")])
def test_file_without_a_passphrase_is_rejected(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "p"
    file.write_bytes(content)
    with pytest.raises(MalformedInputError):
        make_source(file).read()


def test_where_nobody_can_be_asked_the_error_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with pytest.raises(NotAuthorizedError, match=HOME_VARIABLE) as caught:
            make_source().read()
    assert caught.value.code == "passphrase_missing"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (b"secret one\nsecret one\n", "read: 'secret one'"),
        (b"secret one\nsecret two\n", "MalformedInputError"),
    ],
)
def test_new_passphrase_is_typed_twice_and_never_shown(typed: bytes, told: str) -> None:
    child, terminal = pty.fork()
    if child == 0:
        environment = {name: os.environ[name] for name in os.environ if name != HOME_VARIABLE}
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        os.execve(sys.executable, [sys.executable, "-c", ASKING], environment)
    shown = b""
    for line in typed.splitlines(keepends=True):
        while not shown.endswith(b": "):
            shown += os.read(terminal, 1024)
        assert b"secret" not in shown
        os.write(terminal, line)
        shown += b"\n"
    try:
        while piece := os.read(terminal, 1024):
            shown += piece
    except OSError:
        pass  # the other side has closed the terminal
    os.waitpid(child, 0)
    os.close(terminal)
    assert told in shown.decode()
