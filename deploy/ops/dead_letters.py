"""`devcoop ops dead-letters`: messages that could not be taken in, looked at, taken in again, or dropped.

A letter is named by who could not take it, the owner of its stream, and its place in that: ``gateway/projects/17``.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.ops.failures import AWAY, Failed, in_words
from deploy.ops.keepers import KEEPERS, Kept, kept_by
from deploy.ops.output import add_json, complain, console, table, tell, tell_json
from deploy.ops.settings import OpsSettings
from shared.chassis.letters import Letter
from shared.chassis.stream import StreamMessage
from shared.contracts.events import decode

HELP = "list, show, retry or drop messages that could not be taken in"
MOST_REASON = 100


@dataclass(frozen=True, slots=True)
class Name:
    """Which letter: who could not take it, and where it is in which owner's stream."""

    keeper: str
    owner: str
    sequence: int

    @classmethod
    def parsed(cls, told: str) -> "Name":
        """Return the name that a text is.

        Raises:
            ValueError: it is none.

        """
        keeper, owner, sequence = told.split("/")
        if keeper not in KEEPERS:
            raise ValueError(f"{keeper} keeps nothing")
        return cls(keeper, owner, int(sequence))

    def __str__(self) -> str:
        return f"{self.keeper}/{self.owner}/{self.sequence}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    actions = parser.add_subparsers(dest="action", required=True)
    add_json(actions.add_parser("list", help="list all letters"))
    show = actions.add_parser("show", help="show a letter with its message")
    show.add_argument("letters", nargs=1, type=Name.parsed, metavar="letter", help="as gateway/projects/17")
    for name, told in (
        ("retry", "take letters in again, once what was wrong is mended"),
        ("drop", "drop letters for good; the events stay in their streams"),
    ):
        action = actions.add_parser(name, help=told)
        action.add_argument(
            "letters", nargs="*", type=Name.parsed, metavar="letter", help="as gateway/projects/17"
        )
        action.add_argument("--all", action="store_true", help="all letters")


async def run(arguments: argparse.Namespace) -> int:
    """Do what is asked for; 1 if a letter could not be taken in, or is not there."""
    settings = OpsSettings()
    if arguments.action == "list":
        return await _list(settings, as_json=arguments.json)
    names: Sequence[Name] = arguments.letters
    if bool(names) == getattr(arguments, "all", False):
        tell("Name letters, or --all.")
        return 2
    act = {"show": _show, "retry": _retry, "drop": _drop}[arguments.action]
    good = True
    for keeper in KEEPERS if not names else sorted({name.keeper for name in names}):
        async with kept_by(settings, keeper) as kept:
            letters = {Name(keeper, each.owner, each.sequence): each for each in await kept.takes.letters()}
            for name in letters if not names else [name for name in names if name.keeper == keeper]:
                if name not in letters:
                    raise Failed(f"There is no letter {name}.")
                good = await act(kept, name, letters[name]) and good
    return 0 if good else 1


async def _list(settings: OpsSettings, *, as_json: bool) -> int:
    """List all letters there are; 1 if somebody could not be asked, which hides no letter of others."""
    found: dict[Name, Letter] = {}
    good = True
    for keeper in KEEPERS:
        try:
            async with kept_by(settings, keeper) as kept:
                letters = await kept.takes.letters()
        except (*AWAY, Failed) as error:
            complain(f"{keeper} cannot be asked: {error if isinstance(error, Failed) else in_words(error)}")
            good = False
        else:
            found |= {Name(keeper, each.owner, each.sequence): each for each in letters}
    if as_json:
        tell_json(
            [
                {"letter": str(name), "reason": letter.reason, "noted_at": letter.noted_at}
                for name, letter in found.items()
            ]
        )
    else:
        rows = [
            (name, letter.noted_at.isoformat(timespec="seconds"), _first_line(letter.reason)[:MOST_REASON])
            for name, letter in found.items()
        ]
        console().print(table("Dead letters", ("letter", "noted at", "reason"), rows))
    return 0 if good else 1


async def _show(_kept: Kept, name: Name, letter: Letter) -> bool:
    tell(f"{name}, noted at {letter.noted_at.isoformat()}\n\n{letter.reason}\n")
    tell(letter.payload.decode(errors="replace"))
    return True


async def _retry(kept: Kept, name: Name, letter: Letter) -> bool:
    place = await kept.takes.position(letter.owner)
    created = None if place is None else place.stream_created
    if created is not None and letter.noted_at < created:
        tell(f"{name}: its stream was made anew since, and told it again; drop the letter.")
        return False
    failed = await kept.takes.take([_message(letter)])
    for error in failed.values():
        tell(f"{name}: {_first_line(str(error))}")
    if not failed:
        tell(f"{name}: taken in")
    return not failed


async def _drop(kept: Kept, name: Name, letter: Letter) -> bool:
    await kept.takes.drop(letter.owner, letter.sequence)
    tell(f"{name}: dropped")
    return True


def _message(letter: Letter) -> StreamMessage:
    """Return the message again, with the subject that it tells; what is no event is refused when it is taken in."""
    try:
        subject = decode(letter.payload)[0].subject
    except ValueError:
        subject = ""
    return StreamMessage(letter.owner, letter.sequence, subject, letter.payload)


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
