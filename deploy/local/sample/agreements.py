"""Agreements of the sample as they go: written, signed, paid for, allocated, and some of them changed or stopped."""

from dataclasses import dataclass
from datetime import date, timedelta

from deploy.local.sample import frameworks as told
from deploy.local.sample.calls import Body, Story, story
from deploy.local.sample.partners import Partner
from deploy.local.sample.places import COUNTRIES
from deploy.local.sample.programming import MARKS
from deploy.local.sample.project import REFERENCE
from shared.contracts.iati import Narrative, Narratives

PATH = "/v1/agreements"
THOUSAND = 1000
CLERK, CHIEF = "d.clerk (sample)", "e.chief (sample)"
REASONS = {
    "suspend": "The ministry is being reorganised.",
    "terminate": "The partner's budget was cut.",
}
LATE, UNDELIVERED, SIGNED_ONLY = 4, 3, 9
"""Of every so many agreements one has a tranche that did not come in, a report that was not delivered, or no work yet."""
STAYS_DRAFT = "SAMPLE-BIL-17"
STOPPED = {"SAMPLE-BIL-04": "suspend", "SAMPLE-BIL-07": "terminate"}
AMENDED = ("SAMPLE-BIL-02", "SAMPLE-BIL-05", "SAMPLE-MUL-01")
SOFTLY, EARMARKED = 1, 2

Step = tuple[str, Body]


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed on: by whom, from when, for how many years, how much in the donor's currency, and how tightly."""

    number: str
    title: str
    kind: str
    donor: Partner
    signed_on: date
    years: int
    amount: int
    currency: str
    tightness: int = 3
    """0 un-earmarked, 1 softly, 2 earmarked, 3 tightly."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What money is for: an outcome of a country programme, and the activity that works for it."""

    country: str
    programme: str
    country_outcome: str
    biennium: str
    outcome: str
    activity: str


def agreement(terms: Terms, aim: Aim | None, place: int, members: Body, *before: Step) -> Story:
    """Return the story of an agreement: signed, activated, paid for, allocated, and some of them stopped or changed."""
    content = content_of(terms, aim, members)
    if terms.number == STAYS_DRAFT:
        return story(PATH, terms.number, content, *before)
    steps = [*before, _step("sign")]
    if place % SIGNED_ONLY != SIGNED_ONLY - 1:
        steps.append(_step("activate"))
    due = [each for each in content["tranches"] if date.fromisoformat(each["due_on"]) < REFERENCE]
    paid = due[:-1] if place % LATE == LATE - 1 else due
    steps += [_receipt(each) for each in paid[:3]]
    if aim is not None:
        amount = terms.amount * (60 + place % 3 * 10) // 100
        steps.append(("allocations", allocation("FIRST", amount, aim, aim.biennium)))
    steps += [
        ("deliveries", {"code": each["code"], "delivered_on": each["due_on"], "by": CLERK})
        for each in content["reporting_duties"]
        if date.fromisoformat(each["due_on"]) < REFERENCE and place % UNDELIVERED
    ]
    if terms.number in AMENDED:
        steps.append(("amendments", _amendment(terms, content)))
    if last := STOPPED.get(terms.number):
        steps.append(_step(last))
    return story(PATH, terms.number, content, *steps)


def content_of(terms: Terms, aim: Aim | None, members: Body) -> Body:
    start = terms.signed_on + timedelta(days=10)
    end = date(start.year + terms.years, 12, 31)
    first_due = start + timedelta(days=30)
    share, rest = divmod(terms.amount, terms.years)
    tranches = [
        {
            "number": number + 1,
            "due_on": date(first_due.year + number, first_due.month, min(first_due.day, 28)).isoformat(),
            "amount": str(share + (rest if number == 0 else 0)),
        }
        for number in range(terms.years)
    ]
    return {
        "number": terms.number,
        "titles": lines(terms.title),
        "kind": terms.kind,
        "sample": True,
        "partners": [partner_in(terms.donor)],
        "signed_on": terms.signed_on.isoformat(),
        "effective_from": start.isoformat(),
        "effective_to": end.isoformat(),
        "amount": {"amount": str(terms.amount), "currency": terms.currency},
        "tranches": tranches,
        **_earmarking(terms, aim),
        "reporting_duties": [
            {"code": f"P{start.year + 1}", "kind": "progress", "due_on": f"{start.year + 1}-03-31"},
            {"code": "FINAL", "kind": "final", "due_on": f"{end.year + 1}-03-31"},
        ],
        "support_cost_rate": "13" if terms.tightness > 1 else "7",
        **members,
    }


