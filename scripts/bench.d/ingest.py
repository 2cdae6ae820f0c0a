"""Captures taken in, beside the commits that SQLite makes durable."""

import os
import sqlite3
import statistics
import time

from common import WHITEGLOVE, run, table


def sqlite_commits(scratch, body, seconds, group):
    """Durable commits a second that SQLite alone gives on this disk: same settings, rows of the same size."""
    path = scratch / "limit.db"
    for old in scratch.glob("limit.db*"):
        old.unlink()
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE j (number BIGINT PRIMARY KEY, at BIGINT, kind TEXT, body TEXT, hash BLOB)")
    number, text, digest = 0, "x" * body, os.urandom(32)
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        database.execute("BEGIN")
        for _ in range(group):
            database.execute("INSERT INTO j VALUES (?,?,?,?,?)", (number, number, "capture-taken", text, digest))
            number += 1
        database.execute("COMMIT")
    elapsed = time.perf_counter() - began
    database.close()
    return number / elapsed


def bench_ingest(scratch, quick):
    captures = 1000 if quick else 4000
    rows = []
    for clients in (1, 64):
        seen = {name: [] for name in ("rate", "median", "p99", "single", "grouped")}
        for _ in range(3):
            seen["single"].append(sqlite_commits(scratch, 3600, 1.5, 1))
            seen["grouped"].append(sqlite_commits(scratch, 3600, 1.5, clients))
            count = captures if clients > 1 else captures // 4
            line = run(WHITEGLOVE, "--state", scratch / "load", "demo", "--load", clients, "--laptops", count)
            words = line.split("clients: ")[1].replace(",", "").split()
            seen["rate"].append(float(words[0]))
            seen["median"].append(float(words[words.index("median") + 1]))
            seen["p99"].append(float(words[words.index("p99") + 1]))
        of = {name: statistics.median(values) for name, values in seen.items()}
        rows.append(
            (
                clients,
                f"{of['rate']:.0f}/s",
                f"{of['median']:.2f} ms",
                f"{of['p99']:.2f} ms",
                f"{of['single']:.0f}/s",
                f"{of['rate'] / of['single']:.2f}",
                f"{of['grouped']:.0f}/s",
                f"{of['rate'] / of['grouped']:.2f}",
            )
        )
    head = ("clients", "captures", "median", "p99", "SQLite, a commit each", "ratio", "SQLite, groups of that many", "ratio")
    table("capture ingest over HTTP, each on disk before its receipt (clients and bench share the processor)", head, rows)
