"""Images built, beside sgdisk, mkfs.vfat and mcopy."""

import os
import shutil
import statistics
import subprocess

from common import MIB, WHITEGLOVE, medians, run, table, timed


# mcopy's time grows with the square of the files in a folder; nobody waits for it for ever.
PEER_PATIENCE = 120


def make_payload(folder, files, size):
    folder.mkdir()
    block = os.urandom(min(size, 64 * MIB))
    for number in range(files):
        # Different content everywhere, random enough for no file system to be clever about.
        with open(folder / f"driver-package-file-{number:06}.bin", "wb") as file:
            while (at := file.tell()) < size:
                file.write((number.to_bytes(8, "little") + at.to_bytes(8, "little") + block[16:])[: size - at])


def peer_image(image, payload, boot, size):
    """What a careful script does: sgdisk, mkfs.vfat, mcopy, sync. Gives up after PEER_PATIENCE."""
    image.unlink(missing_ok=True)
    with open(image, "wb") as file:
        file.truncate(size)
    boot_mib = size // MIB - 2 - 256
    run("sgdisk", "-n", f"1:2048:+{boot_mib}M", "-t", "1:0700", "-n", "2:0:+256M", "-t", "2:0700", image)
    run("mkfs.vfat", "-F", "32", "-s", "8", "-n", "WGBOOT", "--offset", "2048", image, boot_mib * 1024)
    at = f"{image}@@1M"
    run("mmd", "-i", at, "::boot", "::EFI", "::EFI/BOOT")
    run("mcopy", "-i", at, *[boot / name for name in ("vmlinuz", "initrd.zst")], "::boot")
    run("mcopy", "-i", at, *[boot / name for name in ("shimx64.efi", "grubx64.efi")], "::EFI/BOOT")
    try:
        run("mcopy", "-s", "-i", at, payload, "::payload", timeout=PEER_PATIENCE)
    except subprocess.TimeoutExpired:
        return
    with open(image, "rb+") as file:
        os.fsync(file.fileno())


def bench_media(scratch, boot, quick):
    state = scratch / "state"
    state.mkdir()
    (state / "bootenv").symlink_to(boot)
    config = scratch / "config.toml"
    config.write_text("listen = '127.0.0.1:0'\nmdns = false\n")
    rows = []
    cases = [("1 GiB in one file", 1, 1 << 30, 0.5, 5, 5)]
    # A file on FAT32 is shorter than 4 GiB.
    cases += [] if quick else [("8 GiB in three files", 3, (8 << 30) // 3, 0.5, 3, 3)]
    # mcopy needs minutes for thousands of files in one folder, so it gets one run.
    cases += [("2,000 files of 20 KB", 2000, 20_000, 0.05, 5, 1)] if quick else [("8,000 files of 20 KB", 8000, 20_000, 0.05, 5, 1)]
    for name, files, size, goal, ours_runs, peer_runs in cases:
        payload = scratch / "payload"
        make_payload(payload, files, size)
        image, peer = scratch / "ours.img", scratch / "peer.img"

        def ours():
            image.unlink(missing_ok=True)
            run(WHITEGLOVE, "--config", config, "--state", state, "media", "build", "--out", image, "--add", payload)

        ours()
        length = image.stat().st_size
        theirs = lambda: peer_image(peer, payload, boot, length)
        if peer_runs > 1:
            seen = medians(ours_runs, ours=ours, theirs=theirs)
        else:
            seen = {"theirs": timed(theirs), "ours": statistics.median(timed(ours) for _ in range(ours_runs))}
        ratio = seen["ours"] / seen["theirs"]
        met = "met" if ratio <= goal else "MISSED"
        # It was stopped, so its time is at least this and the ratio at most that.
        more, less = (">", "<") if seen["theirs"] >= PEER_PATIENCE else ("", "")
        rows.append((name, f"{seen['ours']:.2f} s", f"{more}{seen['theirs']:.2f} s", f"{less}{ratio:.4f}", f"<= {goal} {met}"))
        shutil.rmtree(payload)
        image.unlink()
        peer.unlink()
    table("media build (both with fsync)", ("payload", "whiteglove", "sgdisk + mkfs.vfat + mcopy", "ratio", "goal"), rows)
