"""The feed of notices as server-sent events."""

from node_api.feed.stream import NoticeStream

__all__ = ["NoticeStream"]
