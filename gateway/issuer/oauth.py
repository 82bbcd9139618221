"""The OAuth interface of the issuer: tokens against client credentials, keys, revocations, and what describes them."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response

from gateway.issuer import handlers
from gateway.issuer.client_authentication import (
    MEDIA_TYPE,
    Authenticated,
    Form,
    authenticate,
    credentials_of,
    form_of,
    refuse_client,
)
from gateway.issuer.keys import jwks, list_keys
from gateway.issuer.refusals import NOT_STORED, OAuthRefusal, OAuthRoute
from gateway.issuer.schemas import (
    IssuerMetadata,
    KeySet,
    Revocations,
    RevokedClient,
    TokenAnswer,
    TokenRefusal,
)
from gateway.issuer.store import clients_with_void_tokens, revoked_tokens
from gateway.issuer.tokens import Issuer
from shared.chassis.app import CurrentRuntime
from shared.chassis.db import ReadSession
from shared.chassis.errors import NotFound
from shared.chassis.identity.jwk import ALGORITHMS
from shared.chassis.identity.proofs import check_proof
from shared.chassis.identity.refusals import InvalidProof
from shared.chassis.limits import source_of

TOKEN_PATH = "/oauth/token"  # noqa: S105  (an address)
JWKS_SECONDS = 300
REVOCATIONS_SECONDS = 10
METHODS = ["client_secret_basic", "client_secret_post"]
MOST_FORM_BYTES = 64 * 1024

router = APIRouter(tags=["tokens"], route_class=OAuthRoute)


def form_body(**fields: str) -> dict[str, Any]:
    """Return the description of a form, whose fields are told by what they mean; in OpenAPI."""
    properties = {name: {"type": "string", "description": meaning} for name, meaning in fields.items()}
    schema = {"type": "object", "properties": properties}
    return {"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": schema}}}}


CREDENTIALS = {
    "client_id": "The client, unless the header Authorization tells it (Basic)",
    "client_secret": "Its secret, unless the header Authorization tells it (Basic)",
}
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": TokenRefusal, "description": "The request is wrong (RFC 6749, section 5.2)"},
    401: {"model": TokenRefusal, "description": "The client did not prove to be it"},
}


async def current_issuer(runtime: CurrentRuntime) -> Issuer:
    """Return the issuer of the process.

    Raises:
        NotFound: the installation has none of its own.

    """
    issuer: Issuer | None = runtime.parts["issuer"]
    if issuer is None:
        raise NotFound("This installation issues no tokens of its own.")
    return issuer


CurrentIssuer = Annotated[Issuer, Depends(current_issuer)]


async def posted_form(_issuer: CurrentIssuer, request: Request) -> Form:
    """Return the form of a request to the issuer, if there is one."""
    return await form_of(request)


PostedForm = Annotated[Form, Depends(posted_form)]


async def authenticated_client(
    runtime: CurrentRuntime, issuer: CurrentIssuer, request: Request, form: PostedForm
) -> Authenticated:
    """Return the client that asks.

    Raises:
        OAuthRefusal: it does not prove to be it.
        TooManyRequests: too many secrets of it, or from its address, did not hold of late.

    """
    credentials = credentials_of(request.headers.get("authorization"), form)
    source, client_id = source_of(request.scope), credentials.known_id
    issuer.failures.require(source, client_id)
    try:
        return await authenticate(runtime.database, issuer.secrets, credentials)
    except OAuthRefusal:
        issuer.failures.note(source, client_id)
        raise


CurrentClient = Annotated[Authenticated, Depends(authenticated_client)]


async def require_grant_type(form: PostedForm) -> None:
    """Check that a token is asked for by what we know.

    Raises:
        OAuthRefusal: it is asked for otherwise, or for a scope.

    """
    if "grant_type" not in form:
        raise OAuthRefusal("invalid_request", "There is no grant_type.")
    if form["grant_type"] != "client_credentials":
        raise OAuthRefusal("unsupported_grant_type", "The grant_type has to be client_credentials.")
    if "scope" in form:
        raise OAuthRefusal("invalid_scope", "There are no scopes: a token states all grants of its client.")


async def proven_key(
    runtime: CurrentRuntime,
    issuer: CurrentIssuer,
    _authenticated: CurrentClient,
    request: Request,
    dpop: Annotated[
        str | None, Header(description="Proof of the key that the token is to be bound to (RFC 9449)")
    ] = None,
) -> str | None:
    """Return the thumbprint of the key that a client proves to hold, None where it proves none.

    Raises:
        OAuthRefusal: the proof does not hold.

    """
    if dpop is None:
        return None
    if len(request.headers.getlist("dpop")) > 1:
        raise OAuthRefusal("invalid_dpop_proof", "There is more than one proof.")
    try:
        return await check_proof(
            dpop,
            method=request.method,
            url=issuer.url + TOKEN_PATH,
            token=None,
            thumbprint=None,
            seen=runtime.access.proofs,
            now=datetime.now(UTC),
        )
    except InvalidProof as error:
        raise OAuthRefusal("invalid_dpop_proof", error.detail) from None


@router.post(
    TOKEN_PATH,
    summary="Get a token for the secret of a client",
    response_model=TokenAnswer,
    responses=REFUSALS,
    dependencies=[Depends(require_grant_type)],
    openapi_extra=form_body(grant_type="`client_credentials`", **CREDENTIALS),
    max_body_size=MOST_FORM_BYTES,
)
async def issue_token(
    runtime: CurrentRuntime,
    issuer: CurrentIssuer,
    authenticated: CurrentClient,
    key_thumbprint: Annotated[str | None, Depends(proven_key)],
) -> Response:
    """Answer a token that states the grants of the client (RFC 6749, section 4.4)."""
    async with runtime.database.session() as session, session.begin():
        client = await handlers.use_secret(session, authenticated.client_id, authenticated.secret_id)
        if client is None:
            refuse_client()
        if client.dpop_bound and key_thumbprint is None:
            raise OAuthRefusal("invalid_dpop_proof", "The client gets a token with a proof of its key only.")
        now = datetime.now(UTC)
        token = await issuer.mint(
            session,
            subject=client.id,
            client=client.id,
            name=client.name,
            grants=handlers.grants_of(client),
            key_thumbprint=key_thumbprint,
            issued_at=max(now, client.tokens_void_before or now),
        )
    token_type = "Bearer" if key_thumbprint is None else "DPoP"
    answer = TokenAnswer(access_token=token, token_type=token_type, expires_in=issuer.token_seconds)
    return Response(answer.model_dump_json(), headers=NOT_STORED, media_type="application/json")


@router.post(
    "/oauth/revoke",
    summary="Revoke a token",
    response_model=None,
    responses=REFUSALS,
    openapi_extra=form_body(token="The token", **CREDENTIALS),  # noqa: S106  (what it means)
    max_body_size=MOST_FORM_BYTES,
)
async def revoke_token(
    runtime: CurrentRuntime, issuer: CurrentIssuer, authenticated: CurrentClient, form: PostedForm
) -> Response:
    """Revoke a token of the client that asks (RFC 7009); one that is none, or has expired, is as good as revoked."""
    if "token" not in form:
        raise OAuthRefusal("invalid_request", "There is no token.")
    async with runtime.database.session() as session, session.begin():
        claims = await issuer.read(session, form["token"], datetime.now(UTC))
        if claims is not None:
            if claims["client_id"] != authenticated.client_id:
                raise OAuthRefusal("unauthorized_client", "The token is another client's.")
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
            await handlers.revoke_token(session, authenticated.client_id, claims["jti"], expires_at)
    return Response(headers=NOT_STORED)


@router.get("/oauth/jwks", summary="The keys that tokens are verified with")
async def read_jwks(session: ReadSession, _issuer: CurrentIssuer, response: Response) -> KeySet:
    """Return the keys that sign, signed or are about to (RFC 7517)."""
    now = datetime.now(UTC)
    response.headers["Cache-Control"] = f"public, max-age={JWKS_SECONDS}"
    return KeySet.model_validate(jwks(await list_keys(session, now), now))


@router.get("/oauth/revocations", summary="Tokens that were revoked before they expired")
async def read_revocations(session: ReadSession, _issuer: CurrentIssuer, response: Response) -> Revocations:
    """Return the ids of revoked tokens, and the clients whose tokens of before a moment are void."""
    now = datetime.now(UTC)
    response.headers["Cache-Control"] = f"public, max-age={REVOCATIONS_SECONDS}"
    clients = [
        RevokedClient(id=client.id, before=int(client.tokens_void_before.timestamp()))
        for client in await clients_with_void_tokens(session, now)
        if client.tokens_void_before is not None
    ]
    return Revocations(tokens=list(await revoked_tokens(session, now)), clients=clients)


@router.get("/.well-known/oauth-authorization-server", summary="What a client has to know of the issuer")
async def read_issuer_metadata(issuer: CurrentIssuer, response: Response) -> IssuerMetadata:
    """Return the addresses and abilities of the issuer (RFC 8414)."""
    response.headers["Cache-Control"] = f"public, max-age={JWKS_SECONDS}"
    return IssuerMetadata(
        issuer=issuer.url,
        token_endpoint=f"{issuer.url}{TOKEN_PATH}",
        jwks_uri=f"{issuer.url}/oauth/jwks",
        revocation_endpoint=f"{issuer.url}/oauth/revoke",
        response_types_supported=[],
        grant_types_supported=["client_credentials"],
        token_endpoint_auth_methods_supported=METHODS,
        revocation_endpoint_auth_methods_supported=METHODS,
        dpop_signing_alg_values_supported=sorted(ALGORITHMS),
    )
