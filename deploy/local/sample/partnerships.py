"""The partnerships of the sample: invented agreements, pools, pledges and targets, each marked as a sample.

Some tranches are overdue on the day of reference, some reports are late, and of a few agreements not all is told, as it is
in life.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice

from deploy.local.sample import frameworks as told
from deploy.local.sample import proposals
from deploy.local.sample.agreements import (
    CLERK,
    PATH,
    THOUSAND,
    Aim,
    Step,
    Terms,
    agreement,
    allocation,
    content_of,
    in_currency,
    lines,
    partner_in,
    titles,
)
from deploy.local.sample.calls import Story, story
from deploy.local.sample.draw import Draw
from deploy.local.sample.partners import DONORS, Partner
from deploy.local.sample.places import COUNTRIES
from deploy.local.sample.programming import MARKS, Documents, country_programmes
from deploy.local.sample.project import identifier
from shared.contracts.funding.v1 import EarmarkingScope, MobilisationTarget, PartnerProfile
from shared.contracts.iati import Money

SEED = 31_000
MILLION = 1_000_000
PROJECTS, BILATERAL, MULTI_DONOR, PRIVATE, CONTRIBUTIONS = 6, 17, 4, 4, 6
FIRST_DAY = date(2024, 2, 1)
DAYS_BETWEEN = 37
ACTIVITIES = 60
"""The first so many of the portfolio are named by allocations."""
LEGAL = "g.legal (sample)"
POOL, POOL_TITLES = "RBSA", "Regular Budget Supplementary Account|Compte supplémentaire du budget ordinaire"
COUNTRY_NAMES = {"BR": "Brazil", "MZ": "Mozambique", "AO": "Angola", "ID": "Indonesia", "KH": "Cambodia"}


def documents() -> tuple[Documents, ...]:
    """Return the profiles of the donors, and the targets."""
    return (
        Documents("/v1/partner-profiles", tuple(profiles())),
        Documents("/v1/mobilisation-targets", tuple(targets())),
    )


def stories() -> Iterator[Story]:
    """Yield the agreements with their steps, then the pools that they contribute to, and the pledges."""
    yield from _of_projects()
    yield from _bilateral()
    yield from _multi_donor()
    yield from _public_private()
    yield from _southern()
    yield from _contributions()
    yield from _pools()
    yield from _pledges()


def profiles() -> Iterator[PartnerProfile]:
    """Yield a profile of each donor; of some it is not told since when they contribute."""
    for place, donor in enumerate(DONORS):
        country = COUNTRIES[place * 3]
        yield PartnerProfile(
            organisation_identifier=donor.ref,
            names=titles(donor.name),
            type=donor.type,
            sample=True,
            first_contribution=None if place % 4 == 3 else date(1990 + place * 3, 3, 1),  # noqa: PLR2004
            interests=EarmarkingScope(
                programme_outcomes=(told.OUTCOMES[place % len(told.OUTCOMES)].code,),
                countries=(country.code,) if place % 2 else (),
            ),
            kinds=("bilateral", "supplementary-account") if place % 2 else ("bilateral",),
        )


def targets() -> Iterator[MobilisationTarget]:
    """Yield targets of bienniums: in all, by receipts, for a region, an outcome and a kind of agreement."""
    for biennium, code, title, millions, part in (
        ("2010-11", "ALL", "Extra-budgetary approvals", 450, {}),
        ("2024-25", "ALL", "Voluntary funding", 90, {}),
        ("2024-25", "RECEIPTS", "Money that comes in", 60, {"measured_by": "receipts"}),
        ("2026-27", "ALL", "Voluntary funding", 80, {}),
        ("2026-27", "AFRICA", "Voluntary funding for Africa", 25, {"region": "AFRICA"}),
        ("2026-27", "OUTCOME-3", "Voluntary funding for employment", 15, {"programme_outcome": "3"}),
        ("2026-27", "PPP", "Public-private partnerships", 8, {"kind": "public-private"}),
    ):
        yield MobilisationTarget.model_validate(
            {
                "biennium": biennium,
                "code": code,
                "titles": titles(f"{title}, {biennium}"),
                "sample": True,
                "amount": Money(amount=Decimal(millions * MILLION), currency="USD"),
                **part,
            }
        )


def _of_projects() -> Iterator[Story]:
    """Yield agreements that fund proposals which were approved."""
    approved = (
        each.calls[0].body
        for each in proposals.stories()
        if any(call.body.get("action") == "activate" for call in each.calls)
    )
    by_ref = {donor.ref: donor for donor in DONORS}
    for place, proposal in enumerate(islice(approved, PROJECTS)):
        start, end = (date.fromisoformat(proposal["period"][each]) for each in ("start", "end"))
        aim = Aim(
            proposal["countries"][0],
            proposal["country_outcomes"][0]["programme"],
            proposal["country_outcomes"][0]["code"],
            proposal["programme_outcomes"][0]["biennium"],
            proposal["programme_outcomes"][0]["code"],
            identifier(place),
        )
        terms = Terms(
            f"SAMPLE-PRJ-{place + 1:02d}",
            proposal["titles"][0]["text"].removesuffix(f" {MARKS['en']}"),
            "bilateral",
            by_ref[proposal["donor"]["ref"]],
            start - timedelta(days=20),
            end.year - start.year + 1,
            int(proposal["amount"]["amount"]),
            "USD",
        )
        yield agreement(terms, aim, place, {"proposals": [proposal["identifier"]]})


def _bilateral() -> Iterator[Story]:
    """Yield agreements with one donor each over some years, from un-earmarked to tight."""
    for place, aim in enumerate(islice(_aims(), BILATERAL)):
        draw, donor = Draw(SEED + place), DONORS[place % len(DONORS)]
        terms = Terms(
            f"SAMPLE-BIL-{place + 1:02d}",
            f"Decent work with {donor.name}",
            "bilateral",
            donor,
            FIRST_DAY + timedelta(days=DAYS_BETWEEN * (place + 1)),
            2 + place % 3,
            in_currency(draw.between(6, 40) * MILLION // 10, donor),
            donor.currency,
            place % 4,
        )
        yield agreement(terms, aim, place, {})


def _multi_donor() -> Iterator[Story]:
    for place, aim in enumerate(islice(_aims(7), MULTI_DONOR)):
        donor, other = DONORS[place], DONORS[-2 - place]
        terms = Terms(
            f"SAMPLE-MUL-{place + 1:02d}",
            "A programme of several donors",
            "multi-donor",
            donor,
            FIRST_DAY + timedelta(days=200 * (place + 1)),
            4,
            5 * MILLION,
            "USD",
            1,
        )
        yield agreement(terms, aim, place, {"partners": [partner_in(donor), partner_in(other)]})


def _public_private() -> Iterator[Story]:
    """Yield partnerships with companies, of which one is still scrutinised."""
    for place, aim in enumerate(islice(_aims(15), PRIVATE)):
        company = Partner(
            f"XI-SAMPLE-COMPANY-{place + 1}", "70", {"en": f"Fair Trading Company {place + 1} (invented)"}
        )
        terms = Terms(
            f"SAMPLE-PPP-{place + 1:02d}",
            "Skills for fair supply chains",
            "public-private",
            company,
            FIRST_DAY + timedelta(days=210 * (place + 1)),
            2,
            (8 + place) * MILLION // 10,
            "USD",
        )
        partners = [partner_in(company), partner_in(company, "private")]
        step = {"partner": company.ref, "by": LEGAL}
        begin = ("due-diligence", {**step, "action": "begin"})
        clear = ("due-diligence", {**step, "action": "clear", "valid_to": "2028-12-31"})
        if place == PRIVATE - 1:
            yield story(PATH, terms.number, content_of(terms, aim, {"partners": partners}), begin)
        else:
            yield agreement(terms, aim, place, {"partners": partners}, begin, clear)


def _southern() -> Iterator[Story]:
    """Yield one agreement of South-South cooperation, and two of triangular."""
    japan, korea = DONORS[6], DONORS[10]
    yield _between("SAMPLE-SSC-01", "south-south", _southern_partner("BR"), ("BR", None, "AO"), 1)
    yield _between("SAMPLE-TRI-01", "triangular", japan, ("JP", "BR", "MZ"), 2)
    yield _between("SAMPLE-TRI-02", "triangular", korea, ("KR", "ID", "KH"), 3)


def _between(
    number: str, kind: str, giver: Partner, countries: tuple[str, str | None, str], place: int
) -> Story:
    provider, pivot, beneficiary = countries
    partners = [partner_in(giver), {**partner_in(giver, "provider"), "country": provider}]
    if pivot is not None:
        partners.append({**partner_in(_southern_partner(pivot), "pivot"), "country": pivot})
    partners.append({**partner_in(_southern_partner(beneficiary), "beneficiary"), "country": beneficiary})
    members: dict[str, object] = {"partners": partners}
    if kind == "triangular":
        members["collaboration_type"] = "8"
    aim = next(each for each in _aims() if each.country == beneficiary)
    title = f"Know-how for {COUNTRY_NAMES[beneficiary]}"
    terms = Terms(number, title, kind, giver, FIRST_DAY + timedelta(days=190 * place), 3, 900_000, "USD", 2)
    return agreement(terms, aim, place, members)


def _contributions() -> Iterator[Story]:
    """Yield agreements that contribute to the pools, three to each, every other in dollars."""
    for place, donor in enumerate(DONORS[2 : 2 + CONTRIBUTIONS]):
        biennium = told.BIENNIUMS[place % 2]
        currency, dollars = ("USD", (2 + place) * MILLION)
        amount = dollars
        if place in (2, 3):
            currency, amount = donor.currency, in_currency(dollars, donor)
        terms = Terms(
            f"SAMPLE-RBSA-{place + 1:02d}",
            f"Contribution to the supplementary account, {biennium}",
            "supplementary-account",
            donor,
            date(int(biennium[:4]), 2 + place % 3, 10),
            1,
            amount,
            currency,
            0,
        )
        yield agreement(terms, None, place, {"pool": POOL, "aid_types": [{"code": "B021"}], "scope": {}})


def _pools() -> Iterator[Story]:
    """Yield the pools, with allocations that tell why."""
    for place, biennium in enumerate(told.BIENNIUMS):
        aims = [each for each in _aims() if each.biennium == biennium]
        steps = [
            (
                "allocations",
                {
                    **allocation(f"DECISION-{number + 1}", 250 * THOUSAND * (number + 1), aim, biennium),
                    "reasons": "The largest gap among the countries that are eligible.",
                },
            )
            for number, aim in enumerate(aims[4:6])
        ]
        content = {
            "code": POOL,
            "biennium": biennium,
            "titles": lines(POOL_TITLES),
            "sample": True,
            "currency": "USD",
            "target": str((30 + place * 5) * MILLION),
            "carried_over": str(1_500 * THOUSAND),
            "countries": sorted(each.code for each in COUNTRIES),
        }
        yield story("/v1/pools", f"{POOL}/{biennium}", content, *steps)


def _pledges() -> Iterator[Story]:
    """Yield what donors said they would give, of which one pledge was kept and one withdrawn."""
    steps: dict[int, list[Step]] = {
        0: [("actions", {"action": "convert", "by": CLERK, "agreement": "SAMPLE-BIL-01"})],
        1: [("actions", {"action": "withdraw", "by": CLERK, "reasons": "The budget was not adopted."})],
    }
    for place, donor in enumerate(DONORS[:7]):
        draw = Draw(SEED + 500 + place)
        pool: dict[str, object] = {"pool": POOL} if place == len(steps) else {}
        content = {
            "identifier": f"SAMPLE-PLEDGE-{place + 1:02d}",
            "partner": partner_in(donor)["organisation"],
            "sample": True,
            "amount": {
                "amount": str(in_currency(draw.between(5, 30) * MILLION // 10, donor)),
                "currency": donor.currency,
            },
            "pledged_on": (date(2025, 9, 1) + timedelta(days=30 * place)).isoformat(),
            "biennium": told.BIENNIUMS[1],
            "probability": str(draw.pick((25, 50, 75, 90))),
            "scope": {"programme_outcomes": [told.OUTCOMES[place].code]} if place % 2 else {},
            **pool,
        }
        yield story("/v1/pledges", str(content["identifier"]), content, *steps.get(place, []))


def _aims(first: int = 0) -> Iterator[Aim]:
    """Yield an aim in each country of the sample, from one on, in the newest biennium that its outcome serves."""
    programmes = list(country_programmes())
    for place, programme in enumerate(programmes[first:] + programmes[:first]):
        outcome = programme.outcomes[place % len(programme.outcomes)]
        link = outcome.programme_outcomes[-1 if place % 3 else 0]
        activity = identifier((first + place * 7) % ACTIVITIES)
        yield Aim(programme.country, programme.code, outcome.code, link.biennium, link.code, activity)


def _southern_partner(country: str) -> Partner:
    """Return the government of a country of the South, by an identifier that nobody has."""
    return Partner(
        f"XI-SAMPLE-GOV-{country}", "10", {"en": f"Government of {COUNTRY_NAMES[country]} (invented)"}
    )
