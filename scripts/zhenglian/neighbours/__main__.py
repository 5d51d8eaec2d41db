"""`python -m zhenglian.neighbours [--work DIR]`: what `make up` runs, until Ctrl-C."""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import orjson

from ledger.errors import LedgerError, StorageError
from ledger.identifiers import MemberId
from node_api.settings import SETTINGS_NAME, write_template
from node_api.sockets import listen_tcp
from zhenglian.neighbours.founding import (
    CHONGQING,
    NAMES,
    PASSPHRASE,
    SAMPLE_ID,
    SICHUAN,
    Place,
    found,
    point_to,
)

CHAIN_PORT = 8545
PORTS = {CHONGQING: 8481, SICHUAN: 8482}
READY_WITHIN_S = 90.0
STOP_WITHIN_S = 40.0
_DONE = "founded"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until it is interrupted, or one of the processes ends by itself."""
    parser = argparse.ArgumentParser(prog="neighbours", description="Two nodes to try out.")
    parser.add_argument("--work", type=Path, default=Path("build/up"), metavar="DIR")
    place = Place(parser.parse_args(arguments).work.resolve())
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run_until_stopped(place)
    except LedgerError as error:
        print(f"Error: {error.message} [{error.code}]", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on where this ended; `make clean` removes it all.")
        return 0


def _run_until_stopped(place: Place) -> int:
    _require_free_ports()
    _prepare(place)
    with ExitStack() as stack:
        processes = _start(place, stack)
        _tell(place)
        while all(process.poll() is None for process in processes):
            time.sleep(0.5)
    print("A process ended by itself; its log says why:", place.work, file=sys.stderr)
    return 1


def _prepare(place: Place) -> None:
    """Founds the ledger unless it was; what an interruption left half done is made anew."""
    done = place.work / _DONE
    if not done.exists():
        print("Making two provinces with synthetic data (once, about half a minute) ...")
        if place.work.exists():
            shutil.rmtree(place.work)
        place.work.mkdir(parents=True)
        for told in found(place):
            print(f"  {told}", flush=True)
        done.touch()
    for member, port in PORTS.items():
        home = place.home(member)
        point_to(place, member, f"http://127.0.0.1:{CHAIN_PORT}")
        write_template(home / SETTINGS_NAME, f"127.0.0.1:{port}")
        _add_settings(home / SETTINGS_NAME, place, member)
        secret = home / "passphrase"
        secret.touch(mode=0o600)
        secret.write_text(f"{PASSPHRASE}\n")


def _add_settings(path: Path, place: Place, member: MemberId) -> None:
    """What differs from the defaults: the passphrase's file, one front, where the others are."""
    text = path.read_text("utf-8")
    head = f'passphrase_file = "{place.home(member)}/passphrase"\nworkers = 1\n'
    text = text.replace("# Names under which", f"{head}\n# Names under which", 1)
    peers = [
        f'\n[deliveries.peers."{other}"]\nurl = "http://127.0.0.1:{port}"\n'
        for other, port in PORTS.items()
        if other != member
    ]
    path.write_text(text + "".join(peers), "utf-8")


def _require_free_ports() -> None:
    """Raises StorageError, code cannot_listen, naming the port that another program has."""
    for port in (CHAIN_PORT, *PORTS.values()):
        listen_tcp("127.0.0.1", port).close()


def _start(place: Place, stack: ExitStack) -> list[subprocess.Popen[bytes]]:
    chain = [sys.executable, "-m", "local_chain", "serve"]
    chain += ["--data", str(place.chain), "--port", str(CHAIN_PORT)]
    processes = [stack.enter_context(_run(chain, place.work / "chain.log"))]
    _wait_for(f"http://127.0.0.1:{CHAIN_PORT}/health", processes[0], place.work / "chain.log")
    command = [str(Path(sys.executable).with_name("zhenglian")), "node", "serve"]
    for member in PORTS:
        log = place.work / f"node-{member}.log"
        home = ["--home", str(place.home(member))]
        processes.append(stack.enter_context(_run([*command, *home], log)))
    for (member, port), process in zip(PORTS.items(), processes[1:], strict=True):
        url = f"http://127.0.0.1:{port}/health/ready"
        _wait_for(url, process, place.work / f"node-{member}.log")
    return processes


@contextmanager
def _run(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its own log, stopped at the end of the block."""
    with log.open("ab") as file:
        process = subprocess.Popen(  # noqa: S603 - our own programs
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise StorageError(f"{url} does not answer; {log} says why", code="not_ready")


def _tell(place: Place) -> None:
    logins = orjson.loads(place.logins.read_bytes())
    print("\nRunning; Ctrl-C stops everything. All data is synthetic.")
    for member, port in PORTS.items():
        print(f"\n{NAMES[member]}  http://127.0.0.1:{port}")
        print(f"  verification page  http://127.0.0.1:{port}/verify")
        print(f"  OpenAPI document   http://127.0.0.1:{port}/v1/openapi.json")
        for role, secret in logins[str(member)].items():
            print(f"  {role:10} {secret}")
    clerk = logins[str(CHONGQING)]["clerk"]
    print("\nTry:")
    print(f"  curl --data-binary @{place.sample} http://127.0.0.1:{PORTS[SICHUAN]}/v1/verify")
    print(f"  curl -H 'Authorization: Bearer {clerk}' -H 'Purpose: trying it out' \\")
    print(f"    http://127.0.0.1:{PORTS[CHONGQING]}/v1/certificates/{SAMPLE_ID}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
