"""An endpoint of a partner, for webhooks."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import standardwebhooks


class Endpoint:
    """A partner's endpoint on an address of this machine, that keeps what it takes; now and then it loses its answer."""

    def __init__(self, host: str = "127.0.0.1", name: str | None = None) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                told = {name.lower(): value for name, value in self.headers.items()}
                endpoint.taken.append((told, body))
                if len(endpoint.taken) % 7 == 0:
                    self.close_connection = True
                    return
                self.send_response(204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Tell nothing."""

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://{name or host}:{self._server.server_port}/"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def versions(self, secret: str) -> dict[str, list[int]]:
        """Return the versions of each thing in the order in which they first came, each verified."""
        verify = standardwebhooks.Webhook(secret).verify
        told: dict[str, list[int]] = {}
        ids: dict[tuple[str, int], str] = {}
        for headers, body in self.taken:
            data = verify(body, headers)["data"]
            known = ids.setdefault((data["identifier"], data["version"]), headers["webhook-id"])
            assert known == headers["webhook-id"]
            versions = told.setdefault(data["identifier"], [])
            if data["version"] not in versions:
                versions.append(data["version"])
        return told
