"""A boot in QEMU, as scripts/test timed it."""

import json

from common import MIB, TARGET, table


def bench_boot(boot):
    rows = [("initramfs", f"{(boot / 'initrd.zst').stat().st_size / MIB:.1f} MiB")]
    seconds = boot / "boot-seconds"
    if seconds.exists():
        rows.append(("power-on to the agent's first line, loaded directly", f"{seconds.read_text().strip()} s"))
    timings = TARGET / "qemu/timings.json"
    if timings.exists():
        for line in timings.read_text().splitlines():
            for name, value in json.loads(line).items():
                if isinstance(value, dict):
                    value = ", ".join(f"{part} {ms}" for part, ms in sorted(value.items(), key=lambda item: -item[1]) if ms)
                rows.append((name.replace("_", " "), value))
    else:
        rows.append(("agent start to capture acknowledged", "run scripts/test first: its QEMU test measures this"))
    table("boot, in QEMU without KVM (one run; the test's initramfs is made with --fast)", ("what", "value"), rows)
