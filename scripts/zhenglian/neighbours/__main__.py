"""`python -m zhenglian.neighbours`: what `make up` runs, until Ctrl-C."""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
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

MEMBERS = (CHONGQING, SICHUAN)
READY_WITHIN_S = 90.0
STOP_WITHIN_S = 40.0
_DONE = "founded"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens, on this machine alone.

    Attributes: nodes: by member.
    """

    chain: int
    nodes: dict[MemberId, int]

    @property
    def chain_url(self) -> str:
        return f"http://127.0.0.1:{self.chain}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until it is interrupted, or one of the processes ends by itself."""
    parser = argparse.ArgumentParser(prog="neighbours", description="Two nodes to try out.")
    parser.add_argument(
        "--work", type=Path, default=Path("build/up"), metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument(
        "--port", type=int, default=8481, help="Chongqing's; Sichuan's is the next (%(default)s)"
    )
    parser.add_argument("--chain-port", type=int, default=8545, help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    place = Place(chosen.work.resolve())
    ports = Ports(chosen.chain_port, {CHONGQING: chosen.port, SICHUAN: chosen.port + 1})
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run_until_stopped(place, ports)
    except LedgerError as error:
        print(f"Error: {error.message} [{error.code}]", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. The same command goes on where this ended; `make clean` removes it all.")
        return 0


def _run_until_stopped(place: Place, ports: Ports) -> int:
    _require_free_ports(ports)
    _prepare(place, ports)
    with ExitStack() as stack:
        processes = _start(place, ports, stack)
        _tell(place, ports)
        try:
            while all(process.poll() is None for process in processes):
                time.sleep(0.5)
        except KeyboardInterrupt:
            print("\nStopping ...", flush=True)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the stop itself is not stopped
            for process in processes[1:]:  # nodes together; the chain, which they may need, last
                process.terminate()
            raise
    print("A process ended by itself; its log says why:", place.work, file=sys.stderr)
    return 1


def _prepare(place: Place, ports: Ports) -> None:
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
    for member, port in ports.nodes.items():
        home = place.home(member)
        point_to(place, member, ports.chain_url)
        write_template(home / SETTINGS_NAME, f"127.0.0.1:{port}")
        _add_settings(home / SETTINGS_NAME, place, ports, member)
        secret = home / "passphrase"
        secret.touch(mode=0o600)
        secret.write_text(f"{PASSPHRASE}\n")


def _add_settings(path: Path, place: Place, ports: Ports, member: MemberId) -> None:
    """What differs from the defaults: the passphrase's file, one front, where the others are."""
    text = path.read_text("utf-8")
    head = f'passphrase_file = "{place.home(member)}/passphrase"\nworkers = 1\n'
    text = text.replace("# Names under which", f"{head}\n# Names under which", 1)
    peers = [
        f'\n[deliveries.peers."{other}"]\nurl = "http://127.0.0.1:{port}"\n'
        for other, port in ports.nodes.items()
        if other != member
    ]
    path.write_text(text + "".join(peers), "utf-8")


def _require_free_ports(ports: Ports) -> None:
    """Raises StorageError, code cannot_listen, naming the port that another program has."""
    try:
        for port in (ports.chain, *ports.nodes.values()):
            listen_tcp("127.0.0.1", port).close()
    except StorageError as error:
        hint = "others are taken by: make up PORT=9481 CHAIN_PORT=9545"
        raise StorageError(f"{error.message}; {hint}", code=error.code) from error


def _start(place: Place, ports: Ports, stack: ExitStack) -> list[subprocess.Popen[bytes]]:
    chain = [sys.executable, "-m", "local_chain", "serve"]
    chain += ["--data", str(place.chain), "--port", str(ports.chain)]
    processes = [stack.enter_context(_run(chain, place.work / "chain.log"))]
    _wait_for(f"{ports.chain_url}/health", processes[0], place.work / "chain.log")
    command = [str(Path(sys.executable).with_name("zhenglian")), "node", "serve"]
    for member in MEMBERS:
        log = place.work / f"node-{member}.log"
        home = ["--home", str(place.home(member))]
        processes.append(stack.enter_context(_run([*command, *home], log)))
    for (member, port), process in zip(ports.nodes.items(), processes[1:], strict=True):
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


def _tell(place: Place, ports: Ports) -> None:
    logins = orjson.loads(place.logins.read_bytes())
    print("\nRunning; Ctrl-C stops everything. All data is synthetic.")
    for member, port in ports.nodes.items():
        print(f"\n{NAMES[member]}  http://127.0.0.1:{port}")
        print(f"  verification page  http://127.0.0.1:{port}/verify")
        print(f"  OpenAPI document   http://127.0.0.1:{port}/v1/openapi.json")
        for role, secret in logins[str(member)].items():
            print(f"  {role:10} {secret}")
    clerk = logins[str(CHONGQING)]["clerk"]
    print("\nWhat needs a second officer is asked for by one operator and approved by the other.")
    print("Try:")
    print(f"  curl --data-binary @{place.sample} http://127.0.0.1:{ports.nodes[SICHUAN]}/v1/verify")
    print(f"  curl -H 'Authorization: Bearer {clerk}' -H 'Purpose: trying it out' \\")
    print(f"    http://127.0.0.1:{ports.nodes[CHONGQING]}/v1/certificates/{SAMPLE_ID}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
