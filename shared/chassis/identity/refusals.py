"""Why an identity was not believed.

InvalidToken: the token does not prove who asks (401)
└── InvalidProof: nor is it shown that the token's own key is held (RFC 9449, section 7.1)
"""


class InvalidToken(Exception):
    """The token does not prove who asks; ``code`` is stable, ``detail`` is for people and holds nothing of the token."""

    def __init__(self, detail: str, code: str) -> None:
        super().__init__(detail)
        self.detail, self.code = detail, code


class InvalidProof(InvalidToken):
    """The proof of possession (DPoP) is missing, wrong or was used before."""
