from __future__ import annotations

import json
from pathlib import Path

from ledger.actions.catalogue_documents import NamedDefinition, compare_named, show_matter
from ledger.identifiers import ItemCode
from tests.support.consortium import SAFETY_STAFF
from tests.support.node import RunningNode

MATTER = Path(__file__).parents[3] / "examples/matters/chongqing-safety-licence.json"
OTHER = MATTER.with_name("sichuan-safety-licence.json")


def test_matter_is_defined_read_and_compared(node: RunningNode) -> None:
    document = MATTER.read_bytes()
    item_code = json.loads(document)["itemCode"]
    assert node.get("/v1/catalogue") == {"types": [], "matters": []}
    defined = node.post("/v1/catalogue/matters", document=document.hex(), status=201)
    assert (defined["code"], defined["version"]) == (item_code, 1)
    (listed,) = node.get("/v1/catalogue")["matters"]
    shown = node.get(f"/v1/catalogue/matters/{item_code}")
    assert shown["catalogued"] == listed
    assert (shown["at_hand"], json.loads(bytes.fromhex(shown["definition"]))["itemCode"]) == (
        [True],
        item_code,
    )
    compared = node.post(
        "/v1/catalogue/comparisons",
        left={"item_code": item_code},
        right={"document": OTHER.read_bytes().hex()},
    )
    named = NamedDefinition.parse(item_code), NamedDefinition(document=OTHER.read_bytes())
    assert compared["differences"]
    assert compare_named(node.workspace, *named) == node.client.call(compare_named, *named)
    again = node.post("/v1/catalogue/matters", document=document.hex(), status=409)
    assert again["code"] == "version_unexpected"


def test_document_of_another_department_is_imported_and_says_nothing_yet(
    node: RunningNode,
) -> None:
    document = OTHER.read_bytes()
    imported = node.post("/v1/catalogue/documents", document=document.hex())
    assert (imported["version"], imported["is_recorded"]) == (1, False)
    refused = node.post("/v1/catalogue/matters", document=document.hex(), status=404)
    assert refused["code"] == "seal_key_missing"


def test_type_of_another_authority_is_refused(node: RunningNode) -> None:
    document = node.workspace.schema(SAFETY_STAFF).document
    refused = node.post("/v1/catalogue/types", document=document.hex(), status=403)
    assert refused["code"] == "type_of_another_authority"
    path = f"/v1/catalogue/types/{SAFETY_STAFF}/national"
    unknown = node.post(path, legal_basis="《规定》第十条", status=404)
    assert unknown["code"] == "type_unknown"


def test_what_is_no_definition_names_what_was_expected(shared_node: RunningNode) -> None:
    problem = shared_node.post("/v1/catalogue/matters", document=b"{}".hex(), status=422)
    assert problem["field"] == "format"
    problem = shared_node.post("/v1/catalogue/matters", document="zz", status=422)
    assert problem["field"] == "document"
    nothing = shared_node.post("/v1/catalogue/comparisons", left={}, right={}, status=422)
    assert nothing["field"] == "left"


def test_unknown_matter_and_type_are_not_found(shared_node: RunningNode) -> None:
    item_code = "11500000000000001G0117009009000"
    assert shared_node.get(f"/v1/catalogue/matters/{item_code}", status=404)["code"] == (
        "matter_not_catalogued"
    )
    missing = shared_node.get(f"/v1/catalogue/types/{SAFETY_STAFF}", status=404)
    assert missing["code"] == "type_not_catalogued"
    malformed = shared_node.get("/v1/catalogue/matters/123", status=422)
    assert malformed["field"] == "item_code"


def test_client_gives_what_the_action_gives(node: RunningNode) -> None:
    document = MATTER.read_bytes()
    item_code = ItemCode.parse(json.loads(document)["itemCode"])
    node.post("/v1/catalogue/matters", document=document.hex(), status=201)
    assert node.client.call(show_matter, item_code) == show_matter(node.workspace, item_code)
