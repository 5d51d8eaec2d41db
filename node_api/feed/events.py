"""Notices as server-sent events. Source: WHATWG HTML §9.2 (server-sent events).

An event's id is the index of its entry in the log. An event without data moves the client's last id
on without telling anything, so that a client that reconnects does not have the log read again.
"""

from __future__ import annotations

from typing import Final

from ledger.actions.notices import Notice
from node_api.codec import encode

MEDIA_TYPE: Final = b"text/event-stream; charset=utf-8"
RECONNECT_MS: Final = 3_000
GREETING: Final = b"retry: %d\n\n" % RECONNECT_MS


def to_event(notice: Notice) -> bytes:
    """One notice: JSON on one line, under its topic."""
    data = encode(Notice, notice)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        notice.log_index,
        notice.topic.value.encode(),
        data,
    )


def to_heartbeat(cursor: int) -> bytes:
    """A comment, so that nobody on the way takes the connection for dead, and how far it was told.

    >>> to_heartbeat(17)
    b': alive\\nid: 17\\n\\n'
    """
    if cursor < 0:
        return b": alive\n\n"
    return b": alive\nid: %d\n\n" % cursor
