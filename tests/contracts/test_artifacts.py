"""What is committed is what the sources compile to. Needs node: without it these tests fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import compile_contracts
from contract_codegen.artifacts import MAX_CODE_SIZE, write_artifacts
from contract_codegen.compiler import CompilationError
from ledger.chain.artifacts import MODULE_NAMES

ROOT = Path(compile_contracts.ROOT)
ARTIFACTS = ROOT / "contracts" / "artifacts"
DEPLOYED = ("Consortium", "EntryLog", *MODULE_NAMES)


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return compile_contracts.generate(ROOT / "contracts")


def test_generated_files_are_committed_byte_for_byte(generated: dict[str, str]) -> None:
    committed = {path: (ROOT / path).read_text(encoding="utf-8") for path in generated}

    assert {path for path in generated if committed[path] != generated[path]} == set()


def test_no_artifact_is_left_of_a_contract_that_is_no_more(generated: dict[str, str]) -> None:
    committed = {path.relative_to(ROOT).as_posix() for path in ARTIFACTS.glob("*.json")}

    assert committed == {path for path in generated if path.startswith("contracts/artifacts/")}


@pytest.mark.parametrize("name", DEPLOYED)
def test_contracts_fit_the_code_size_limit_and_hold_no_metadata(name: str) -> None:
    artifact = json.loads((ARTIFACTS / f"{name}.json").read_text())
    code = bytes.fromhex(artifact["deployedBytecode"].removeprefix("0x"))

    assert 0 < len(code) < MAX_CODE_SIZE
    assert b"ipfs" not in code
    assert b"solc" not in code


def test_a_contract_beyond_the_code_size_limit_is_refused() -> None:
    evm = {"bytecode": {"object": ""}, "deployedBytecode": {"object": "00" * (MAX_CODE_SIZE + 1)}}
    answer = {"contracts": {"Huge.sol": {"Huge": {"abi": [], "evm": evm}}}}

    with pytest.raises(CompilationError, match="Huge: 24577 bytes of code"):
        write_artifacts(answer)
