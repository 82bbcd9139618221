"""Tokens of the office's client (OAuth 2.0, client credentials), kept between commands and renewed before they expire."""

import json
import time
from base64 import b64encode
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import httpx

from devcoop_client.credentials import Credentials, write_private
from devcoop_client.errors import LoginRefused
from devcoop_client.types_answers import TokenAnswer

FILE = "token.json"
RENEWED_SECONDS = 60
"""How long before it expires a token is replaced by another."""


class Tokens:
    """The token of a client, in a file that its owner alone may read."""

    def __init__(self, home: Path, credentials: Credentials) -> None:
        self._path = home / FILE
        self._credentials = credentials
        self._token, self._expires = self._kept()

    def current(self, http: httpx.Client) -> str:
        """Return a token that lives for a minute at least.

        Raises:
            LoginRefused: the server does not know the client, or the secret is another.
            httpx.TransportError: the server cannot be reached.
            httpx.HTTPStatusError: it gives no token for now.

        """
        if time.time() > self._expires - RENEWED_SECONDS:
            self._renew(http)
        return self._token

    def forget(self) -> None:
        """Take the token for one that holds no more."""
        self._token, self._expires = "", 0.0
        self._path.unlink(missing_ok=True)

    def _kept(self) -> tuple[str, float]:
        """Return the token that an earlier command got, if it was the same client of the same server."""
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
            if (told["address"], told["client_id"]) == (
                self._credentials.address,
                self._credentials.client_id,
            ):
                return str(told["token"]), float(told["expires"])
        except (OSError, ValueError, KeyError, TypeError):
            return "", 0.0
        return "", 0.0

    def _renew(self, http: httpx.Client) -> None:
        asked = time.time()
        pair = (
            f"{quote(self._credentials.client_id, safe='')}:{quote(self._credentials.client_secret, safe='')}"
        )
        answer = http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": f"Basic {b64encode(pair.encode()).decode()}"},
        )
        if answer.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED):
            raise LoginRefused("The server does not know this client, or its secret is another.")
        answer.raise_for_status()
        told: TokenAnswer = answer.json()
        self._token, self._expires = told["access_token"], asked + told["expires_in"]
        kept = {"address": self._credentials.address, "client_id": self._credentials.client_id}
        write_private(self._path, json.dumps({**kept, "token": self._token, "expires": self._expires}))
