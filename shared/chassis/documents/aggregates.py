"""What the chassis knows of one kind of aggregate that is kept whole: its row, its contract, and its owner's rules."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Text
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.documents.faults import Found
from shared.chassis.errors import NotFound
from shared.chassis.scoping import KnownPlace, PlacedRow, placed
from shared.contracts.base import Contract
from shared.contracts.catalog import AggregateFacts
from shared.policy.placing import Placing, placing_of

C = TypeVar("C", bound=Contract)


class DocumentRow(PlacedRow):
    """Columns of every aggregate that is kept whole; a table adds the columns it filters by."""

    id: UUID = Field(primary_key=True)
    identifier: str = Field(unique=True)
    version: int
    digest: bytes
    document: str = Field(sa_type=Text)
    correlation_id: str
    created_at: datetime
    updated_at: datetime = Field(index=True)


async def _no_faults(_session: AsyncSession, _document: Contract) -> Iterable[Found]:
    return ()


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[C]):
    """What the store needs to know of one kind of aggregate.

    ``columns`` are the filter columns of a document (``state`` among them where its facts tell of states); ``derive`` completes a document by the rules of its
    owner before it is compared and stored; ``faults`` tells what refuses a completed document where somebody
    authors it (a batch is taken as it was published), and ``faults_beside`` what refuses it beside other documents
    of the same owner. ``projects`` is the table that tells the places of its projects, if it is about any
    that are not its own.
    """

    noun: str
    model: type[DocumentRow]
    contract: type[C]
    facts: AggregateFacts
    identifier: Callable[[C], str]
    id_of: Callable[[str], UUID]
    columns: Callable[[C], Mapping[str, Any]]
    derive: Callable[[C], C] = field(default=lambda document: document)
    faults: Callable[[C], Iterable[Found]] = field(default=lambda _: ())
    faults_beside: Callable[[AsyncSession, C], Awaitable[Iterable[Found]]] = _no_faults
    projects: type[KnownPlace] | None = None

    @property
    def placing(self) -> Placing[C]:
        """Where documents belong, and which are published, by the policy."""
        return placing_of(self.noun)

    def placed(self, document: C) -> dict[str, Any]:
        """Return the columns that tell where a document belongs, and by which rule."""
        return {**placed(self.placing, document), "placed_by": self.placing.version}


def not_found(aggregate: Aggregate[C], identifier: str) -> NotFound:
    """Return that there is no such document."""
    return NotFound(f"No {aggregate.noun} has the identifier {identifier!r}.")
