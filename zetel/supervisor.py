"""`zetel up`: the database, then what has to be ready, then web and worker; all of them stop together.

One process watches over all. Each child is in a process group of its own, so that Ctrl-C reaches only the
supervisor, and is tied to it, so that nothing is left when the supervisor is killed outright. If a child ends by
itself, everything stops with return code 1: a half installation must not look like a whole one.
"""

import http
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from zetel.config import Config, child_environment
from zetel.embedded import DATABASE, Embedded, EmbeddedError, make_folder
from zetel.lifeline import tied

POLL_SECONDS = 0.1
READY_SECONDS = 60.0
STOP_SECONDS = 25.0  # a little longer than what web and worker give to the work in hand
STOP_SECONDS_WITHOUT_DATABASE = 2.0
GRACE_SECONDS = 20
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class UpError(Exception):
    """Zetel cannot start; the text says what to do."""


def web_command(config: Config) -> list[str]:
    """granian serves Zetel: one process, some threads."""
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--log-level", "warning"]
    command += ["--host", config.host, "--port", str(config.port)]
    command += ["--blocking-threads", str(config.web_threads), "--workers-kill-timeout", str(GRACE_SECONDS)]
    return [*command, "zetel.wsgi:application"]


def zetel_command(*words: str) -> list[str]:
    return [sys.executable, "-m", "zetel", *words]


@dataclass
class Up:
    """One running installation."""

    config: Config
    with_demo: bool = False
    database: Embedded | None = None
    children: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    stop_asked: threading.Event = field(default_factory=threading.Event)

    def run(self) -> int:
        """Start, stay until asked to stop or until a child ends, stop. Returns the process's return code."""
        for number in STOP_SIGNALS:
            signal.signal(number, lambda *_: self.stop_asked.set())
        try:
            self._check_port()
            self._start()
            return self._stay()
        except (UpError, EmbeddedError) as error:
            if self.stop_asked.is_set():
                return 0
            print(f"zetel: {error}", file=sys.stderr, flush=True)
            return 1
        finally:
            self._stop()

    def _start(self) -> None:
        make_folder(self.config.data)
        self.config.keep_secret()
        self.environment = child_environment(self.config)
        if self.config.database_url is None:
            self.database = Embedded(self.config.data)
            self.database.start()
            create_database(self.database)
            self.environment["ZETEL_DATABASE_URL"] = self.database.url()
        self._run_to_end("prepare")
        if self.with_demo:
            # Before the worker: months of the past are played back, which its billing run must not join in.
            self._run_to_end("demo")
        self.children["web"] = self._child(web_command(self.config))
        # Killed with us, its database goes at the same moment: asked kindly, it would wait for that one in vain.
        self.children["worker"] = self._child(zetel_command("worker"), when_orphaned=signal.SIGKILL)
        self._wait_until_answering()
        print(
            f"Zetel runs at {self.config.address} (data in {self.config.data}; Ctrl-C stops it)", flush=True
        )

    def _stay(self) -> int:
        while not self.stop_asked.wait(POLL_SECONDS):
            ended = self._ended()
            if ended:
                print(
                    f"zetel: {' and '.join(ended)} ended unexpectedly; stopping all",
                    file=sys.stderr,
                    flush=True,
                )
                return 1
        return 0

    def _stop(self) -> None:
        """The doors first, the database last."""
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        # Without a database no work in hand can be finished.
        seconds = STOP_SECONDS if "database" not in self._ended() else STOP_SECONDS_WITHOUT_DATABASE
        for child in self.children.values():
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        if self.database is not None:
            self.database.stop()

    def _ended(self) -> list[str]:
        watched = dict(self.children)
        if self.database is not None and self.database.process is not None:
            watched["database"] = self.database.process
        return [name for name, process in watched.items() if process.poll() is not None]

    def _child(
        self, command: list[str], *, when_orphaned: signal.Signals = signal.SIGTERM
    ) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            process_group=0,
            preexec_fn=tied(when_orphaned),
        )

    def _run_to_end(self, name: str) -> None:
        """Run `zetel <name>` and wait for it, unless we are asked to stop meanwhile."""
        child = self.children[name] = self._child(zetel_command(name))
        while child.poll() is None:
            if self.stop_asked.wait(POLL_SECONDS):
                raise UpError("stopped while starting")
        del self.children[name]
        if child.returncode:
            raise UpError(f"`zetel {name}` failed; what went wrong stands above. Nothing was left running")

    def _wait_until_answering(self) -> None:
        end = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self.stop_asked.wait(POLL_SECONDS):
                raise UpError("stopped while starting")
            ended = self._ended()
            if ended:
                raise UpError(f"{' and '.join(ended)} ended at once; what went wrong stands above")
            if time.monotonic() > end:
                raise UpError(f"the web server did not answer within {READY_SECONDS:.0f} seconds; see above")

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(self._reachable_host(), self.config.port, timeout=10)
        try:
            connection.request("GET", "/", headers={"Host": self.config.address_host})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        if answer.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            raise UpError("the first page failed; what went wrong stands above")
        return True

    def _reachable_host(self) -> str:
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.config.host, self.config.host)

    def _check_port(self) -> None:
        """Find out before the database starts, not by a failing child after it."""
        try:
            found = socket.getaddrinfo(self.config.host, self.config.port, type=socket.SOCK_STREAM)[0]
            with socket.socket(found[0], found[1]) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(found[4])
        except OSError as error:
            raise UpError(
                f"port {self.config.port} on {self.config.host} cannot be used ({error.strerror});"
                " choose another with --port or ZETEL_PORT"
            ) from error


def create_database(server: Embedded) -> None:
    """The first time, the server holds no database of ours yet."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        name = DATABASE
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
