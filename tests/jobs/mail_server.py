"""A mail server on a real socket that speaks just enough SMTP: it takes mails, or is not there at all."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast


class _Session(socketserver.StreamRequestHandler):
    """One conversation: greets, says yes, keeps each mail."""

    def handle(self) -> None:
        self._say("220 at your service")
        while line := self.rfile.readline():
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                self._say("354 go on")
                self._keep()
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 yes")

    def _keep(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        cast(_Server, self.server).got.append(message)
        self._say("250 kept")

    def _say(self, words: str) -> None:
        self.wfile.write(words.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, got: list[EmailMessage], port: int) -> None:
        self.got = got
        super().__init__(("127.0.0.1", port), _Session)


@contextmanager
def serving(got: list[EmailMessage], port: int = 0) -> Iterator[int]:
    """Listens while the block runs, and puts what comes into `got`; says on which port."""
    server = _Server(got, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
