#!/bin/sh
# Installs Zhenglian from this directory, without any network. Usage: install.sh [PREFIX]
# PREFIX is /opt/zhenglian by default; the command is PREFIX/bin/zhenglian.
# PYTHON names another interpreter than python3.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
prefix=${1:-/opt/zhenglian}
python=${PYTHON:-python3}

command -v "$python" >/dev/null 2>&1 || {
    echo "$python is not there: install Python 3.11 or newer, or name it with PYTHON=..." >&2
    exit 1
}
target=$("$python" -c 'import platform, sys; print("%s-cp%d%d" % (platform.machine(), *sys.version_info[:2]))')
listed="$here/requirements/$target.txt"
[ -f "$listed" ] || {
    echo "This archive has no wheels for $target. It has:" >&2
    ls "$here/requirements" >&2
    exit 1
}
(cd "$here" && sha256sum --check --quiet SHA256SUMS) || {
    echo "The archive is damaged: copy it again." >&2
    exit 1
}
"$python" -c 'import venv, ensurepip' 2>/dev/null || {
    echo "This Python cannot make virtual environments (on Debian: install python3-venv)." >&2
    exit 1
}
"$python" -m venv "$prefix"
pip="$prefix/bin/python -m pip --disable-pip-version-check --quiet --no-input"
$pip install --no-index --require-hashes --find-links "$here/wheels" -r "$listed"
$pip install --no-index --no-deps --force-reinstall "$here"/zhenglian-*.whl
mkdir -p "$prefix/share/doc/zhenglian"
cp -R "$here/docs/." "$prefix/share/doc/zhenglian/"
"$prefix/bin/zhenglian" version
echo "Installed in $prefix. Next: $prefix/share/doc/zhenglian/operations.md"
