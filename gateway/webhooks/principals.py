"""For whom a subscription acts: the principal who made it, with the grants of that moment.

A client of the gateway's own issuer can only lose by what happens later: what was taken from its grants is taken from the
subscription too, and a client that was revoked is told nothing more until it changes the subscription with a new token.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.issuer.models import Client
from gateway.webhooks.models import Webhook
from shared.policy.grants import Grant
from shared.policy.principals import Principal

Clients = Mapping[str, Client]


def made_by(principal: Principal) -> dict[str, Any]:
    """Return the columns of a subscription that tell for whom it acts."""
    who = {
        "issuer": principal.issuer,
        "subject": principal.subject,
        "client": principal.client,
        "name": principal.name,
    }
    return {"made_by": who, "grants": [grant.as_claim() for grant in principal.grants]}


def owner_of(principal: Principal) -> str:
    """Return the system that owns what a principal makes, by one name among those of all issuers."""
    return f"{principal.issuer}#{principal.client}"


async def clients_of(session: AsyncSession, issuer: str, webhooks: Iterable[Webhook]) -> Clients:
    """Return the clients of our own issuer among those who made subscriptions, by id."""
    ids = {each.made_by["client"] for each in webhooks if each.made_by["issuer"] == issuer}
    rows = await session.exec(select(Client).where(col(Client.id).in_(ids))) if ids else ()
    return {row.id: row for row in rows}


def principal_of(webhook: Webhook, clients: Clients) -> Principal | None:
    """Return whom a subscription acts for, None where its client was revoked or has none of its grants any more."""
    who = webhook.made_by
    grants = [Grant.model_validate(grant) for grant in webhook.grants]
    client = clients.get(who["client"])
    if client is not None:
        if client.revoked_at is not None and client.revoked_at >= webhook.granted_at:
            return None
        if who["subject"] == who["client"]:
            left = {Grant.model_validate(grant) for grant in client.grants}
            grants = [grant for grant in grants if grant in left]
    if not grants:
        return None
    return Principal(who["issuer"], who["subject"], who["client"], who["name"], tuple(grants))