def _earmarking(terms: Terms, aim: Aim | None) -> Body:
    if aim is None or terms.tightness == 0:
        return {"aid_types": [{"code": "B021"}]}
    if terms.tightness == SOFTLY:
        modality, scope = "E", {"programme_outcomes": [aim.outcome]}
    elif terms.tightness == EARMARKED:
        modality, scope = "G", {"regions": [_region_of(aim.country)]}
    else:
        modality, scope = "I", {"countries": [aim.country], "programme_outcomes": [aim.outcome]}
    codes = [{"code": "B032" if terms.tightness == SOFTLY else "C01"}, {"code": modality, "vocabulary": "3"}]
    return {"aid_types": codes, "scope": scope}


def _region_of(country: str) -> str:
    region = next(each.region for each in COUNTRIES if each.code == country)
    return next(code for code, (_, regions) in told.LARGE_REGIONS.items() if region in regions)


def allocation(code: str, amount: int, aim: Aim, biennium: str) -> Body:
    decided = max(date(int(biennium[:4]), 1, 15), date(2024, 6, 1))
    return {
        "code": code,
        "amount": str(amount),
        "decided_on": decided.isoformat(),
        "by": CHIEF,
        "activity": aim.activity,
        "programme_outcome": {"biennium": biennium, "code": aim.outcome},
        "country_outcome": {"programme": aim.programme, "code": aim.country_outcome},
    }


def _amendment(terms: Terms, content: Body) -> Body:
    more = terms.amount // 4
    last = content["tranches"][-1]
    end = date.fromisoformat(content["effective_to"])
    added = {"number": last["number"] + 1, "due_on": end.isoformat(), "amount": str(more)}
    return {
        "signed_on": "2026-05-04",
        "reasons": "More districts take part, and it takes a year longer.",
        "by": CHIEF,
        "changes": {
            "amount": {"amount": str(terms.amount + more)},
            "effective_to": date(end.year + 1, 12, 31).isoformat(),
            "tranches": [*content["tranches"], added],
        },
    }


def _receipt(tranche: Body) -> Step:
    received = date.fromisoformat(tranche["due_on"]) + timedelta(days=2)
    return "receipts", {
        "reference": f"TT-{tranche['number']}",
        "tranche": tranche["number"],
        "received_on": min(received, REFERENCE).isoformat(),
        "amount": tranche["amount"],
    }


def _step(action: str) -> Step:
    reasons = {"reasons": REASONS[action]} if action in REASONS else {}
    return "actions", {"action": action, "by": CHIEF, **reasons}


def partner_in(partner: Partner, role: str = "funding") -> Body:
    organisation = {"ref": partner.ref, "type": partner.type, "names": [{"text": partner.name, "lang": "en"}]}
    return {"organisation": organisation, "role": role}


def in_currency(dollars: int, donor: Partner) -> int:
    return dollars * donor.per_dollar // THOUSAND


def titles(text: str) -> Narratives:
    return tuple(Narrative(text=each["text"], lang=each["lang"]) for each in lines(text))


def lines(text: str) -> list[dict[str, str]]:
    """Return a title in English, or in English and French parted by a bar, each marked as a sample."""
    told_in = zip(("en", "fr", "es"), text.split("|"), strict=False)
    return [{"text": f"{each} {MARKS[language]}", "lang": language} for language, each in told_in]
