"""All donors: what each of them agreed, gave and pledged in a biennium, and who is new among them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from pydantic import BaseModel, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import AGREEMENTS, PARTNER_PROFILES, PLEDGES
from gateway.results.accountability.amounts import AmountTold
from gateway.results.accountability.funders import (
    Contributed,
    contributed,
    first_of,
    funders,
    funds_alone,
    pledged,
)
from gateway.results.documents import every
from gateway.results.schemas import Asked
from gateway.results.scope import permit_in
from gateway.results.terms import Terms
from shared.contracts.funding.v1 import Agreement, PartnerProfile, Pledge
from shared.contracts.iati import Organisation
from shared.figures.biennium import Biennium
from shared.figures.classifications import title_of
from shared.figures.partnerships import COMMITTED
from shared.policy.places import place


class DonorRow(BaseModel):
    """A donor; ``funded_with_others`` is what agreements brought that others fund too, whole, and is nobody's own."""

    identifier: str
    name: str | None
    type: str | None = Field(description="OrganisationType (IATI code list)")
    first_contribution: date | None
    new_donor: bool | None = Field(description="Whether its first contribution is within the biennium")
    agreements: int = Field(description="Agreements that were signed, of any time")
    own: Contributed
    funded_with_others: Contributed
    open_pledges: list[AmountTold] = Field(description="Of any time; they bind nobody")


class AllDonors(BaseModel):
    """All donors together; each agreement counts once, also those whose donors have no identifier."""

    donors: int
    new_donors: int
    first_contribution_unknown: int = Field(description="Donors of whom it is not known whether they are new")
    agreements: int = Field(description="Agreements that were signed, of any time")
    agreements_without_donor: int = Field(
        description="Of these, those that no donor with an identifier funds"
    )
    contributed: Contributed
    open_pledges: list[AmountTold]


class DonorPage(Asked):
    """A page of donors in order of identifier, all of them together, and the cursor of the next page."""

    biennium: str
    items: list[DonorRow]
    whole: AllDonors
    next: str | None


class Partnerships:
    """All profiles, agreements and pledges, by the partner that they are of."""

    def __init__(
        self, profiles: Iterable[PartnerProfile], agreements: Iterable[Agreement], pledges: Iterable[Pledge]
    ) -> None:
        self.agreements = [each for each in agreements if each.state in COMMITTED]
        self.pledges = list(pledges)
        self._profiles = {each.organisation_identifier: each for each in profiles}
        self._agreements: dict[str, list[Agreement]] = defaultdict(list)
        self._pledges: dict[str, list[Pledge]] = defaultdict(list)
        self._named: dict[str, Organisation] = {}
        self.without_donor = 0
        for agreement in self.agreements:
            self._take(agreement)
        for pledge in self.pledges:
            if pledge.partner.ref:
                self._pledges[pledge.partner.ref].append(pledge)
                self._named.setdefault(pledge.partner.ref, pledge.partner)
        self.donors = sorted(self._profiles.keys() | self._named.keys())

    @classmethod
    async def read(cls, session: AsyncSession) -> "Partnerships":
        """Return those of the read model that are of partners whom the permit of the session covers."""
        permit = permit_in(session)
        profiles, agreements = await every(session, PARTNER_PROFILES), await every(session, AGREEMENTS)
        pledges = await every(session, PLEDGES)
        if permit.is_everywhere:
            return cls(profiles, agreements, pledges)

        def covered(organisation: str | None) -> bool:
            return organisation is not None and permit.covers(place(organisations=[organisation]))

        found = cls(
            [each for each in profiles if covered(each.organisation_identifier)],
            [each for each in agreements if any(covered(f.organisation.ref) for f in funders(each))],
            [each for each in pledges if covered(each.partner.ref)],
        )
        found.donors = [each for each in found.donors if covered(each)]
        return found

    def row(self, identifier: str, biennium: Biennium, terms: Terms) -> DonorRow:
        """Return one donor in brief."""
        profile, named = self._profiles.get(identifier), self._named.get(identifier)
        agreements = self._agreements.get(identifier, [])
        own = [each for each in agreements if funds_alone(each, identifier)]
        others = [each for each in agreements if not funds_alone(each, identifier)]
        first = first_of(identifier, profile, agreements, biennium)
        names = profile.names if profile else named.names if named else ()
        return DonorRow(
            identifier=identifier,
            name=title_of(names),
            type=(profile.type if profile else None) or (named.type if named else None),
            first_contribution=first.on,
            new_donor=first.is_new,
            agreements=len(agreements),
            own=contributed(own, biennium, terms),
            funded_with_others=contributed(others, biennium, terms),
            open_pledges=pledged(self._pledges.get(identifier, ()), terms),
        )

    def whole(self, biennium: Biennium, terms: Terms) -> AllDonors:
        """Return all donors together."""
        new = [
            first_of(each, self._profiles.get(each), self._agreements.get(each, ()), biennium).is_new
            for each in self.donors
        ]
        return AllDonors(
            donors=len(self.donors),
            new_donors=new.count(True),
            first_contribution_unknown=new.count(None),
            agreements=len(self.agreements),
            agreements_without_donor=self.without_donor,
            contributed=contributed(self.agreements, biennium, terms),
            open_pledges=pledged(self.pledges, terms),
        )

    def _take(self, agreement: Agreement) -> None:
        named = {each.organisation.ref: each.organisation for each in funders(agreement)}
        for identifier, organisation in named.items():
            if identifier:
                self._agreements[identifier].append(agreement)
                self._named.setdefault(identifier, organisation)
        self.without_donor += not any(named)


def donor_rows(
    known: Partnerships, biennium: Biennium, terms: Terms, after: str | None, limit: int
) -> Sequence[DonorRow]:
    """Return a page of donors in order of identifier, and one more."""
    wanted = [each for each in known.donors if after is None or each > after][: limit + 1]
    return [known.row(each, biennium, terms) for each in wanted]
