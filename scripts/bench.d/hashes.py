"""Hardware hashes read, beside Python."""

import base64
import hashlib
import os
import statistics
import struct
import subprocess
import time

from common import MIB, REPO, WHITEGLOVE, die, run, table


# What a careful script would do: read the rows, decode, check the digest. Standard library only.
PEER = """
import base64, csv, hashlib, sys
good = 0
with open(sys.argv[1], newline="") as file:
    for row in csv.DictReader(file):
        raw = base64.b64decode(row["Hardware Hash"], validate=True)
        used = int.from_bytes(raw[2:4], "little")
        good += raw[:2] == b"OA" and raw[used + 4:used + 36] == hashlib.sha256(raw[:used]).digest()
print(good)
"""


def make_csv(path, lines):
    """Hashes of as many laptops, each with a serial number, UUID and digest of its own, as Windows' tools write them."""
    def text(kind, value):
        value = value.encode() + b"\0"
        return struct.pack("<HH", kind, len(value) + 4) + value

    with open(path, "w", newline="") as file:
        file.write("Device Serial Number,Windows Product ID,Hardware Hash\r\n")
        for n in range(lines):
            serial = f"PF{n:06X}"
            uuid = hashlib.sha256(serial.encode()).digest()[:16]
            ek = hashlib.shake_256(serial.encode()).digest(256)
            body = struct.pack("<HH", 12, 20) + uuid + text(14, serial) + text(16, "Example Inc.") + text(17, "Example Book 14")
            body += text(13, "TPM-Version:2.0 -Level:0-Revision:1.59-VendorID:'TEST'-Firmware:65536.1")
            body += struct.pack("<HH", 25, 260) + ek
            body += struct.pack("<HHIBBI", 11, 46, 0, 1, 0, 32) + hashlib.sha256(ek).digest()
            head = b"OA" + struct.pack("<H", len(body) + 4) + body
            raw = (head + b"CS\x24\0" + hashlib.sha256(head).digest()).ljust(3000, b"\0")
            file.write(f"{serial},,{base64.b64encode(raw).decode()}\r\n")


def measured(*command):
    """Seconds and peak memory of a program that must succeed."""
    start = time.monotonic()
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, used = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status):
        die(f"{command[0]} failed", child.stderr.read().decode()[-600:], "correct that and run scripts/bench again")
    child.stderr.close()
    return time.monotonic() - start, used.ru_maxrss / 1024


def bench_hashes(scratch, quick):
    ours, floor, ratio = run("cargo", "bench", "--quiet", "--locked", "--bench", "hashes", cwd=REPO).split()
    met = "met" if float(ratio) >= 0.5 else "MISSED"
    head = ("decode + validate", "base64 + SHA-256 of the same bytes", "ratio", "goal")
    table("hardware hashes a second, one core", head, [(f"{float(ours):,.0f}", f"{float(floor):,.0f}", ratio, f">= 0.5 {met}")])

    lines = 10_000 if quick else 100_000
    csv_file, script = scratch / "hashes.csv", scratch / "peer.py"
    make_csv(csv_file, lines)
    script.write_text(PEER)
    size = csv_file.stat().st_size
    seen = {name: [] for name in ("python", "validate", "import")}
    for turn in range(1 if quick else 3):
        seen["python"].append(measured("python3", script, csv_file))
        seen["validate"].append(measured(WHITEGLOVE, "hash", "validate", csv_file, "--json"))
        seen["import"].append(measured(WHITEGLOVE, "--state", scratch / f"import-{turn}", "import", csv_file))
    of = {name: [statistics.median(column) for column in zip(*values)] for name, values in seen.items()}
    names = {
        "python": "peer: Python's csv, base64, hashlib (digest only)",
        "validate": "hash validate: every field checked, nothing kept",
        "import": "import: each line a device in the journal",
    }
    rows = [
        (words, f"{of[name][0]:.2f} s", f"{lines / of[name][0]:,.0f}/s", f"{of[name][0] / of['python'][0]:.2f}", f"{of[name][1]:.0f} MiB")
        for name, words in names.items()
    ]
    table(f"a CSV of {lines:,} lines ({size / MIB:.0f} MiB)", ("what", "time", "lines", "of the peer's time", "peak memory"), rows)
