#!/usr/bin/env python3
"""Cuts the power of a file system under a running daemon, again and again, and asks what is left.

    powercut.py PROGRAM [--fs ext4|xfs] [--cuts 100] [--seed 1]

The workspace lies on a loop-mounted image, which is shut down by the file system's own ioctl without
flushing its log: what was not forced out is gone. Then it is mounted again. Checked after each cut:

  * every drop whose line was in the daemon's log before the cut is in `drops --tsv`, before any restart
  * every drop whose file and folder were forced out before the cut is taken in after a restart, with the
    bytes that it had, once
  * `verify --vault` finds journal and vault whole

A drop counts as forced out only if the sync of its folder returned before the cut began: XFS answers a
sync of a folder that it is shutting down with success although the rename is lost (seen on Linux 6.18,
with no daemon at all). Needs root and a loop device. Prints one line of JSON; exits 0 when all held.
"""
import argparse
import collections
import fcntl
import hashlib
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time

SHUTDOWN, WITHOUT_LOG_FLUSH = 0x8004587D, 2
FOLDER = "data/notes"


class Image:
    def __init__(self, kind):
        self.kind, self.top = kind, tempfile.mkdtemp(prefix="millrace-powercut-")
        self.file, self.mount_point = self.top + "/image", self.top + "/mount"
        os.mkdir(self.mount_point)
        run("truncate", "-s", "400M", self.file)
        run(*(["mkfs.xfs", "-q", "-f"] if kind == "xfs" else ["mkfs.ext4", "-q", "-F"]), self.file)
        self.mount()

    def mount(self):
        run("mount", "-t", self.kind, "-o", "loop", self.file, self.mount_point)

    def cut(self):
        folder = os.open(self.mount_point, os.O_RDONLY)
        fcntl.ioctl(folder, SHUTDOWN, struct.pack("I", WITHOUT_LOG_FLUSH))
        os.close(folder)

    def remount(self):
        for _ in range(200):
            if subprocess.run(["umount", self.mount_point], stderr=subprocess.DEVNULL).returncode == 0:
                return self.mount()
            time.sleep(0.05)
        raise SystemExit("the image cannot be unmounted")

    def remove(self):
        subprocess.run(["umount", "-l", self.mount_point], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.top, ignore_errors=True)


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


class Dropper(threading.Thread):
    """Drops as careful people do, and remembers what must never be lost."""

    def __init__(self, folder, number, seed):
        super().__init__(daemon=True)
        self.folder, self.number, self.random = folder, number, random.Random(seed)
        self.is_cut, self.durable = threading.Event(), {}

    def run(self):
        for count in range(100_000):
            name = f"{self.number:04d}-{count:05d}.csv"
            content = b"a,b\n%d,%d\n" % (self.number, count) + b"7,8\n" * self.random.choice([1, 90, 90, 500, 20_000])
            try:
                file = os.open(self.folder + "/.new", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644)
                try:
                    os.write(file, content)
                    os.fsync(file)
                finally:
                    os.close(file)
                os.rename(self.folder + "/.new", self.folder + "/" + name)
                folder = os.open(self.folder, os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
            except OSError:
                return
            if self.is_cut.is_set():
                return
            self.durable[name] = hashlib.sha256(content).hexdigest()
            time.sleep(0.004)


class Daemon:
    ARRIVED = re.compile(rb"file\.arrived .*" + FOLDER.encode() + rb"/(\S+) \(")

    def __init__(self, program, workspace):
        self.process = subprocess.Popen([program, "run", "--workspace", workspace], cwd="/",
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.told, self.lines = [], []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stderr:
            self.lines.append(line)
            if found := self.ARRIVED.search(line):
                self.told.append(found.group(1).decode())

    def kill(self):
        self.process.kill()
        self.process.wait()


def drops(program, workspace):
    listed = subprocess.run([program, "drops", "--tsv", "--workspace", workspace], capture_output=True, text=True)
    lines = [line.split("\t") for line in listed.stdout.splitlines() if line.startswith(FOLDER + "/")]
    return listed.returncode, collections.Counter((path[len(FOLDER) + 1:], digest) for path, digest in lines)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("program")
    options.add_argument("--fs", choices=["ext4", "xfs"], default="ext4")
    options.add_argument("--cuts", type=int, default=100)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    program, chance = os.path.abspath(chosen.program), random.Random(chosen.seed)
    image = Image(chosen.fs)
    workspace = image.mount_point + "/mill"
    durable, problems, told = {}, [], 0
    try:
        run(program, "init", workspace)
        os.makedirs(f"{workspace}/{FOLDER}", exist_ok=True)
        os.sync()
        for number in range(chosen.cuts):
            daemon = Daemon(program, workspace)
            dropper = Dropper(f"{workspace}/{FOLDER}", number, chosen.seed * 1000 + number)
            dropper.start()
            time.sleep(chance.uniform(0.05, 0.6))
            dropper.is_cut.set()
            before = list(daemon.told)
            image.cut()
            daemon.kill()
            dropper.join()
            image.remount()
            durable.update(dropper.durable)
            told += len(before)
            code, listed = drops(program, workspace)
            names = {name for name, _ in listed}
            problems += [f"cut {number}: {name} was told and is gone" for name in before if name not in names]
            if code != 0:
                problems.append(f"cut {number}: drops answers {code}")
            daemon, deadline = Daemon(program, workspace), time.monotonic() + 60
            missing = list(durable.items())
            while missing and time.monotonic() < deadline and daemon.process.poll() is None:
                _, listed = drops(program, workspace)
                missing = [item for item in durable.items() if item not in listed]
                time.sleep(0.1 if missing else 0)
            problems += [f"cut {number}: {name} is not taken in" for name, _ in missing]
            problems += [f"cut {number}: {name} came {count} times" for (name, _), count in listed.items() if count > 1]
            if daemon.process.poll() is not None:
                problems.append(f"cut {number}: the daemon ended: {daemon.lines[-3:]}")
            daemon.kill()
            if missing:
                break
        verified = subprocess.run([program, "verify", "--vault", "--workspace", workspace], capture_output=True, text=True)
        if verified.returncode != 0:
            problems.append("verify: " + verified.stdout.strip())
    finally:
        image.remove()
    print(json.dumps({"fs": chosen.fs, "cuts": chosen.cuts, "durable": len(durable), "told": told, "problems": problems}))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
