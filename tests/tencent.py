"""A stand-in for Tencent's API on 127.0.0.1 that answers what a test tells it to, and remembers who asked."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OK = {"errcode": 0, "errmsg": "ok"}


@dataclass(frozen=True)
class Answer:
    body: bytes
    content_type: str = "application/json; charset=UTF-8"
    status: int = 200
    after_seconds: float = 0.0


@dataclass
class Tencent:
    """`answers` are used up per path, the last one again and again; `asked` is (path with query, JSON)."""

    url: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def will_say(self, path: str, *answers: Answer | dict[str, Any]) -> None:
        self.answers[path] = [
            answer if isinstance(answer, Answer) else Answer(json.dumps(answer).encode())
            for answer in answers
        ]

    def asked_for(self, path: str) -> list[Any]:
        return [body for address, body in self.asked if address.split("?")[0] == path]

    def take(self, address: str, body: Any) -> Answer:
        with self.lock:
            self.asked.append((address, body))
            answers = self.answers[address.split("?")[0]]
            return answers.pop(0) if len(answers) > 1 else answers[0]


@contextmanager
def running() -> Iterator[Tencent]:
    tencent = Tencent()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

        def do_GET(self) -> None:
            self._answer(None)

        def _answer(self, body: Any) -> None:
            answer = tencent.take(self.path, body)
            time.sleep(answer.after_seconds)
            self.send_response(answer.status)
            self.send_header("content-type", answer.content_type)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            try:
                self.wfile.write(answer.body)
            except ConnectionError:
                return  # the bot had read enough, or would not wait

        def log_message(self, format: str, *args: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        request_queue_size = 64  # as many may knock at once as a test has threads

    server = Server(("127.0.0.1", 0), Handler)
    tencent.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield tencent
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
