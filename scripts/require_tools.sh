#!/bin/sh
# Makes sure that a system tool is there: installs it through apt where this is root on Debian,
# else says what is missing. Usage: require_tools.sh python PYTHON | node | openssl | postgresql | strace | chromium
set -eu

install() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing $* ..."
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$@" >/dev/null
    else
        echo "Missing: $*. Install it with your system's package manager (on Debian:" >&2
        echo "apt-get install $*) and run the command again." >&2
        exit 1
    fi
}

case "$1" in
python)
    command -v "$2" >/dev/null 2>&1 || install python3 python3-venv
    "$2" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        echo "Python 3.11 or newer is needed, '$2' is $("$2" -V 2>&1). Name another one:" >&2
        echo "make PYTHON=python3.12 ..." >&2
        exit 1
    }
    "$2" -c 'import venv, ensurepip' 2>/dev/null || install python3-venv
    ;;
node)
    { command -v node && command -v npm; } >/dev/null 2>&1 || install nodejs npm
    major=$(node -p 'process.versions.node.split(".")[0]')
    [ "$major" -ge 18 ] || {
        echo "Node 18 or newer is needed for the contract tests, this is $(node -v)." >&2
        exit 1
    }
    ;;
openssl)
    command -v openssl >/dev/null 2>&1 || install openssl
    ;;
postgresql)
    { ls /usr/lib/postgresql/*/bin/pg_ctl || command -v pg_ctl; } >/dev/null 2>&1 && exit 0
    if [ "$(id -u)" = 0 ] || [ -n "${CI:-}" ]; then
        install postgresql
    else
        echo "PostgreSQL is not installed: the tests that need it will be skipped." >&2
        echo "On Debian: apt-get install postgresql" >&2
    fi
    ;;
strace)
    command -v strace >/dev/null 2>&1 && exit 0
    if [ "$(id -u)" = 0 ] || [ -n "${CI:-}" ]; then
        install strace
    else
        echo "strace is not installed: the tests of failing system calls will be skipped." >&2
        echo "On Debian: apt-get install strace" >&2
    fi
    ;;
chromium)
    { command -v chromium || command -v chromium-browser; } >/dev/null 2>&1 && exit 0
    if [ "$(id -u)" = 0 ] || [ -n "${CI:-}" ]; then
        install chromium
    else
        echo "Chromium is not installed: the tests of the page in a browser will be skipped." >&2
        echo "On Debian: apt-get install chromium" >&2
    fi
    ;;
*)
    echo "usage: $0 python PYTHON | node | openssl | postgresql | strace | chromium" >&2
    exit 2
    ;;
esac
