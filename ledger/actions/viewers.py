"""Within which limits somebody looks, for actions that tell each viewer what is theirs to know.

Whoever opens the home with its passphrase sees everything of it: `Viewer()`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger.identifiers import RegionCode, Uscc


@dataclass(frozen=True, slots=True)
class Viewer:
    """The limits of who looks.

    Attributes:
        departments: for which; empty for all of this member's.
        regions: within which; empty for all of this member.
        reads_cases: whether they may know of cases and of who relied on what.
        holder_code: 持证主体代码 of a holder, who sees only what is their own; None otherwise.
    """

    departments: frozenset[Uscc] = frozenset()
    regions: frozenset[RegionCode] = frozenset()
    reads_cases: bool = True
    holder_code: str | None = field(default=None, repr=False)

    @property
    def is_limited(self) -> bool:
        """Whether there is anything of this member that they do not see."""
        return bool(self.departments or self.regions)

    def includes(self, department: Uscc, region: RegionCode) -> bool:
        """Whether a department of this member, in a region, lies within the limits."""
        if self.departments and department not in self.departments:
            return False
        return not self.regions or any(region.is_within(each) for each in self.regions)


EVERYTHING = Viewer()
