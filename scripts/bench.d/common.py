"""What all tables share: programs run and timed, medians of both sides in turn, the tables themselves."""

import os
import pathlib
import statistics
import subprocess
import sys
import time

REPO = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPO / "target"))
WHITEGLOVE = TARGET / "release/whiteglove"
MIB = 1 << 20


def die(what, why, what_next):
    sys.exit(f"\nbench: {what}\n  why:  {why}\n  next: {what_next}")


def run(*command, **options):
    """Runs a program that must succeed; its standard output."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode:
        die(f"{command[0]} failed", done.stderr.strip()[-600:], "correct that and run scripts/bench again")
    return done.stdout


def timed(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def medians(runs, **sides):
    """Runs the sides in turn, so that what disturbs one disturbs the other; the median of each."""
    times = {name: [] for name in sides}
    for _ in range(runs):
        for name, work in sides.items():
            times[name].append(timed(work))
    return {name: statistics.median(seen) for name, seen in times.items()}


def table(title, head, rows):
    widths = [max(len(str(row[column])) for row in [head, *rows]) for column in range(len(head))]
    line = lambda row: "| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |"
    print(f"\n### {title}\n\n{line(head)}\n|{'|'.join('-' * (width + 2) for width in widths)}|")
    for row in rows:
        print(line(row))


def machine():
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
    memory = int(open("/proc/meminfo").readline().split()[1]) >> 20
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} cores, {memory} GiB, Linux {os.uname().release}, load {load:.1f} at the start"


def judged(value, goal, at_most=False):
    met = value <= goal if at_most else value >= goal
    return f"{'<=' if at_most else '>='} {goal} {'met' if met else 'MISSED'}"
