"""A small server of the wire that the field client speaks, in this process and over real sockets.

It keeps documents with versions, answers of keys and a feed, as the real one does, and fails where a test wants it to.
"""

import asyncio
import copy
import gzip
import itertools
import json
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from shared.chassis.documents.differences import difference

CLIENT_ID, SECRET = "dcc_tests", "the secret of tests & more"
START_SECONDS = 30


class Broken(Exception):
    """The connection breaks here."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a batch breaks: after how many lines were carried out, and after how many outcomes were sent."""

    executed: int
    told: int


def problem(status: int, code: str, detail: str = "No.", **members: Any) -> dict[str, Any]:
    return {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail, **members}


@dataclass
class Office:
    """The state of the server, and the faults that it is about to make."""

    documents: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    answers: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    feed: list[dict[str, Any]] = field(default_factory=list)
    effects: int = 0
    batches: list[list[dict[str, Any]]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    is_known: bool = True
    tokens: int = 0
    void: set[str] = field(default_factory=set)
    cuts: Iterator[Cut | None] = field(default_factory=lambda: itertools.repeat(None))
    put_off: dict[str, int] = field(default_factory=dict)
    """How often a path is still answered with 503."""
    busy: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Answers to whole requests, before any is taken."""
    forgotten: set[str] = field(default_factory=set)
    """Cursors that hold no more."""
    cut_changes: list[int] = field(default_factory=list)
    """After how many lines the next answers of the feed break."""
    page: int = 3
    pause: float = 0.0
    """Seconds that each line takes."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    # The documents

    def write(self, address: str, document: dict[str, Any]) -> int:
        """Store a version, as another client does."""
        version = self.documents.get(address, (0, {}))[0] + 1
        self.documents[address] = (version, document)
        aggregate, identifier = address.split("/")[2].removesuffix("s"), address.split("/")[3]
        told = {
            "aggregate": aggregate,
            "id": f"id-{identifier}",
            "identifier": identifier,
            "version": version,
        }
        self.feed.append(
            {"change": "upsert", **told, "recorded_at": "2026-01-01T00:00:00Z", "document": document}
        )
        return version

    def remove(self, address: str) -> None:
        version, _ = self.documents.pop(address)
        aggregate, identifier = address.split("/")[2].removesuffix("s"), address.split("/")[3]
        told = {
            "aggregate": aggregate,
            "id": f"id-{identifier}",
            "identifier": identifier,
            "version": version,
        }
        self.feed.append({"change": "removed", **told})

    def execute(self, line: dict[str, Any]) -> dict[str, Any]:
        """Carry out one line, once for each key."""
        key, request = line["key"], json.dumps(line, sort_keys=True)
        if key in self.answers:
            former, answer = self.answers[key]
            return answer if former == request else told(line, 422, problem(422, "idempotency-key-reused"))
        if self.put_off.get(line["path"], 0) > 0:
            self.put_off[line["path"]] -= 1
            return told(line, 503, problem(503, "owner-unavailable"))
        answer = self._carry_out(line)
        if answer["status"] < 400:
            self.answers[key] = (request, answer)
        return answer

    def _carry_out(self, line: dict[str, Any]) -> dict[str, Any]:
        address = "/".join(line["path"].split("/")[:4])
        version, document = self.documents.get(address, (0, {}))
        body = line.get("body") or {}
        if body.get("wrong"):
            errors = [{"pointer": "/wrong", "code": "wrong", "detail": "It is wrong."}]
            return told(line, 422, problem(422, "invalid", "It cannot be.", errors=errors))
        after = self._after(line, copy.deepcopy(document), body)
        if after is None:
            return told(line, 404, problem(404, "not-found"))
        if refusal := self._refusal(line, version, document, after):
            return refusal
        if after == document:
            return told(line, 200, {"outcome": "unchanged", "version": version}, version)
        self.effects += 1
        version = self.write(address, after)
        return told(line, 201 if version == 1 else 200, {"outcome": "changed", "version": version}, version)

    def _after(
        self, line: dict[str, Any], document: dict[str, Any], body: dict[str, Any]
    ) -> dict[str, Any] | None:
        last = line["path"].split("/")[-1]
        if line["method"] == "PUT":
            return body
        if not document:
            return None
        if line["method"] == "PATCH":
            return {**document, **body}
        return {**document, last: [*document.get(last, []), body]}

    def _refusal(
        self, line: dict[str, Any], version: int, document: dict[str, Any], after: dict[str, Any]
    ) -> dict[str, Any] | None:
        if "if_match" not in line:
            if line["method"] == "PUT" and document and document != after:
                members = {"current_version": version}
                return told(line, 428, problem(428, "precondition-required", **members), version)
            return None
        if line["if_match"] == f'"{version}"':
            return None
        identifier = line["path"].split("/")[3]
        base = next(
            each["document"]
            for each in self.feed
            if (each["identifier"], f'"{each["version"]}"') == (identifier, line["if_match"])
        )
        yours = self._after(line, copy.deepcopy(base), line["body"])
        found = [
            each.model_dump(mode="json", include=each.model_fields_set)
            for each in difference(base, yours, document)
        ]
        members = {"current_version": version, "difference": found, "is_all": True}
        return told(line, 412, problem(412, "stale-version", "It was changed.", **members), version)


def told(
    line: dict[str, Any], status: int, body: dict[str, Any], version: int | None = None
) -> dict[str, Any]:
    etag = {} if version is None else {"etag": f'"{version}"'}
    return {"line": 0, "key": line["key"], "status": status, **etag, "body": body}


class Wire:
    """The routes of an office."""

    def __init__(self, office: Office) -> None:
        self.office = office

    async def token(self, request: Request) -> Response:
        if not self.office.is_known or "Basic " not in request.headers.get("authorization", ""):
            return JSONResponse({"error": "invalid_client"}, 401)
        self.office.tokens += 1
        return JSONResponse(
            {"access_token": f"token-{self.office.tokens}", "token_type": "Bearer", "expires_in": 3600}
        )

    def gate(self, request: Request) -> Response | None:
        if self.office.busy:
            status, headers = self.office.busy.pop(0)
            return JSONResponse(problem(status, "busy"), status, headers)
        held = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not held.startswith("token-") or held in self.office.void:
            return JSONResponse(problem(401, "token-revoked"), 401)
        return None

    async def batch(self, request: Request) -> Response:
        if refused := self.gate(request):
            return refused
        assert request.headers["content-encoding"] == "gzip"
        lines = [json.loads(each) for each in gzip.decompress(await request.body()).splitlines()]
        self.office.batches.append(lines)
        return StreamingResponse(
            self.outcomes(lines, next(self.office.cuts, None)), media_type="application/x-ndjson"
        )

    async def outcomes(self, lines: list[dict[str, Any]], cut: Cut | None) -> AsyncIterator[bytes]:
        answers = []
        for line in lines if cut is None else lines[: cut.executed]:
            with self.office.lock:
                answers.append(self.office.execute(line))
            if self.office.pause:
                await asyncio.sleep(self.office.pause)
            if cut is None:
                yield json.dumps(answers[-1], ensure_ascii=False).encode() + b"\n"
        if cut is not None:
            yield (
                b"".join(json.dumps(each).encode() + b"\n" for each in answers[: cut.told])
                + b'{"line": 9, "key'
            )
            raise Broken
        refused = sum(each["status"] >= 400 for each in answers)
        yield json.dumps({"end": True, "lines": len(lines), "refused": refused}).encode() + b"\n"

    async def changes(self, request: Request) -> Response:
        if refused := self.gate(request):
            return refused
        self.office.asked.append(dict(request.query_params))
        since = request.query_params.get("since")
        if since in self.office.forgotten:
            return JSONResponse(problem(410, "cursor-expired"), 410)
        cut = self.office.cut_changes.pop(0) if self.office.cut_changes else None
        limit = int(request.query_params.get("limit", sys.maxsize))
        return StreamingResponse(self.told_changes(since, cut, limit), media_type="application/x-ndjson")

    async def told_changes(self, since: str | None, cut: int | None, limit: int) -> AsyncIterator[bytes]:
        entries = snapshot(self.office) if since is None else list(enumerate(self.office.feed))[int(since) :]
        for count, (place, entry) in enumerate(entries, 1):
            if cut is not None and count > cut:
                yield b'{"change": "ups'
                raise Broken
            yield json.dumps(entry, ensure_ascii=False).encode() + b"\n"
            if count == limit:
                yield json.dumps({"cursor": str(place + 1), "complete": False}).encode() + b"\n"
                return
            if count % self.office.page == 0:
                yield json.dumps({"cursor": str(place + 1)}).encode() + b"\n"
        yield json.dumps({"cursor": str(len(self.office.feed)), "complete": True}).encode() + b"\n"

    async def read(self, request: Request) -> Response:
        if refused := self.gate(request):
            return refused
        address = request.url.path
        if address not in self.office.documents:
            return JSONResponse(problem(404, "not-found"), 404)
        version, document = self.office.documents[address]
        return JSONResponse({"identifier": address.split("/")[-1], "version": version, "document": document})


def application(office: Office) -> Starlette:
    wire = Wire(office)
    routes = [
        Route("/oauth/token", wire.token, methods=["POST"]),
        Route("/v1/batch", wire.batch, methods=["POST"]),
        Route("/v1/changes", wire.changes),
        Route("/v1/{collection}/{identifier}", wire.read),
    ]
    return Starlette(routes=routes)


def snapshot(office: Office) -> list[tuple[int, dict[str, Any]]]:
    """Return the newest version of each thing that is there, in the order of the feed."""
    newest = {(each["aggregate"], each["id"]): place for place, each in enumerate(office.feed)}
    return [
        (place, office.feed[place])
        for place in sorted(newest.values())
        if office.feed[place]["change"] == "upsert"
    ]


@contextmanager
def served(office: Office) -> Iterator[str]:
    """Serve on a free port, and yield the address."""
    config = uvicorn.Config(application(office), host="127.0.0.1", port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.005)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
