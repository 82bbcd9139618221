"""The settings of a service, and the issuers whose tokens it takes."""

from collections.abc import AsyncIterator, Iterator, Sequence
from http import HTTPStatus

from deploy.configuration_page import SERVICES
from deploy.doctor.findings import Finding, fault, ok, warning
from gateway.settings import Settings as GatewaySettings
from shared.chassis.http import Client, NotFetched, TransportError
from shared.chassis.identity.issuers import TrustedIssuer
from shared.chassis.identity.jwk import read_keys
from shared.chassis.identity.keys import MOST_KEY_BYTES, MOST_REVOCATION_BYTES
from shared.chassis.loading import examine as examine_settings
from shared.chassis.settings import ServiceSettings

_REACH = "see whether the address is right, and can be reached from the services."


async def settings(service: str) -> Sequence[Finding]:
    """Look at the settings that the environment gives to a service."""
    part = f"settings {service}"
    stated, faults = examine_settings(SERVICES[service])
    found = [fault("setting", part, f"{each.variable}: {each.what}", each.mend) for each in faults]
    if stated is None:
        return found
    found.extend(_advice(part, stated))
    found.extend(await _public_url(part, stated))
    return found or [ok("setting", part, "they hold, and are safe.")]


def _advice(part: str, stated: ServiceSettings) -> Iterator[Finding]:
    """Yield what may be meant, and is better otherwise."""
    if stated.environment != "production":
        what = "DEVCOOP_ENVIRONMENT is development, which starts with unsafe settings."
        yield warning("development", part, what, "leave it out.")
    if stated.log_level == "debug":
        what = "DEVCOOP_LOG_LEVEL is debug, which logs every read."
        yield warning("log-level", part, what, "set info.")
    if isinstance(stated, GatewaySettings) and stated.issuer_key is not None:
        trusted = {issuer.issuer for issuer in stated.issuers}
        if stated.issuer_url not in trusted:
            what = "the gateway issues tokens in a name that DEVCOOP_ISSUERS does not trust."
            yield fault(
                "issuer-own", part, what, "add DEVCOOP_ISSUER_URL to DEVCOOP_ISSUERS of all services."
            )


async def _public_url(part: str, stated: ServiceSettings) -> Sequence[Finding]:
    """Return whether callers find the gateway where it says that it is."""
    if not isinstance(stated, GatewaySettings):
        return []
    if stated.public_url is None:
        what = "DEVCOOP_PUBLIC_URL is not set: behind a proxy, proofs of keys (DPoP) do not hold."
        return [warning("public-url", part, what, "set the address that callers know the system by.")]
    try:
        async with Client(stated.public_url, read_seconds=5) as client:
            answer = await client.request("GET", "/livez")
    except TransportError as error:
        what = f"nothing answers at DEVCOOP_PUBLIC_URL from here ({type(error).__name__})."
        return [warning("public-url", part, what, _REACH)]
    if answer.status_code != HTTPStatus.OK:
        what = f"something else answers at DEVCOOP_PUBLIC_URL, with {answer.status_code}."
        return [warning("public-url", part, what, "let the proxy pass requests on to the gateway.")]
    return [ok("public-url", part, "the gateway answers at DEVCOOP_PUBLIC_URL.")]


async def issuer(trusted: TrustedIssuer) -> Sequence[Finding]:
    """Look at what verifies the tokens of an issuer."""
    async with Client("") as client:
        return [finding async for finding in _issuer(client, trusted)]


async def _issuer(client: Client, trusted: TrustedIssuer) -> AsyncIterator[Finding]:
    part = f"issuer {trusted.issuer}"
    try:
        keys = read_keys((await _keys(client, trusted)).decode())
    except (NotFetched, OSError) as error:
        yield fault("issuer-away", part, f"its keys cannot be had ({error}).", _REACH)
    except ValueError:
        yield fault(
            "issuer-keys", part, "what it publishes is no set of keys.", "correct jwks_url or jwks_file."
        )
    else:
        yield _fitting(part, trusted, len([key for key in keys if key.algorithms & set(trusted.algorithms)]))
    if trusted.revocations_url is not None:
        try:
            await client.fetch(trusted.revocations_url, most_bytes=MOST_REVOCATION_BYTES, seconds=5)
        except NotFetched as error:
            yield fault("issuer-revocations", part, f"its revocations cannot be had ({error}).", _REACH)


async def _keys(client: Client, trusted: TrustedIssuer) -> bytes:
    if trusted.jwks_url is not None:
        return await client.fetch(trusted.jwks_url, most_bytes=MOST_KEY_BYTES, seconds=5)
    assert trusted.jwks_file is not None  # noqa: S101  (told to the type checker)
    return trusted.jwks_file.read_bytes()


def _fitting(part: str, trusted: TrustedIssuer, count: int) -> Finding:
    if not count:
        what = f"none of its keys is good for {', '.join(trusted.algorithms)}."
        return fault(
            "issuer-keys", part, what, "let it sign with one of these, or name its own in algorithms."
        )
    return ok("issuer-keys", part, f"it has {count} keys that verify tokens.")
