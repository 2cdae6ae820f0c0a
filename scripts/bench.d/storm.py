"""Laptops switched on together, beside dnsmasq and nginx."""

import contextlib
import json
import statistics
import subprocess

from common import REPO, WHITEGLOVE, die, judged, run, table
from dhcp import POOL
from network import Machine, server


STORM_SERVER, STORM_FIRST = "10.99.0.1", "10.99.2.1"


def storm_program():
    """benches/storm.rs: whole laptops, from the first packet to the receipt of a capture."""
    said = run("cargo", "bench", "--quiet", "--locked", "--bench", "storm", "--no-run", "--message-format=json", cwd=REPO)
    programs = [json.loads(line).get("executable") for line in said.splitlines()]
    return next(program for program in programs if program and "/storm-" in program)


def storm_peers(scratch, here, tree):
    """dnsmasq for addresses and TFTP, nginx for HTTP, both giving out whiteglove's own export."""
    nginx = scratch / "storm-nginx.conf"
    nginx.write_text(
        f"user root; daemon off; pid {scratch}/storm.pid; error_log stderr; worker_processes auto; events {{ }}\n"
        f"http {{ access_log off; sendfile on; tcp_nopush on; server {{ listen {STORM_SERVER}:80; root {tree}; }} }}\n"
    )
    (scratch / "storm-leases").unlink(missing_ok=True)
    words = f"dnsmasq --no-daemon --conf-file=/dev/null --port=0 --interface=v0 --bind-interfaces --user=root --no-ping --quiet-dhcp"
    words += f" --dhcp-range={POOL[0]},{POOL[1]} --dhcp-lease-max=20000 --dhcp-leasefile={scratch}/storm-leases"
    words += f" --enable-tftp --tftp-root={tree} --dhcp-boot=shimx64.efi"
    sockets = lambda kind, at: lambda: at in here.run(f"ss -ln{kind}").replace("%v0", "")
    stack = contextlib.ExitStack()
    stack.enter_context(server(here, scratch / "storm-dnsmasq.log", sockets("u", ":67"), words.split()))
    stack.enter_context(server(here, scratch / "storm-nginx.log", sockets("t", f"{STORM_SERVER}:80"), ["nginx", "-p", scratch, "-c", nginx]))
    return stack


def bench_storm(scratch, boot, quick):
    """200 laptops switched on together. The bench that takes in their captures is the same on both sides."""
    program, laptops = storm_program(), 50 if quick else 200
    here = Machine()
    client = Machine(inside=here)
    here.run("ip link set lo up")
    here.run(f"ip link add v0 type veth peer name v1 netns {client.holder.pid}")
    here.run(f"ip addr add {STORM_SERVER}/16 dev v0")
    here.run("ip link set v0 up")
    client.run("ip addr add 10.99.0.2/16 dev v1")
    for number in range(laptops):
        client.run(f"ip addr add 10.99.{2 + (number + 1) // 256}.{(number + 1) % 256}/16 dev v1")
    client.run("ip link set v1 up")
    seen = {"whiteglove": [], "dnsmasq + nginx": []}
    for turn in range(1 if quick else 3):
        for name in seen:
            state = scratch / f"storm-{name.split()[0]}-{turn}"
            state.mkdir()
            (state / "bootenv").symlink_to(boot)
            config = scratch / "storm.toml"
            own = f"[[netboot]]\ninterface = 'v0'\nmode = 'own'\nfirst = '{POOL[0]}'\nlast = '{POOL[1]}'\n"
            config.write_text("listen = '0.0.0.0:8780'\nmdns = false\n" + (own if name == "whiteglove" else ""))
            ours = [*here.enter, str(WHITEGLOVE), "--config", str(config), "--state", str(state)]

            def serving():
                status = subprocess.run([*ours, "netboot", "status"], capture_output=True, text=True)
                return status.returncode == 0 and (name != "whiteglove" or " serves " in status.stdout)

            with contextlib.ExitStack() as stack:
                stack.enter_context(server(here, scratch / "storm.log", serving, [WHITEGLOVE, "--config", config, "--state", state, "serve"]))
                port = 8780
                if name != "whiteglove":
                    tree, port = scratch / f"storm-tree-{turn}", 80
                    run(*ours, "netboot", "export", tree)
                    stack.enter_context(storm_peers(scratch, here, tree))
                words = f"--server {STORM_SERVER} --http {port} --endpoint {STORM_SERVER}:8780 --laptops {laptops} --first {STORM_FIRST} --interface v1"
                seen[name].append(json.loads(run(*client.enter, program, *words.split())))
                if not seen[name][-1]["captured"]:
                    die(f"no laptop booted from {name}", "the simulated laptops got no answer", "look at the servers' logs")
    client.end()
    here.end()
    middle = lambda name, what: statistics.median(one[what] for one in seen[name])
    rows = []
    for name, runs in seen.items():
        captured = "+".join(str(one["captured"]) for one in runs)
        ratio = middle(name, "all_ms") / middle("dnsmasq + nginx", "all_ms")
        goal = judged(round(ratio, 2), 1.0, at_most=True) if name == "whiteglove" else ""
        times = [f"{middle(name, what) / 1000:.2f} s" for what in ("all_ms", "median_ms", "p99_ms")]
        rows.append((name, f"{captured} of {laptops} each", *times, f"{ratio:.2f}", goal))
    head = ("servers", "captured", "all", "median", "p99", "of the peers' time", "goal")
    table(f"{laptops} laptops switched on together: address, shim, GRUB, kernel, initramfs, capture", head, rows)
