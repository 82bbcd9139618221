"""The gateway as a client of it sees it: uploads, imports, reports and results over HTTP."""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import httpx

PATIENCE_SECONDS = 120
IMPORT_SECONDS = 300
POLL_SECONDS = 0.02
IMPORT_POLL_SECONDS = 0.05
"""Pause of who waits for the end of an import: to ask more often slows it down."""
LARGE_PAGE = 500

Answer = dict[str, Any]


def await_until(
    holds: Callable[[], object], *, what: str, seconds: float = PATIENCE_SECONDS, pause: float = POLL_SECONDS
) -> None:
    """Wait until a condition holds, and fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(pause)


def standing(answer: Mapping[str, Any]) -> Answer:
    """Return an answer without what tells up to where it knows the events."""
    return {name: value for name, value in answer.items() if name not in ("as_of", "position")}


class Office(Protocol):
    """A system that runs, as its clients know it."""

    @property
    def address(self) -> str: ...

    def token(self) -> str: ...


def client_of(office: Office, *, timeout: float = 60, trust: ssl.SSLContext | None = None) -> httpx.Client:
    """Return a client with a token of all roles; each request has one that has not expired."""

    def authorise(request: httpx.Request) -> httpx.Request:
        request.headers["Authorization"] = f"Bearer {office.token()}"
        return request

    verify = True if trust is None else trust
    return httpx.Client(base_url=office.address, timeout=timeout, auth=authorise, verify=verify)


class Gateway:
    """One client of the gateway, with all roles."""

    def __init__(self, office: Office, *, trust: ssl.SSLContext | None = None) -> None:
        self.office = office
        self.http = client_of(office, trust=trust)

    def get(self, target: str, **headers: str) -> Answer:
        answer = self.http.get(target, headers=headers)
        assert answer.status_code == 200, f"{target}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def post_file(self, content: bytes, *, dry_run: bool = False) -> httpx.Response:
        return self.http.post("/v1/imports", params={"dry_run": dry_run}, content=content)

    def begin_import(self, content: bytes, *, dry_run: bool = False) -> str:
        """Upload a file that is taken, and return the address of its import."""
        answer = self.post_file(content, dry_run=dry_run)
        assert answer.status_code == 202, answer.text[:500]
        return answer.headers["location"]

    def await_import(self, location: str) -> Answer:
        """Return a finished import; others may have to end before it."""
        view: Answer = {}

        def is_done() -> bool:
            view.update(self.get(location))
            return view["status"] not in ("queued", "running")

        await_until(is_done, what=f"{location} is done", seconds=IMPORT_SECONDS, pause=IMPORT_POLL_SECONDS)
        assert view["status"] == "completed", view
        return view

    def await_progress(self, location: str, least: int) -> Answer:
        """Return an import as soon as some of it is done, and fail if that is all of it already."""
        view: Answer = {}

        def has_begun() -> bool:
            view.update(self.get(location))
            return view["progress"]["done"] >= least

        await_until(has_begun, what=f"{least} of {location} are done")
        assert view["progress"]["done"] < view["progress"]["total"], "too quick to be disturbed"
        return view

    def import_file(self, content: bytes | Path, *, dry_run: bool = False) -> Answer:
        """Import a file and return the finished import."""
        text = content if isinstance(content, bytes) else content.read_bytes()
        return self.await_import(self.begin_import(text, dry_run=dry_run))

    def report(self, view: Mapping[str, Any]) -> list[Answer]:
        """Return the whole report of an import."""
        return list(self.pages(view["report"]))

    def pages(self, target: str, **parameters: str) -> Iterator[Answer]:
        """Yield the items of every page of a list."""
        cursor = None
        while True:
            wanted = {"limit": LARGE_PAGE, **parameters, **({"cursor": cursor} if cursor else {})}
            page = self.get(f"{target}?{httpx.QueryParams(wanted)}")
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def project(self, identifier: str, **headers: str) -> Answer:
        return self.get(f"/v1/results/projects/{quote(identifier, safe='')}", **headers)

    def partner(self, identifier: str) -> Answer:
        return self.get(f"/v1/partners/{quote(identifier, safe='')}")["document"]

    def summary(self, group_by: str = "country") -> Answer:
        return self.get(f"/v1/results/summary?group_by={group_by}")

    def position(self) -> dict[str, int]:
        """Return the last event of each owner that the read model has taken in."""
        return self.summary()["position"]

    def read_model(self) -> tuple[Answer, list[Answer]]:
        """Return what the read model says of all projects, together and one by one."""
        return standing(self.summary()), list(self.pages("/v1/results/projects"))


def outcomes(report: Iterable[Mapping[str, Any]]) -> list[tuple[int, str | None, str, list[str]]]:
    """Return what became of each item of a report, in short."""
    return [
        (item["ordinal"], item["identifier"], item["outcome"], [each["code"] for each in item["problems"]])
        for item in report
    ]
