"""One feed of what concerns this home: its cases, what it issued and relied on, and how it is
governed.

The feed is the log, told to a viewer: an entry is one notice or none, and its index in the log is
the cursor. So reading on behind an index neither misses a notice nor tells one twice.
"""

from ledger.actions.notices.concerns import Topic
from ledger.actions.notices.reading import Notice, NoticePage, page_notices

__all__ = ["Notice", "NoticePage", "Topic", "page_notices"]
