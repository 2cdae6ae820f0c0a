"""Addresses and offers, beside dnsmasq and kea."""

import json
import os
import shutil
import statistics
import subprocess
import time

from common import WHITEGLOVE, die, table
from network import Machine, server


DHCP_SERVER = "10.99.0.1"
POOL = ("10.99.64.1", "10.99.127.254")
# What a UEFI laptop says.
PXE = "-o 60,505845436c69656e743a417263683a30303030373a554e44493a303033303136 -o 93,0007 -o 94,010310".split()


def perfdhcp(client, clients, rate, seconds, offers_only, pxe, timers=False, strict=False):
    """Answers a second, the share of questions that got none, and with `timers` the delays in ms.

    An answer that came and that perfdhcp was too slow to take in counts as one, unless it is to be `strict`: its
    kernel says how many there were. It shares two cores with the server, which laptops do not.
    """
    unread = lambda: int(client.run("cat /proc/net/snmp").split("Udp:")[2].split()[4])
    words = ["perfdhcp", "-4", "-l", "v1", "-r", rate, "-R", clients, "-p", seconds, "-W", 1_000_000, "-s", 1]
    words += ["-i"] * offers_only + PXE * pxe + ["-x", "t"] * timers + [DHCP_SERVER]
    # It does not end with 0 if something was lost.
    before = unread()
    said = subprocess.run([*client.enter, *[str(word) for word in words]], capture_output=True, text=True).stdout
    numbers = lambda name: [int(line.split(":")[1]) for line in said.splitlines() if line.startswith(name)]
    sent, got = numbers("sent packets:"), numbers("received packets:")
    if not sent:
        die("perfdhcp failed", said[-600:], "correct that and run scripts/bench again")
    late = 0 if strict else unread() - before
    answered = got[-1] + (late if offers_only else 0)
    stamps = [line.split(": ")[1].split(" / ") for line in said.splitlines() if line.startswith("sent / received: 0")]
    lost = max(0, sum(sent) - sum(got) - late) / sum(sent)
    return answered / seconds, lost, sorted((float(b) - float(a)) * 1e3 for a, b in stamps)


def most_without_loss(ask):
    """Asks for more until something is lost, then closes in; the most that came back whole."""
    best, low, high, asked = 0, 0, None, 2000
    while asked > 20:
        achieved, lost, _ = ask(asked)
        if lost:
            # Once more: one lost packet can be the fault of whatever else this machine does.
            achieved, lost, _ = ask(asked)
        if lost:
            high = asked
        else:
            best, low = max(best, achieved), asked
            # Who asks cannot ask faster.
            if achieved < 0.7 * asked:
                break
        asked = asked * 2 if high is None else (low + high) // 2
        if high and high - low < high / 10:
            break
    return best


def kea(scratch, machine, persist):
    leases = {"type": "memfile", "persist": persist, "lfc-interval": 0, "name": str(scratch / "kea.csv")}
    config = {
        "interfaces-config": {"interfaces": ["v0"]},
        "lease-database": leases,
        "valid-lifetime": 3600,
        "subnet4": [{"id": 1, "subnet": "10.99.0.0/16", "pools": [{"pool": " - ".join(POOL)}], "interface": "v0"}],
        "loggers": [{"name": "kea-dhcp4", "severity": "WARN", "output_options": [{"output": "stdout"}]}],
    }
    file = scratch / "kea.json"
    file.write_text(json.dumps({"Dhcp4": config}))
    (scratch / "kea.csv").unlink(missing_ok=True)
    os.environ.update(KEA_PIDFILE_DIR=str(scratch), KEA_LOCKFILE_DIR=str(scratch))
    return ["kea-dhcp4", "-c", file]


