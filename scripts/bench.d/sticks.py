"""Sticks written, read back and brought up to date, beside dd and cmp."""

import os
import pathlib
import shutil

from common import MIB, REPO, WHITEGLOVE, medians, run, table
from media import make_payload


class Loop:
    """A loop device with direct I/O to its file: what is read back comes from the disk below, as from a stick."""

    def __init__(self, path, size):
        with open(path, "wb") as file:
            # Written once, so that neither side pays for finding room.
            block = os.urandom(MIB)
            for _ in range(size // MIB):
                file.write(block)
            os.fsync(file.fileno())
        self.path = path

    def __enter__(self):
        self.device = run("losetup", "--find", "--show", "--direct-io=on", self.path).strip()
        return self.device

    def __exit__(self, *_):
        run("losetup", "-d", self.device)
        self.path.unlink()


def bench_sticks(scratch, boot, quick):
    state = scratch / "sticks-state"
    state.mkdir()
    (state / "bootenv").symlink_to(boot)
    config = scratch / "sticks.toml"
    config.write_text("listen = '127.0.0.1:0'\nmdns = false\n")
    payload, image = scratch / "payload", scratch / "stick.img"
    make_payload(payload, 1, (256 << 20) if quick else (1 << 30))
    whiteglove = lambda *words: run(
        WHITEGLOVE, "--config", config, "--state", state, "media", *words, env={**os.environ, "WHITEGLOVE_REHEARSE_ON_LOOP": "1"}
    )
    whiteglove("build", "--out", image, "--add", payload)
    shutil.rmtree(payload)
    size = image.stat().st_size
    content = image.stat().st_blocks * 512
    with Loop(scratch / "medium", size) as device:
        name = pathlib.Path(device).name

        def peer():
            run("dd", f"if={image}", f"of={device}", "bs=4M", "oflag=direct", "conv=fsync")
            run("cmp", f"--bytes={size}", image, device)

        def peer_sparse():
            """dd told to leave out what is a hole in the image: only right on a medium that is blank."""
            run("dd", f"if={image}", f"of={device}", "bs=4M", "oflag=direct", "conv=fsync,sparse")
            run("cmp", f"--bytes={size}", image, device)

        write = lambda: whiteglove("write", image, "--to", device, "--name", name)
        update = lambda: whiteglove("update", image, "--to", device, "--name", name)
        seen = medians(3 if quick else 5, peer=peer, sparse=peer_sparse, write=write, update=update)
    image.unlink()
    rows = []
    for words, mine, theirs, goal in (
        ("write + verify, dd writes all of the image", "write", "peer", 1.0),
        ("write + verify, dd skips holes (right on a blank medium only)", "write", "sparse", None),
        ("update in place, nothing changed, beside a full write", "update", "write", 0.1),
    ):
        ratio = seen[mine] / seen[theirs]
        rows.append((words, f"{seen[mine]:.2f} s", f"{seen[theirs]:.2f} s", f"{ratio:.2f}", "none" if goal is None else f"<= {goal} {'met' if ratio <= goal else 'MISSED'}"))
    title = f"one stick (loop device, direct I/O): image of {size / MIB:.0f} MiB, {content / MIB:.0f} MiB of it content"
    table(title, ("what", "whiteglove", "peer: dd oflag=direct + cmp", "ratio", "goal"), rows)

    out = run("cargo", "bench", "--quiet", "--locked", "-p", "whiteglove-image", "--bench", "sticks", cwd=REPO).split()
    one, last, ratio, slow, memory = (float(word) for word in out)
    rows = [
        ("the last of 15, beside one stick alone", f"{last:.2f} s", f"{one:.2f} s", f"{ratio:.3f}", f"<= 1.1 {'met' if ratio <= 1.1 else 'MISSED'}"),
        ("the slow one", f"{slow:.2f} s", "", "", "alone is late"),
        ("peak memory", f"{memory:.0f} MiB", "", "", f"< 200 MiB {'met' if memory < 200 else 'MISSED'}"),
    ]
    table("16 sticks held to 20 MB/s (80 reading), one of them to a tenth", ("what", "16 sticks", "1 stick", "ratio", "goal"), rows)
