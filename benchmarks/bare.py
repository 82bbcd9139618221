"""What the system is held against over HTTP: a bare FastAPI application on one uvicorn worker.

Run as a process: ``python -m benchmarks.bare FOLDER``, with the address of a database in ``BARE_DSN``. It answers the
results routes with the bytes of the files in the folder, and inserts what is posted, as it came, into one table. It
prints the port that it listens on.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import uvicorn
import uvloop
from fastapi import FastAPI, Request, Response

POOL = 10
"""Connections to the database: as many as a service has."""

JSON = "application/json"
TABLE = "CREATE SCHEMA bare CREATE TABLE document (id uuid PRIMARY KEY, document text NOT NULL)"
INSERT = "INSERT INTO bare.document (id, document) VALUES ($1, $2)"


def application(folder: Path, dsn: str) -> FastAPI:
    """Return the application."""
    page, project, summary = (
        (folder / f"{name}.json").read_bytes() for name in ("page", "project", "summary")
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(dsn, min_size=POOL, max_size=POOL) as pool:
            await pool.execute(TABLE)
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/v1/results/projects")
    async def read_page() -> Response:
        return Response(page, media_type=JSON)

    @app.get("/v1/results/projects/{identifier:path}")
    async def read_project(identifier: str) -> Response:
        return Response(project if identifier else b"", media_type=JSON)

    @app.get("/v1/results/summary")
    async def read_summary() -> Response:
        return Response(summary, media_type=JSON)

    @app.post("/v1/activities", status_code=201)
    async def create(request: Request) -> Response:
        id_ = uuid4()
        await app.state.pool.execute(INSERT, id_, (await request.body()).decode())
        return Response(json.dumps({"id": str(id_)}), 201, media_type=JSON)

    return app


def main(folder: str) -> None:
    """Serve until told to stop, with the options that a service is served with."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        application(Path(folder), os.environ["BARE_DSN"]),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        http="httptools",
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    main(*sys.argv[1:])