def dhcp_server(name, scratch, machine, boot):
    """How to run one of those that are compared."""
    log = scratch / "server.log"
    bound = lambda: f"{DHCP_SERVER}:67" in (out := machine.run("ss -lun")) or "v0:67" in out or "*:67" in out
    dnsmasq = "dnsmasq --keep-in-foreground --no-daemon --port=0 --conf-file=/dev/null --interface=v0 --bind-interfaces".split()
    if name == "dnsmasq, proxy":
        more = ["--dhcp-range=10.99.0.0,proxy", "--pxe-service=x86-64_EFI,scan,shimx64.efi", f"--dhcp-leasefile={scratch}/l"]
        return server(machine, log, bound, dnsmasq + more)
    if name == "dnsmasq, full":
        (scratch / "l").unlink(missing_ok=True)
        more = [f"--dhcp-range={POOL[0]},{POOL[1]}", "--dhcp-lease-max=20000", "--no-ping", f"--dhcp-leasefile={scratch}/l"]
        return server(machine, log, bound, [*dnsmasq, "--quiet-dhcp", *more])
    if name.startswith("kea"):
        return server(machine, log, bound, kea(scratch, machine, "csv" in name))
    mode, state = name.split()[1], scratch / f"dhcp-{time.monotonic_ns()}"
    state.mkdir()
    (state / "bootenv").symlink_to(boot)
    config = scratch / "dhcp.toml"
    pool = f"first = '{POOL[0]}'\nlast = '{POOL[1]}'\n" if mode == "own" else ""
    config.write_text(f"listen = '0.0.0.0:8780'\nmdns = false\n[[netboot]]\ninterface = 'v0'\nmode = '{mode}'\n{pool}")
    ours = [WHITEGLOVE, "--config", config, "--state", state]

    def serving():
        status = subprocess.run([*ours, "netboot", "status"], capture_output=True, text=True).stdout
        return any(line.startswith("v0 ") and " serves " in line for line in status.splitlines())

    return server(machine, log, serving, [*ours, "serve"])


def bench_dhcp(scratch, boot, quick):
    for tool, package in {"perfdhcp": "kea-admin", "kea-dhcp4": "kea-dhcp4-server", "dnsmasq": "dnsmasq-base"}.items():
        if not shutil.which(tool):
            die(f"{tool} is missing", "DHCP is measured beside others", f"apt-get install {package}")
    here = Machine()
    client = Machine(inside=here)
    here.run("ip link set lo up")
    here.run(f"ip link add v0 type veth peer name v1 netns {client.holder.pid}")
    for machine, interface, address in ((here, "v0", DHCP_SERVER), (client, "v1", "10.99.0.2")):
        machine.run(f"ip addr add {address}/16 dev {interface}")
        machine.run(f"ip link set {interface} up")
    seconds = 2 if quick else 3
    # Who is measured how: clients, whether only offers are asked for, whether as firmware.
    cases = [
        ("proxy, 2,000 clients: discover, offer", 2000, True, True, ["whiteglove proxy", "dnsmasq, proxy"]),
        (
            "own, 5,000 clients: discover, offer, request, acknowledgement",
            5000,
            False,
            False,
            ["whiteglove own", "kea, no disk", "kea, csv", "dnsmasq, full"],
        ),
        ("own, 5,000 clients: discover, offer", 5000, True, False, ["whiteglove own", "kea, no disk"]),
    ]
    for title, clients, offers_only, pxe, names in cases:
        rates, by_its_own_count, delays = {name: [] for name in names}, {name: [] for name in names}, {}
        for _ in range(1 if quick else 3):
            for name in names:
                with dhcp_server(name, scratch, here, boot):
                    ask = lambda rate, **more: perfdhcp(client, clients, rate, seconds, offers_only, pxe, **more)
                    # Every client has an address before it counts.
                    perfdhcp(client, clients, 1000, 1 + clients // 1000, offers_only, pxe)
                    rates[name].append(most_without_loss(ask))
                    by_its_own_count[name].append(most_without_loss(lambda rate: ask(rate, strict=True)))
        best = {name: statistics.median(rates[name]) for name in names}
        common = int(min(max(best[name] for name in names[1:]), best[names[0]]) * 0.5)
        for name in names:
            with dhcp_server(name, scratch, here, boot):
                perfdhcp(client, clients, 1000, 1 + clients // 1000, offers_only, pxe)
                _, lost, delays[name] = perfdhcp(client, clients, common, seconds, offers_only, pxe, timers=True)
                delays[name] = (delays[name][len(delays[name]) // 2], delays[name][len(delays[name]) * 99 // 100], lost)
        peer = max(best[name] for name in names[1:])
        rows = []
        for name in names:
            median, p99, lost = delays[name]
            ratio = best[name] / peer
            goal = (f"{ratio:.2f}", f">= 2 {'met' if ratio >= 2 else 'MISSED'}") if name == names[0] else ("", "")
            spread = f"{min(rates[name]):,.0f}-{max(rates[name]):,.0f}"
            strictly = f"{statistics.median(by_its_own_count[name]):,.0f}/s"
            rows.append((name, f"{best[name]:,.0f}/s", spread, strictly, f"{median:.2f} ms", f"{p99:.2f} ms", f"{lost:.1%}", *goal))
        head = ("server", "without loss", "of all runs", "by perfdhcp's own count", f"at {common:,}/s: median", "p99", "lost", "of the better peer", "goal")
        table(title, head, rows)
    client.end()
    here.end()
