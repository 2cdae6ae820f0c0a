"""Networks of a measurement, and the servers that live on them for its time."""

import contextlib
import os
import subprocess
import time

from common import die, run


class Machine:
    """A network namespace that ends with this program, for root and for those who may have one of their own."""

    def __init__(self, inside=None):
        begin = ["unshare"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user"]
        begin = inside.enter + ["unshare"] if inside else begin
        words = [*begin, "--net", "--mount", "sh", "-ec", "mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /run; exec cat"]
        self.holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.holder.stdin.write(b"ready\n")
        self.holder.stdin.flush()
        if self.holder.stdout.readline() != b"ready\n":
            die("there is no network to measure on", "network namespaces are refused here", "run scripts/bench as root")
        user = [] if os.geteuid() == 0 else ["--user"]
        self.enter = ["nsenter", f"--target={self.holder.pid}", "--preserve-credentials", "--net", "--mount", *user, "--"]

    def run(self, words):
        return run(*self.enter, *words.split())

    def end(self):
        self.holder.kill()
        self.holder.wait()


@contextlib.contextmanager
def server(machine, log, ready, words):
    """One server, running while it is measured."""
    with open(log, "wb") as file:
        command = [*machine.enter, *[str(word) for word in words]]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        end = time.monotonic() + 20
        try:
            while not ready():
                if time.monotonic() > end or child.poll() is not None:
                    die(f"{words[0]} did not start", log.read_text()[-600:], "correct that and run scripts/bench again")
                time.sleep(0.1)
            yield child.pid
        finally:
            child.terminate()
            child.wait()
