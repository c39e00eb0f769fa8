"""A real HTTP server that knows ranges and fails on demand."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Served:
    """What is served and how badly; ``requests`` collects the Range headers that came."""

    data: bytes
    url: str = ""
    ranges: bool = True
    drops: list[int] = field(default_factory=list)  # bytes after which to hang up, per request
    statuses: list[int] = field(default_factory=list)  # failures before the first success
    requests: list[str | None] = field(default_factory=list)


@contextmanager
def serving(served: Served) -> Iterator[Served]:
    """Serve until the context ends; ``url`` is set."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            pass

        def do_GET(self) -> None:
            served.requests.append(self.headers.get("Range"))
            if served.statuses:
                self.send_error(served.statuses.pop(0))
                return
            start = self._start()
            if start and start >= len(served.data):
                self.send_error(416)
                return
            body = served.data[start:]
            self.send_response(206 if start else 200)
            if start:
                end = len(served.data) - 1
                self.send_header("Content-Range", f"bytes {start}-{end}/{len(served.data)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: served.drops.pop(0)] if served.drops else body)

        def _start(self) -> int:
            match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
            return int(match[1]) if match and served.ranges else 0

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}/weights.pth"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
