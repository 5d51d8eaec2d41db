"""Options and arguments that several commands have, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhenglian.language import Language

HomeOption = Annotated[
    Path,
    typer.Option(
        "--home",
        envvar="ZHENGLIAN_HOME",
        metavar="DIR",
        help="Directory with this member's keys, vault and index.",
    ),
]
DEFAULT_HOME = Path("zhenglian-home")

PassphraseFileOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help="File whose first line is the passphrase; else ZHENGLIAN_PASSPHRASE, else a prompt.",
    ),
]
HolderPassphraseFileOption = Annotated[
    Path | None,
    typer.Option(
        "--holder-passphrase-file",
        metavar="FILE",
        help="The same for the holder's key; else ZHENGLIAN_HOLDER_PASSPHRASE, else a prompt.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="One JSON document on standard output, errors included.")
]
LanguageOption = Annotated[
    Language | None,
    typer.Option(
        "--lang",
        envvar="ZHENGLIAN_LANG",
        help="Language of what is printed; by default the locale's.",
    ),
]

IdentifierArgument = Annotated[
    str, typer.Argument(metavar="IDENTIFIER", help="证照标识: 1.2.156.3005.2.….")
]
UsccArgument = Annotated[
    str, typer.Argument(metavar="USCC", help="Unified social credit code, 18 characters.")
]
TypeArgument = Annotated[
    str, typer.Argument(metavar="TYPE", help="Certificate type: 21 characters, or their end.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite the file if there is one.")]
