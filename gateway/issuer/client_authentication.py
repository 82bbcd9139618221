"""Which client asks: its id and secret, by either of the two ways of RFC 6749 (section 2.3.1)."""

import re
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NoReturn
from urllib.parse import parse_qsl, unquote_plus

from fastapi import Request

from gateway.issuer.client_secrets import SecretHashes, id_of
from gateway.issuer.refusals import OAuthRefusal
from gateway.issuer.store import find_secret
from shared.chassis.db import Database

MEDIA_TYPE = "application/x-www-form-urlencoded"
MOST_FIELDS = 50

_CLIENT_ID = re.compile(r"dcc_[0-9a-f]{32}")
_NONE = "none"
"""An id that no client and no secret has."""

Form = dict[str, str]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client authenticates with."""

    client_id: str
    client_secret: str = field(repr=False)

    @property
    def known_id(self) -> str | None:
        """The id of the client, None if it is of no form that we give."""
        return self.client_id if _CLIENT_ID.fullmatch(self.client_id) else None


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A client that proved to be it, and the secret that it did so with."""

    client_id: str
    secret_id: str


async def form_of(request: Request) -> Form:
    """Return the form of a request; fields without a value are as good as left out.

    Raises:
        OAuthRefusal: it is no form, or names a field twice.

    """
    told = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if told != MEDIA_TYPE:
        raise OAuthRefusal("invalid_request", f"The body has to be {MEDIA_TYPE}.")
    return read_form(await request.body())


def read_form(body: bytes) -> Form:
    """Return the fields of a form.

    Raises:
        OAuthRefusal: it is no form, or names a field twice.

    """
    try:
        fields = parse_qsl(body.decode(), errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise OAuthRefusal("invalid_request", "The body cannot be read as a form.") from None
    form = dict(fields)
    if len(form) != len(fields):
        raise OAuthRefusal("invalid_request", "A parameter is told twice.")
    return form


def credentials_of(authorization: str | None, form: Form) -> Credentials:
    """Return what a client authenticates with.

    Raises:
        OAuthRefusal: it does not authenticate, or in two ways at once.

    """
    if authorization is None:
        if "client_id" not in form or "client_secret" not in form:
            raise OAuthRefusal("invalid_client", "The client has to authenticate.")
        return Credentials(form["client_id"], form["client_secret"])
    if "client_secret" in form:
        raise OAuthRefusal("invalid_request", "The client authenticates in two ways at once.")
    credentials = _basic(authorization)
    if form.get("client_id", credentials.client_id) != credentials.client_id:
        raise OAuthRefusal("invalid_request", "The body names another client than the header.")
    return credentials


async def authenticate(database: Database, hashes: SecretHashes, credentials: Credentials) -> Authenticated:
    """Return the client that credentials are of.

    A client that does not exist is refused like a wrong secret, in the same time. No connection is held meanwhile.

    Raises:
        OAuthRefusal: they do not hold.
        Unavailable: too many are verified already.

    """
    client_id = credentials.known_id or _NONE
    secret_id = id_of(credentials.client_secret) or _NONE
    async with database.session() as session:
        secret = await find_secret(session, client_id, secret_id)
    hashed = secret.hash if secret is not None and secret.is_in_force(datetime.now(UTC)) else None
    if not await hashes.verify(hashed, credentials.client_secret):
        refuse_client()
    return Authenticated(client_id, secret_id)


def refuse_client() -> NoReturn:
    """Refuse credentials, whatever is wrong with them.

    Raises:
        OAuthRefusal: always.

    """
    raise OAuthRefusal("invalid_client", "There is no such client, or its secret is another.")


def _basic(authorization: str) -> Credentials:
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = b64decode(encoded.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
        client_id, separator, secret = decoded.partition(":")
        credentials = Credentials(*(unquote_plus(each, errors="strict") for each in (client_id, secret)))
    except ValueError:
        separator = ""
    if not separator:
        raise OAuthRefusal("invalid_client", "The header Authorization is not of the scheme Basic.")
    return credentials
