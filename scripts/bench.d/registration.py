"""Registration online, beside the least time that the service's own latencies and limits allow."""

import json

from common import REPO, judged, run, table


def part(*arguments):
    return json.loads(run("cargo", "bench", "--quiet", "--locked", "--bench", "registration", "--", *arguments, cwd=REPO))


def bench_registration(quick):
    seen = part("--laptops", 100 if quick else 500)
    ratio = seen["seconds"] / seen["floor"]
    row = (
        seen["laptops"],
        f"{seen['seconds']:.0f} s",
        f"{seen['floor']:.0f} s",
        f"{ratio:.2f}",
        judged(ratio, 1.2, at_most=True),
        f"{(seen['graph'] + seen['entra']) / seen['laptops']:.2f}",
        f"{seen['parts'] / seen['laptops']:.2f}",
        seen["throttled"],
    )
    head = ("laptops", "until all are safe to boot", "floor", "ratio", "goal", "requests each", "parts of batches each", "throttled")
    table("registration by Graph (fake; requests 80-300 ms, imports 60-95 s, profiles 20-60 s, published limits)", head, [row])

    seen = part("--queue", 10_000 if quick else 100_000)
    mib = lambda name: f"{seen[name] / 1024:.0f} MiB"
    each = (seen["queued_kib"] - seen["before_kib"]) * 1024 / seen["queue"]
    row = (f"{seen['queue']:,}", mib("before_kib"), mib("queued_kib"), f"{each:.0f} B", mib("peak_kib"))
    head = ("laptops", "captured, at rest", "all of them queued", "the queue, each", "peak")
    table("memory with a long queue and no uplink", head, [row])
