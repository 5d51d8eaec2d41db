"""What `make up` starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from node_api.sockets import listen_tcp
from zhenglian.neighbours.__main__ import main


def test_a_taken_port_is_named_with_what_to_do_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "up"
    with listen_tcp("127.0.0.1", 0) as other:
        port = other.getsockname()[1]
        assert main(["--work", str(work), "--chain-port", str(port)]) == 1
    told = capsys.readouterr().err
    assert f"127.0.0.1 port {port}" in told
    assert "make up PORT=9481 CHAIN_PORT=9545" in told
    assert not work.exists()
