"""What a flow asks of its driver, and what the driver answers: plain data, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from rerank_core.client.events import OnEvent
from rerank_core.client.retry import Timing
from rerank_core.models import Cost, Progress
from rerank_core.pricing.table import PriceTable
from rerank_core.providers.spec import Batch, ParsedReply, ProviderSpec
from rerank_core.transport.credentials import ApiKey

T = TypeVar("T")
OnProgress: TypeAlias = Callable[[Progress], object]


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What all calls of a client share. `address` is where requests for the default model go, `base` what it is made
    from; both are empty where nothing is sent. `options` has every option of the provider. `total_timeout` None is no
    limit, for work on this computer. At most `per_minute` requests are sent in a minute, None for no such limit."""

    spec: ProviderSpec
    key: ApiKey | None
    address: str
    base: str
    options: Mapping[str, str]
    timeout: float
    total_timeout: float | None
    max_retries: int
    max_concurrency: int
    timing: Timing
    prices: PriceTable | None
    on_event: OnEvent | None = None
    per_minute: int | None = None

    def address_for(self, model: str | None) -> str:
        """Where requests for this model go."""
        if self.spec.route is None and "{model}" not in self.spec.path:
            return self.address
        return self.spec.url(self.base, model, self.options)


# Steps that a flow yields, and the outcomes that it is sent


@dataclass(frozen=True, slots=True)
class Send:
    """Post a body to `address`; the outcome is a Reply or a Failure. One attempt takes at most `timeout` seconds and
    ends by `ends_at` on the client's clock, waiting for a free place included."""

    body: bytes
    address: str
    timeout: float
    ends_at: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for some seconds; the outcome is None."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Compute:
    """Run work on this computer; the outcome is what it returns. `report(done, total)` is called as it goes,
    and on the caller's side of things where `for_caller` is true."""

    work: Callable[[Callable[[int, int], None]], Any]
    report: Callable[[int, int], None]
    for_caller: bool


@dataclass(frozen=True, slots=True)
class Gather:
    """Drive flows side by side and hand each result to `each` as it comes, on the caller's side; the outcome
    is all results in order. The first error ends the others."""

    flows: Sequence[Generator[Step, Any, BatchResult]]
    each: Callable[[BatchResult], None]


Step: TypeAlias = Send | Wait | Compute | Gather
Flow: TypeAlias = Generator[Step, Any, T]


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What one batch of a call came to."""

    batch: Batch
    parsed: ParsedReply
    cost: Cost
    sent: Any
    raw: Any
    warnings: tuple[str, ...] = ()
