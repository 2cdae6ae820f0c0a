"""The board: a frame, and a program at rest."""

import fcntl
import os
import pathlib
import pty
import select
import struct
import termios
import time

from common import REPO, WHITEGLOVE, die, run, table


def bench_frames():
    out = run("cargo", "bench", "--quiet", "--locked", "--bench", "frames", cwd=REPO)
    rows = []
    for line in out.strip().splitlines():
        devices, median, p99 = line.split()
        rows.append((f"{int(devices):,}", f"{median} us", f"{p99} us"))
    table("board, 80x24: a new snapshot taken in and drawn", ("devices", "median", "p99"), rows)


def cpu_seconds(pid):
    """Of all threads, in nanoseconds by the scheduler: clock ticks are too coarse for a program at rest."""
    threads = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def bench_idle(scratch):
    """The whole appliance with the board open on a terminal of its own and nothing happening."""
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.environ["TERM"] = "xterm-256color"
        os.execv(WHITEGLOVE, [str(WHITEGLOVE), "--state", str(scratch / "idle"), "demo", "--laptops", "60", "--over", "1"])
    try:
        def drain(seconds):
            end, seen = time.monotonic() + seconds, b""
            while time.monotonic() < end:
                if select.select([terminal], [], [], 0.1)[0]:
                    seen += os.read(terminal, 65536)
            return seen

        if b"SIMULATED" not in drain(8):
            die("the board did not come up", "its screen shows no simulated laptops", "run `whiteglove demo` and look")
        before = cpu_seconds(pid)
        drain(20)
        used = cpu_seconds(pid) - before
    finally:
        os.kill(pid, 15)
        os.waitpid(pid, 0)
    table("idle: board open, 60 devices, nothing happening for 20 s", ("processor time", "share of a core"), [(f"{used * 1e3:.1f} ms", f"{used / 20:.3%}")])
