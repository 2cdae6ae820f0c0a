"""Boot files by TFTP and HTTP, beside dnsmasq, atftpd and nginx."""

import hashlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess

from common import MIB, REPO, WHITEGLOVE, die, judged, run, table
from network import Machine, server


# One address each, as everybody wants port 69.
OURS, DNSMASQ, ATFTPD = "10.98.0.1", "10.98.0.3", "10.98.0.4"
# The first of as many as there are clients.
CLIENTS = "10.98.1.1"
LARGE, SMALL = 64 * MIB, MIB


def load_program():
    """benches/load.rs: clients of our own, the same for every server."""
    said = run("cargo", "bench", "--quiet", "--locked", "--bench", "load", "--no-run", "--message-format=json", cwd=REPO)
    programs = [json.loads(line).get("executable") for line in said.splitlines()]
    return next(program for program in programs if program and "/load-" in program)


def with_children(pid):
    return [pid, *map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def cpu_of_all(pid):
    """Seconds, of threads that ended too."""
    fields = [pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split() for one in with_children(pid)]
    return sum(int(of[11]) + int(of[12]) for of in fields) / os.sysconf("SC_CLK_TCK")


def peak_memory(pid):
    """MiB, of a program and its children."""
    statuses = [pathlib.Path(f"/proc/{one}/status").read_text() for one in with_children(pid)]
    return sum(int(text.split("VmHWM:")[1].split()[0]) for text in statuses) / 1024


class Loads:
    """What one server gave to one kind of clients, over all runs."""

    def __init__(self):
        self.rates, self.bytes, self.seconds, self.cpu, self.failed = [], 0, 0, 0, 0

    def add(self, client, pid, program, words):
        before = cpu_of_all(pid)
        got, seconds, failed, _ = run(*client.enter, program, CLIENTS, *words).split()
        self.cpu += cpu_of_all(pid) - before
        self.rates.append(int(got) / float(seconds) / 1e6)
        self.bytes, self.seconds = self.bytes + int(got), self.seconds + float(seconds)
        self.failed += int(failed)

    def rate(self):
        return statistics.median(self.rates)

    def cpu_per_gb(self):
        return self.cpu / (self.bytes / 1e9)

    def words(self):
        failed = f", {self.failed} FAILED" if self.failed else ""
        return f"{self.rate():,.0f} MB/s ({self.cpu_per_gb():.2f}{failed})"


def boot_files(scratch):
    """A boot environment of any bytes, and a folder with the same files for the others."""
    state, tree = scratch / "files", scratch / "tree"
    environment = state / "bootenv"
    environment.mkdir(parents=True)
    (tree / "boot").mkdir(parents=True)
    listed = []
    for name in ("shimx64.efi", "grubx64.efi", "grubnetx64.efi", "vmlinuz", "initrd.zst"):
        content = os.urandom(LARGE if name == "initrd.zst" else SMALL)
        (environment / name).write_bytes(content)
        if name in ("vmlinuz", "initrd.zst"):
            (tree / "boot" / name).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        listed.append({"name": name, "size": len(content), "sha256": digest, "source": "scripts/bench"})
    manifest = {"format": 1, "kernel_release": "none", "files": listed, "modules": [], "initrd_budget_bytes": LARGE}
    (environment / "bootenv.json").write_text(json.dumps(manifest))
    return state, tree


def atftpd(scratch):
    """Its package conflicts with other TFTP servers, so it is unpacked only."""
    if shutil.which("atftpd"):
        return "atftpd"
    subprocess.run(["apt-get", "download", "atftpd"], cwd=scratch, capture_output=True)
    package = next(scratch.glob("atftpd_*.deb"), None)
    if package is None:
        die("atftpd is missing", "apt-get download gave no package", "apt-get update, or put atftpd into PATH")
    run("dpkg", "-x", package, scratch / "atftpd")
    return scratch / "atftpd/usr/sbin/atftpd"


def bench_files(scratch, quick, tftp, http):
    for tool, package in {"dnsmasq": "dnsmasq-base", "nginx": "nginx-light"}.items():
        if not shutil.which(tool):
            die(f"{tool} is missing", "boot files are measured beside others", f"apt-get install {package}")
    program = load_program()
    state, tree = boot_files(scratch)
    here = Machine()
    client = Machine(inside=here)
    here.run("ip link set lo up")
    here.run(f"ip link add v0 type veth peer name v1 netns {client.holder.pid}")
    for address in (OURS, DNSMASQ, ATFTPD):
        here.run(f"ip addr add {address}/24 dev v0")
    client.run("ip addr add 10.98.0.2/24 dev v1")
    client.run("ip route add local 10.98.1.0/24 dev lo")
    for machine, interface in ((here, "v0"), (client, "v1")):
        machine.run(f"ip link set {interface} up")
    here.run("ip route add 10.98.1.0/24 via 10.98.0.2")
    config = scratch / "files.toml"
    config.write_text("listen = '0.0.0.0:8780'\nmdns = false\n[[netboot]]\ninterface = 'v0'\nmode = 'proxy'\n")
    nginx = scratch / "nginx.conf"
    nginx.write_text(
        f"user root; daemon off; pid {scratch}/nginx.pid; error_log stderr; worker_processes auto; events {{ }}\n"
        f"http {{ access_log off; sendfile on; tcp_nopush on; server {{ listen {OURS}:80; root {tree}; }} }}\n"
    )
    # ss names the interface of a socket that is bound to one.
    at = lambda address, port, kind="u": lambda: f"{address}:{port}" in here.run(f"ss -ln{kind}").replace("%v0", "")
    dnsmasq = f"dnsmasq --no-daemon --conf-file=/dev/null --port=0 --enable-tftp --user=root --bind-interfaces --listen-address={DNSMASQ} --tftp-root={tree}"
    peer = [atftpd(scratch), *f"--daemon --no-fork --user root --group root --logfile - --bind-address {ATFTPD} {tree}".split()]
    with (
        server(here, scratch / "ours.log", at(OURS, 69), [WHITEGLOVE, "--config", config, "--state", state, "serve"]) as ours,
        server(here, scratch / "dnsmasq.log", at(DNSMASQ, 69), dnsmasq.split()) as dnsmasq,
        server(here, scratch / "atftpd.log", at(ATFTPD, 69), peer) as atftpd_pid,
        server(here, scratch / "nginx.log", at(OURS, 80, "t"), ["nginx", "-p", scratch, "-c", nginx]) as nginx,
    ):
        if tftp:
            servers = {"whiteglove": (ours, OURS), "dnsmasq": (dnsmasq, DNSMASQ), "atftpd": (atftpd_pid, ATFTPD)}
            tables_of_tftp(client, program, servers, quick)
        if http:
            servers = {"whiteglove": (ours, f"{OURS}:8780"), "nginx": (nginx, f"{OURS}:80")}
            table_of_http(client, program, servers, quick)
    client.end()
    here.end()


def tables_of_tftp(client, program, servers, quick):
    before = peak_memory(servers["whiteglove"][0])
    rows = []
    for window in (1, 16, 64):
        for clients in (1, 8):
            loads = {name: Loads() for name in servers}
            for _ in range(2 if quick else 5):
                for name, (pid, address) in servers.items():
                    loads[name].add(client, pid, program, ["tftp", f"{address}:69", "boot/initrd.zst", 1468, window, clients, 0, 1])
            ours, best = loads["whiteglove"], max(loads[name].rate() for name in servers if name != "whiteglove")
            ratio = ours.rate() / best
            goals = judged(round(ratio, 2), 1.0 if window == 1 else 3.0)
            if window > 1:
                goals += f", s/GB {judged(round(ours.cpu_per_gb(), 2), 1.0, at_most=True)}"
            rows.append((window, clients, *(load.words() for load in loads.values()), f"{ratio:.2f}", goals))
    head = ("window", "clients", *servers, "of the better peer", "goal")
    table("TFTP, 64 MiB in blocks of 1468 (in brackets: processor seconds for a GB)", head, rows)
    memory = [(name, f"{peak_memory(pid):.0f} MiB") for name, (pid, _) in servers.items()]
    table(f"memory at most, where whiteglove had {before:.0f} MiB before the first transfer", ("server", "peak"), memory)

    rows = []
    for window in (1, 16, 64):
        loads = {name: Loads() for name in servers}
        for seed in range(1, 3 if quick else 9):
            for name, (pid, address) in servers.items():
                loads[name].add(client, pid, program, ["tftp", f"{address}:69", "boot/vmlinuz", 1468, window, 1, 50, seed])
        # Over all runs: a run may lose nothing.
        rates = {name: load.bytes / load.seconds / 1e6 for name, load in loads.items()}
        ratio = rates["whiteglove"] / max(rates[name] for name in servers if name != "whiteglove")
        words = [f"{rates[name]:,.2f} MB/s" + (f", {load.failed} FAILED" if load.failed else "") for name, load in loads.items()]
        rows.append((window, *words, f"{ratio:.1f}", judged(round(ratio, 1), 3.0)))
    head = ("window", *servers, "of the better peer", "goal")
    table("TFTP, 1 MiB in blocks of 1468 with 0.5 % lost, the same packets for all; one client", head, rows)


def table_of_http(client, program, servers, quick):
    rows = []
    for clients, goal in ((1, 1.0), (50, 1.5)):
        loads = {name: Loads() for name in servers}
        for _ in range(4 if quick else 12):
            for name, (pid, address) in servers.items():
                loads[name].add(client, pid, program, ["http", address, "/boot/initrd.zst", clients])
        ours, nginx = loads.values()
        ratio, cpu = ours.rate() / nginx.rate(), ours.cpu_per_gb() / max(nginx.cpu_per_gb(), 0.001)
        goals = f"{judged(round(ratio, 2), goal)}, s/GB {judged(round(cpu, 2), 1.0, at_most=True)}"
        rows.append((clients, ours.words(), nginx.words(), f"{ratio:.2f}", f"{cpu:.2f}", goals))
    head = ("clients", "whiteglove", "nginx, sendfile", "ratio", "of its s/GB", "goal")
    table("HTTP, 64 MiB boot file from memory (in brackets: processor seconds for a GB)", head, rows)
