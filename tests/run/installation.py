"""A real `zetel up` in a process of its own, for tests that start, stop and kill it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from zetel.embedded import Embedded

WAIT_SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def running(pid: int) -> bool:
    """Whether a process runs; one that ended but was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def descendants(pid: int) -> dict[int, str]:
    """All processes below one, with their command lines."""
    try:
        children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        found = {child: command_line(child) for child in children}
    except (FileNotFoundError, ProcessLookupError):
        return {}
    for child in children:
        found |= descendants(child)
    return found


def wait_until_gone(pids: list[int], seconds: float = WAIT_SECONDS) -> list[int]:
    """Give processes time to end and name those that did not."""
    end = time.monotonic() + seconds
    while (left := [pid for pid in pids if running(pid)]) and time.monotonic() < end:
        time.sleep(0.05)
    return left


@dataclass
class Installation:
    """A folder with data, and at most one `zetel up` on it that we watch."""

    extra: dict[str, str] = field(default_factory=dict)
    data: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="zetel-up-")))
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None
    seen: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        said = Path(tempfile.mkdtemp(prefix="zetel-said-"))
        self.out, self.err = said / "out", said / "err"
        self.data.chmod(0o755)  # as root, the database's user must be able to enter it

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def begin(self, *, data: Path | None = None) -> None:
        """Start `zetel up` without waiting for it. Only what is said here reaches it."""
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), **self.extra}
        words = ["up", "--data", str(data or self.data), "--port", str(self.port)]
        # Files, not pipes: a pipe would be held open by whatever was wrongly left running.
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "zetel", *words],
                env=environment,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def start(self) -> str:
        """Start it and wait for the line that names its address."""
        self.begin()
        assert self.process is not None
        while self.process.poll() is None:
            told = self.out.read_text()
            if "Zetel runs at" in told:
                self.seen = self.family()
                return told.strip()
            time.sleep(0.05)
        raise AssertionError(f"zetel up ended: {self.err.read_text()}")

    def refused(self, *, data: Path | None = None) -> tuple[int, str]:
        """Start it where it cannot start: its return code and what it said."""
        self.begin(data=data)
        return self.ended()

    def family(self) -> dict[int, str]:
        assert self.process is not None
        return {self.process.pid: "zetel up", **descendants(self.process.pid)}

    def member(self, words: str) -> int:
        """The process id of the first descendant whose command line holds these words."""
        return next(pid for pid, line in self.family().items() if words in line)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal and wait for the end."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        """Wait for its end: return code and everything it said on standard error."""
        assert self.process is not None
        code = self.process.wait(WAIT_SECONDS)
        return code, self.err.read_text()

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/accounts/login/", timeout=5) as answer:
                return int(answer.status) == 200
        except urllib.error.URLError:
            return False

    def clear(self) -> None:
        """Whatever went wrong, a test leaves nothing running and no folder behind."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(WAIT_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid, line in self.seen.items():
            if running(pid) and line == command_line(pid):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(Embedded(self.data).sockets, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self.out.parent, ignore_errors=True)
