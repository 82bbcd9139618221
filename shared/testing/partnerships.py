"""Agreements, pools, pledges and targets that lack nothing, as a client sends them."""

from typing import Any

DONOR, COMPANY = "XM-DAC-7", "XI-TEST-COMPANY"
SIGNED_ON = "2026-02-10"


def partner(ref: str, role: str, country: str | None = None) -> dict[str, Any]:
    """Return a partner of an agreement."""
    located = {"country": country} if country else {}
    return {"organisation": {"ref": ref}, "role": role, **located}


def agreement(number: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a bilateral agreement that may be signed, with other members if given."""
    return {
        "number": number,
        "titles": [{"text": "Decent jobs for young people", "lang": "en"}],
        "kind": "bilateral",
        "partners": [partner(DONOR, "funding")],
        "signed_on": SIGNED_ON,
        "effective_from": "2026-02-10",
        "effective_to": "2028-12-31",
        "amount": {"amount": "1000000", "currency": "USD"},
        "tranches": [
            {"number": 1, "due_on": "2026-03-01", "amount": "400000"},
            {"number": 2, "due_on": "2027-03-01", "amount": "600000"},
        ],
        "aid_types": [{"code": "C01"}],
        "reporting_duties": [{"code": "P1", "kind": "progress", "due_on": "2026-06-30"}],
        **members,
    }


def public_private(number: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a public-private partnership, whose private partner was not scrutinised yet."""
    partners = [partner(COMPANY, "funding"), partner(COMPANY, "private")]
    return agreement(number, kind="public-private", partners=partners, **members)


def triangular(number: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a triangular agreement: Japan provides, Brazil is the pivot, Mozambique benefits."""
    partners = [
        partner("XM-DAC-701", "funding"),
        partner("XM-DAC-701", "provider", "JP"),
        partner("BR-GOV", "pivot", "BR"),
        partner("MZ-GOV", "beneficiary", "MZ"),
    ]
    told = {"kind": "triangular", "collaboration_type": "8", "partners": partners, **members}
    return agreement(number, **told)


def contribution(number: str, pool: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return an agreement that contributes to a pool."""
    told = {"kind": "supplementary-account", "pool": pool, "aid_types": [{"code": "B021"}], **members}
    return agreement(number, **told)


def pool(code: str, biennium: str = "2026-27", **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a pool."""
    return {
        "code": code,
        "biennium": biennium,
        "titles": [{"text": "Regular Budget Supplementary Account"}],
        "currency": "USD",
        "target": "36400000",
        "carried_over": "50000",
        **members,
    }


def allocation(code: str, amount: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return an allocation to an outcome."""
    return {
        "code": code,
        "amount": amount,
        "decided_on": "2026-04-01",
        "by": "a.director",
        "reasons": "Highest gap",
        "programme_outcome": {"biennium": "2026-27", "code": "3"},
        **members,
    }


def pledge(identifier: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a pledge."""
    return {
        "identifier": identifier,
        "partner": {"ref": DONOR},
        "amount": {"amount": "250000", "currency": "EUR"},
        "pledged_on": "2026-01-15",
        "biennium": "2026-27",
        "probability": "60",
        **members,
    }


def target(code: str, biennium: str = "2026-27", **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a mobilisation target."""
    return {
        "biennium": biennium,
        "code": code,
        "titles": [{"text": "What is to be mobilised"}],
        "amount": {"amount": "450000000", "currency": "USD"},
        **members,
    }
