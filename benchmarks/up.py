"""How long `zetel up` takes until the first page answers: on an empty folder (cold) and on its own data (warm).

The limit measured in the same run is what the embedded PostgreSQL alone takes for the same: making its cluster and
starting, then starting again. Everything listens on loopback and is ended before the benchmark ends.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from zetel.embedded import Embedded

PATIENCE_SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_and_stop_postgres(home: Path) -> float:
    begun = time.perf_counter()
    server = Embedded(home)
    server.start()
    taken = time.perf_counter() - begun
    server.stop()
    return taken


def up(home: Path) -> float:
    """Seconds from the command to the first answered page."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ZETEL_")}
    begun = time.perf_counter()
    running = subprocess.Popen(
        [sys.executable, "-m", "zetel", "up", "--data", str(home), "--port", str(port)],
        env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not answers(port):
            assert running.poll() is None, "zetel up ended before it answered"
            assert time.perf_counter() - begun < PATIENCE_SECONDS, "zetel up does not answer"
            time.sleep(0.02)
        return time.perf_counter() - begun
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(30)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/pricing", timeout=5) as page:
            return bool(page.status == 200)
    except OSError:
        return False


def main() -> None:
    # The server runs as an unprivileged user when started as root, which must be able to enter the folder.
    with tempfile.TemporaryDirectory(prefix="zetel-bench-") as folder:
        Path(folder).chmod(0o755)
        bare_cold, bare_warm = (start_and_stop_postgres(Path(folder) / "bare") for _ in range(2))
        cold, warm = (up(Path(folder) / "up") for _ in range(2))
    print(f"cold {cold:.1f} s, warm {warm:.1f} s; PostgreSQL alone {bare_cold:.1f} s and {bare_warm:.1f} s")
    figures = {
        "benchmark": "up", "cold_s": round(cold, 2), "warm_s": round(warm, 2), "bare_cold_s": round(bare_cold, 2),
        "bare_warm_s": round(bare_warm, 2), "limit_s": round(bare_cold, 2), "ratio": round(cold / bare_cold, 2),
        "ratio_warm": round(warm / bare_warm, 2),
    }  # fmt: skip
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
