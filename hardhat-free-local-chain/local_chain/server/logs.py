"""What a served chain says on standard error: faults alone, a line each, repetitions left out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from local_chain.embedded import ChainError

SILENCE_S = 60.0


class OneLineFormatter(logging.Formatter):
    """A fault of the disk is told in its own words; only a fault of the program has a traceback."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        problem = record.exc_info[1] if record.exc_info else None
        if not isinstance(problem, ChainError):
            return super().format(record)
        record.message = record.getMessage()
        record.asctime = self.formatTime(record, self.datefmt)
        return f"{self.formatMessage(record)}: {problem}"


class RepetitionFilter(logging.Filter):
    """Lets one kind of message through once in `SILENCE_S`: a full disk fails many times a second.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._silent_until: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write it."""
        kind, now = (record.name, str(record.msg)), self._clock()
        if now < self._silent_until.get(kind, now):
            return False
        self._silent_until[kind] = now + SILENCE_S
        return True


def configure_logging() -> None:
    """Write what goes wrong in this process to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLineFormatter())
    handler.addFilter(RepetitionFilter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    # uvicorn warns of every malformed request, which is the sender's affair.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
