"""What was sent of each row before; noted before it is sent, so that nothing that was recorded is not known."""

from collections import defaultdict
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import col, select

from gateway.spreadsheets.layout import Address
from gateway.spreadsheets.models import SpreadsheetLine
from shared.chassis.db import Database, bulk_upsert


class Ledger:
    """The contents that were sent of the rows of one template, as digests."""

    def __init__(self, database: Database, template_id: UUID) -> None:
        self._database, self._template_id = database, template_id
        self._sent: dict[Address, set[str]] = defaultdict(set)

    async def load(self) -> None:
        """Read what was sent up to now."""
        statement = select(SpreadsheetLine).where(col(SpreadsheetLine.template_id) == self._template_id)
        async with self._database.session() as session:
            for line in (await session.exec(statement)).all():
                self._sent[line.sheet, line.row].add(line.digest)

    def addresses(self) -> frozenset[Address]:
        """Return the rows of which something was sent."""
        return frozenset(address for address, sent in self._sent.items() if sent)

    def sent(self, address: Address) -> frozenset[str]:
        """Return what was sent of a row, now or before."""
        return frozenset(self._sent.get(address, ()))

    async def note(self, address: Address, digest: str) -> None:
        """Note what is about to be sent."""
        if digest in self._sent[address]:
            return
        line = {
            "template_id": self._template_id,
            "sheet": address[0],
            "row": address[1],
            "digest": digest,
            "sent_at": datetime.now(UTC),
        }
        async with self._database.session() as session, session.begin():
            await bulk_upsert(session, SpreadsheetLine, [line], key=["template_id", "sheet", "row", "digest"])
        self._sent[address].add(digest)
