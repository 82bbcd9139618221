"""What may go wrong for a field office, each with a message for a person.

FieldClientError
├── Unusable       what was typed, or what a file holds, cannot be taken
├── NotReady       something has to be done first: log in, pull
├── LoginRefused   the server does not know the client, or its secret
├── LinkDown       the server could not be reached, or not long enough; what was done stays done
└── ServerRefused  the server refuses a whole request, and will refuse it again
"""

from typing import ClassVar


class FieldClientError(Exception):
    """A message for a person; ``exit_code`` is that of the command line."""

    exit_code: ClassVar[int] = 1


class Unusable(FieldClientError):
    """What was typed, or what a file holds, cannot be taken; nothing was kept of it."""

    exit_code = 2

    def __init__(self, *messages: str) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


class LinkDown(FieldClientError):
    """The server could not be reached, or not for long enough; ``devcoop`` goes on where it was when it is called again."""

    exit_code = 3


class NotReady(FieldClientError):
    """Something has to be done first."""

    exit_code = 4


class LoginRefused(FieldClientError):
    """The server does not know the client, or the secret is another."""

    exit_code = 4


class ServerRefused(FieldClientError):
    """The server refuses a whole request, and will refuse it again."""
