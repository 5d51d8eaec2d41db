"""Makes the archive from which a node is installed where no package registry is reached.

    python scripts/make_dist.py [--python 3.11 …] [--machine x86_64 …] [--out build/dist]

For each machine and Python version: every wheel of the locked runtime requirements, each with the
hash of the lock. What the archive holds is listed, with its SHA-256, in SHA256SUMS.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "scripts" / "requirements"
SHIPPED = ROOT / "scripts" / "dist"
MACHINES = ("x86_64", "aarch64")
PYTHONS = ("3.11", "3.12", "3.13")
# Wheels for any of these run on glibc 2.28 and later; the newest comes first.
GLIBC = ("2_28", "2_27", "2_26", "2_24", "2_17", "2_12", "2_5")
OLDER_NAMES = ("manylinux2014", "manylinux2010", "manylinux1")
ENGINE_PAGE = "hardhat-free-local-chain/README.md"
DOCUMENTS = ("LICENSE", "README.md", "README.zh-CN.md", "CHANGELOG.md")


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of machine with one Python."""

    machine: str
    python: str

    @property
    def name(self) -> str:
        """As `install.sh` computes it."""
        return f"{self.machine}-cp{self.python.replace('.', '')}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes the archive and prints its path."""
    options = _parse(arguments)
    version = _read_version()
    name = f"zhenglian-{version}-offline"
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as directory:
        tree = Path(directory) / name
        tree.mkdir()
        _build_wheel(tree)
        for target in (Target(m, p) for m in options.machine for p in options.python):
            print(f"Collecting wheels for {target.name} ...", flush=True)
            _collect(target, tree)
        _add_files(tree)
        _write_sums(tree)
        archive = out / f"{name}.tar.gz"
        _pack(tree, archive)
    print(archive)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", action="append", metavar="3.N", help="by default several")
    parser.add_argument("--machine", action="append", choices=MACHINES, help="by default both")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "dist")
    options = parser.parse_args(arguments)
    options.python = options.python or list(PYTHONS)
    options.machine = options.machine or list(MACHINES)
    return options


def _read_version() -> str:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["version"])


def _build_wheel(tree: Path) -> None:
    """Our own wheel, from a copy: building leaves files beside the sources."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "source"
        tracked = _run("git", "ls-files", "-z", cwd=ROOT).split("\0")
        for name in filter(None, tracked):
            if (source := ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, copy / name)
        pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
        _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(tree), str(copy))


def _collect(target: Target, tree: Path) -> None:
    """Every wheel of the lock that fits a target, and the list that installs them."""
    directory = tree / "wheels"  # of all targets: most wheels fit several
    listed = tree / "requirements" / f"{target.name}.txt"
    for each in (directory, listed.parent):
        each.mkdir(exist_ok=True)
    _run(
        str(Path(sys.executable).with_name("uv")),
        *("pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-emit-index-url"),
        *_authorities(),
        *("--generate-hashes", "--only-binary", ":all:", "--python-version", target.python),
        *("--python-platform", f"{target.machine}-manylinux_2_28"),
        *("-c", str(REQUIREMENTS / "runtime.txt"), str(REQUIREMENTS / "runtime.in")),
        *("-o", str(listed)),
    )
    _run(
        *(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"),
        *("--no-deps", "--require-hashes", "--only-binary", ":all:", "--implementation", "cp"),
        *("--python-version", target.python, "--abi", f"cp{target.python.replace('.', '')}"),
        *("--abi", "abi3", "--abi", "none"),
        *(part for name in _platforms(target.machine) for part in ("--platform", name)),
        *("-r", str(listed), "-d", str(directory)),
    )


def _authorities() -> Iterable[str]:
    """Has uv trust what this machine trusts, as pip does: a gateway may have its own authority."""
    return ("--system-certs",) if ssl.get_default_verify_paths().cafile else ()


def _platforms(machine: str) -> Iterable[str]:
    yield from (f"manylinux_{version}_{machine}" for version in GLIBC)
    yield from (f"{name}_{machine}" for name in OLDER_NAMES)
    yield f"linux_{machine}"


def _add_files(tree: Path) -> None:
    for name in DOCUMENTS:
        shutil.copy2(ROOT / name, tree / name)
    for name in ("docs", "examples"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tree / ENGINE_PAGE).parent.mkdir()
    shutil.copy2(ROOT / ENGINE_PAGE, tree / ENGINE_PAGE)
    for source in SHIPPED.iterdir():
        shutil.copy2(source, tree / source.name)
    (tree / "install.sh").chmod(0o755)


def _write_sums(tree: Path) -> None:
    lines = []
    for path in sorted(each for each in tree.rglob("*") if each.is_file()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f"{digest}  {path.relative_to(tree)}\n")
    (tree / "SHA256SUMS").write_text("".join(lines))


def _pack(tree: Path, archive: Path) -> None:
    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = 0
        info.uname = info.gname = "root"
        return info

    beside = archive.with_name(archive.name + ".new")
    with tarfile.open(beside, "w:gz", compresslevel=6) as tar:
        tar.add(tree, tree.name, filter=plain)
    beside.replace(archive)


def _run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(  # noqa: S603 - commands of this file
        command, cwd=cwd, check=False, capture_output=True, text=True, env=os.environ
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:6])} …: {done.stderr.strip() or done.stdout}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
