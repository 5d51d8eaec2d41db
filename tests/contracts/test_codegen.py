"""The generator on small sources: what it reads, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_codegen.compiler import CompilationError, compile_sources, read_sources
from contract_codegen.error_docs import write_error_table
from contract_codegen.model import Model, ModelError, build_model
from contract_codegen.python_records import snake_case, write_records

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
HEADER = "// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.37;\n"


def model_of(**declarations: str) -> Model:
    sources = {
        name.replace("__", "/") + ".sol": HEADER + text for name, text in declarations.items()
    }
    return build_model(compile_sources(CONTRACTS, sources)["sources"], sources)


def test_declarations_are_read_with_their_documentation() -> None:
    model = model_of(
        types__T="""
            type Code is bytes6;
            enum Colour { Red, // like blood
                          DarkBlue }
            struct Outer { Inner[] inners; } // declared before what it holds
            /// What is inside.
            struct Inner { Code code; // its code
                           Colour colour; }
            """,
        interfaces__I="""
            import {Code, Colour, Outer} from "../types/T.sol";
            interface I {
                /// @notice It happened.
                event Happened(Code indexed code, Outer outer);
                /// @notice It must not happen.
                /// @custom:category conflict
                error NotNow(Code code, uint64 validUntil);
            }
            """,
    )

    assert [struct.name for struct in model.structs] == ["Inner", "Outer"]
    assert model.structs[0].notice == "What is inside."
    assert model.structs[0].members[0].comment == "its code"
    assert model.enums[0].enum_members == (("Red", "like blood"), ("DarkBlue", ""))
    assert model.events[0].members[0].is_indexed
    assert (model.errors[0].category, model.errors[0].notice) == (
        "conflict",
        "It must not happen.",
    )

    text = write_records(model)
    assert "DARK_BLUE = 1" in text
    assert "    code: Code | None\n" in text  # in the error
    assert "    inners: tuple[Inner, ...]\n" in text
    assert "class NotNowError(abi.ContractError, ConflictError):" in text
    # The selector is the one that cast of Foundry computes.
    assert "| `NotNow` | `not_now` | `0xae1c58ff` | conflict |" in write_error_table(model)


def test_storage_layouts_inside_contracts_are_not_records() -> None:
    model = model_of(C="contract C { struct Slot { uint8 a; } Slot internal _slot; }")

    assert model.structs == ()


@pytest.mark.parametrize(
    "documentation",
    [
        "",
        "/// @notice Said.",
        "/// @notice Said.\n/// @custom:category wrong",
        "/// @custom:category conflict",
    ],
)
def test_an_error_without_notice_or_category_is_refused(documentation: str) -> None:
    with pytest.raises(ModelError, match="Bare"):
        model_of(interfaces__I=f"interface I {{\n{documentation}\nerror Bare();\n}}")


def test_errors_of_one_name_must_agree() -> None:
    one = "/// @notice Said.\n/// @custom:category conflict\nerror Same(uint8 a);"
    model = model_of(
        interfaces__I=f"interface I {{ {one} }}", interfaces__J=f"interface J {{ {one} }}"
    )
    assert len(model.errors) == 1

    other = one.replace("uint8", "uint16")
    with pytest.raises(ModelError, match="Same is declared twice"):
        model_of(
            interfaces__I=f"interface I {{ {one} }}", interfaces__J=f"interface J {{ {other} }}"
        )


def test_a_type_without_a_python_type_is_refused() -> None:
    with pytest.raises(ModelError, match=r"no Python type for uint8\[2\]"):
        model_of(types__T="struct S { uint8[2] pair; }")
    with pytest.raises(ModelError, match="no Python type for int8"):
        write_records(model_of(types__T="struct S { int8 signed; }"))


@pytest.mark.parametrize("body", ["uint256 unused = 1;", "missing();"])
def test_warnings_are_errors(body: str) -> None:
    source = f"{HEADER}contract C {{ function f() external pure {{ {body} }} }}"

    with pytest.raises(CompilationError, match=r"C\.sol"):
        compile_sources(CONTRACTS, {"C.sol": source})


def test_all_imports_stand_in_the_compilers_input() -> None:
    sources = read_sources(CONTRACTS)

    assert "Consortium.sol" in sources
    assert "types/Identifiers.sol" in sources
    assert "@openzeppelin/contracts/utils/cryptography/P256.sol" in sources
    assert not any(name.startswith(("test/", "node_modules/")) for name in sources)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("validUntil", "valid_until"),
        ("r", "r"),
        ("authorityX", "authority_x"),
        ("FieldMalformed", "field_malformed"),
    ],
)
def test_names_become_those_of_python(name: str, expected: str) -> None:
    assert snake_case(name) == expected
