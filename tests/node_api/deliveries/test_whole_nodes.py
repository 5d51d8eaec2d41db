"""Two whole nodes, with everything that stands around their routes: it travels by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ledger.actions.deliveries.inbox import (
    list_outgoing,
    read_receipt,
    resolve_delivery,
    send_content,
    show_delivery,
    take_delivery,
)
from ledger.formats.delivery_receipt import DeliveryReceipt
from ledger.formats.envelope import DeliveryKind
from ledger.vault.delivery_tables import DeliveryState
from node_api.assembly import Node, assemble
from node_api.deliveries.settings import DeliverySettings, PeerSettings
from node_api.doors import Door, DoorApp
from node_api.runtime import NodeRuntime
from node_api.settings import NodeSettings
from tests.node_api.deliveries.delivery_nodes import Listener
from tests.node_api.deliveries.waiting import wait_until
from tests.support.consortium import CHONGQING, ISSUERS, PASSPHRASE, SICHUAN, Consortium
from tests.support.node import run_node
from tests.support.served_chain import serve_chain


class LateApp:
    """A node's application, assembled in the event loop that serves it."""

    def __init__(self, runtime: NodeRuntime) -> None:
        self._runtime = runtime
        self._node: Node | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self._node = self._node or assemble(self._runtime)
        await DoorApp(self._node.app, Door.PUBLIC)(scope, receive, send)


def test_what_is_sent_by_one_node_is_acknowledged_by_the_other(
    founded_consortium: Consortium, tmp_path: Path
) -> None:
    own = founded_consortium.copy(tmp_path / "consortium")
    content, listener = bytes(600_000), Listener()
    with serve_chain(own.chain) as served:
        own.set_chain_of_all(served.url)
        soon = DeliverySettings(interval_s=0.05, first_pause_s=0.1)
        with own.open(SICHUAN) as theirs:
            with NodeRuntime(theirs, NodeSettings(deliveries=soon)) as runtime:
                listener.start(LateApp(runtime))
                peers = {str(SICHUAN): PeerSettings(url=listener.url)}
                settings = NodeSettings(deliveries=soon.model_copy(update={"peers": peers}))
                with run_node(own.open(CHONGQING), PASSPHRASE, settings) as node:
                    kind, receiver = DeliveryKind.PRESENTATION, ISSUERS[SICHUAN]
                    sent = node.client.call(send_content, kind, receiver, content, name="file")
                    short = sent.delivery_id.hex()[:12]
                    assert node.client.call(resolve_delivery, short) == sent.delivery_id

                    def is_acknowledged() -> bool:
                        found = node.client.call(show_delivery, sent.delivery_id)
                        return found.state is DeliveryState.ACKNOWLEDGED

                    wait_until(is_acknowledged)
                    (listed,) = node.client.call(list_outgoing)
                    assert (listed.name, listed.arrived) == ("file", listed.size)
                    receipt = node.client.call(read_receipt, sent.delivery_id)
                    assert DeliveryReceipt.parse(receipt).delivery_id == sent.delivery_id
                listener.stop()
            assert take_delivery(theirs, sent.delivery_id) == content
