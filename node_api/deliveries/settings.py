"""Settings of deliveries: where the other nodes are, and how much is sent and taken in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ledger.actions.deliveries.limits import DeliveryLimits
from ledger.identifiers import CertificateType, MemberId, Uscc

DAY_S = 86_400


class PeerSettings(BaseModel):
    """Another member's node.

    Attributes:
        url: such as "https://node.sc.example.cn:8480"; http only within a closed network.
        ca_file: PEM of the authority that its certificate is checked against; by default those of
            the operating system.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(pattern=r"^https?://[^\s/?#]+/?$")]
    ca_file: Path | None = None

    @property
    def base_url(self) -> str:
        """Without a slash at its end."""
        return self.url.rstrip("/")


class DeliverySettings(BaseModel):
    """How this node sends and takes in.

    Attributes:
        peers: by the member's code, such as "510000".
        interval_s: between two looks at what is to be sent or acknowledged.
        first_pause_s, longest_pause_s: before an attempt is repeated; doubled each time.
        threads: receivers that are sent to at once.
        timeout_s: of one request.
        part_size: bytes of one request, at most what the other node takes.
        status_notices: tell other members' departments by itself of changes of status.
        regulators: departments of others that are told of every change, by certificate type.
        The other limits are those of `ledger.actions.deliveries.limits`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    peers: dict[str, PeerSettings] = {}
    status_notices: bool = True
    regulators: dict[str, tuple[str, ...]] = {}
    interval_s: Annotated[float, Field(gt=0, le=60)] = 1.0
    first_pause_s: Annotated[float, Field(gt=0)] = 5.0
    longest_pause_s: Annotated[float, Field(gt=0)] = 3600.0
    threads: Annotated[int, Field(ge=1, le=64)] = 4
    timeout_s: Annotated[float, Field(gt=0)] = 30.0
    part_size: Annotated[int, Field(ge=1024, le=16 * 1024 * 1024)] = 512 * 1024
    max_part: Annotated[int, Field(ge=1024, le=16 * 1024 * 1024)] = 1024 * 1024
    max_size: Annotated[int, Field(gt=0)] = 256 * 1024 * 1024
    max_open: Annotated[int, Field(gt=0)] = 64
    max_open_bytes: Annotated[int, Field(gt=0)] = 2 * 1024 * 1024 * 1024
    unfinished_days: Annotated[float, Field(gt=0)] = 7
    oldest_days: Annotated[float, Field(gt=0)] = 30
    give_up_days: Annotated[float, Field(gt=0)] = 14

    @field_validator("peers")
    @classmethod
    def _name_members(cls, peers: dict[str, PeerSettings]) -> dict[str, PeerSettings]:
        for code in peers:
            MemberId.parse(code)
        return peers

    @field_validator("regulators")
    @classmethod
    def _name_regulators(cls, regulators: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for code, departments in regulators.items():
            CertificateType.parse(code)
            for department in departments:
                Uscc.parse(department)
        return regulators

    @property
    def regulators_by_type(self) -> dict[CertificateType, tuple[Uscc, ...]]:
        """As the action takes them."""
        return {
            CertificateType.parse(code): tuple(map(Uscc.parse, departments))
            for code, departments in self.regulators.items()
        }

    def find_peer(self, member: MemberId) -> PeerSettings | None:
        """Where the node of a member is; None if nobody said."""
        return self.peers.get(str(member))

    @property
    def limits(self) -> DeliveryLimits:
        """As the actions take them."""
        return DeliveryLimits(
            self.max_size,
            self.max_open,
            self.max_open_bytes,
            self.max_part,
            int(self.unfinished_days * DAY_S),
            int(self.oldest_days * DAY_S),
            int(self.give_up_days * DAY_S),
        )
