#!/usr/bin/env python3
"""Verifies a Millrace journal without any code of Millrace: only the description of the format.

    verify_journal.py DIRECTORY

Prints the head as SEQUENCE:HASH and exits 0; or prints one line for each piece of damage, and exits 1.
The format: segments NNNNNNNNNNNNNNNNNNNN.jsonl, named by their first record; one record a line; fixed-width
members first. The file `head` names the last record that was on the disk when it was written. Where the first
segments are gone, the last event `journal.archived` says where they are, and what hash they end with.
"""
import hashlib, json, os, re, sys
NAME = re.compile(r"^(\d{20})\.jsonl$")
LINE = re.compile(
    rb'\{"crc":"([0-9a-f]{8})","length":"(\d{8})","sequence":"(\d{20})","durable":"(\d{20})","time":"'
    rb'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)","batch":"(\d{5})/(\d{5})","correlationid":"([0-9a-f]{32})",'
    rb'"previous":"([0-9a-f]{64})","type":"([!#-\[\]-~]{1,255})","specversion":"1\.0",.*\}')
SLOT = re.compile(rb'\{"crc":"([0-9a-f]{8})","sequence":"(\d{20})","hash":"([0-9a-f]{64})","epoch":"\d{20}"\} *\n')
ARCHIVED = b'journal.archived"'
TABLE = list(range(256))
for _ in range(8):
    TABLE = [value >> 1 ^ (0x82F63B78 if value & 1 else 0) for value in TABLE]


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


def read_head(directory):
    """(sequence, hash) of the newer whole slot, or None."""
    try:
        with open(os.path.join(directory, "head"), "rb") as file:
            data = file.read(1024)
    except FileNotFoundError:
        return None
    slots = []
    for start in (0, 512):
        match = SLOT.fullmatch(data[start:start + 512])
        if match and len(data) >= start + 512:
            end = data.index(b"}", start) + 1
            if int(match[1], 16) == crc32c(data[start + 16:end]):
                slots.append((int(match[2]), match[3].decode()))
    return max(slots) if slots else None


def check(line):
    """The fields of one line (newline included), or what is wrong with it."""
    match = LINE.fullmatch(line[:-1]) if line.endswith(b"\n") else None
    if not match or int(match[2]) != len(line):
        return None, "no record" if not match else "wrong length"
    if int(match[1], 16) != crc32c(line[16:-1]):
        return None, "wrong checksum"
    try:
        event = json.loads(line)
    except ValueError as error:
        return None, f"not JSON: {error}"
    missing = [name for name in ("id", "source", "subject", "actor", "dataversion", "data") if name not in event]
    return (None, f"without {missing[0]}") if missing else (match, None)


class Verification:
    def __init__(self, directory):
        self.directory = directory
        self.noted = read_head(directory)
        self.damages = []
        self.sequence, self.hash, self.time = 0, "0" * 64, b""
        self.durable, self.index = 0, 1
        self.batch_end = 0   # the last sequence of the last whole batch

    def damage(self, segment, offset, what):
        self.damages.append((self.sequence + 1, segment, offset, what))

    def record(self, match, line, segment, offset):
        sequence, index, count = int(match[3]), int(match[6]), int(match[7])
        if sequence != self.sequence + 1:
            self.damage(segment, offset, f"record {sequence} is in its place")
        elif self.hash is not None and match[9].decode() != self.hash:
            self.damage(segment, offset, "the hash of the record before it does not match")
        elif index != self.index or index > count:
            self.damage(segment, offset, "its batch is not whole")
        elif match[5] < self.time:
            self.damage(segment, offset, "its time is earlier than that of the record before")
        self.sequence, self.time = sequence, match[5]
        self.hash = hashlib.sha256(line[:-1]).hexdigest()
        self.durable = max(self.durable, int(match[4]))
        self.index = 1 if index == count else index + 1
        if index == count:
            self.batch_end = sequence
        if self.noted and self.noted[0] == sequence and self.noted[1] != self.hash:
            self.damage(segment, offset, "it is not the record that was written")

    def segment(self, name, is_last):
        first = int(NAME.match(name)[1])
        if first != self.sequence + 1:
            self.damage(name, 0, "its segment is missing")
            self.sequence, self.hash, self.index = first - 1, None, 1
        with open(self.paths[name], "rb") as file:
            data = file.read()
        offset, bad = 0, None
        while offset < len(data) and data[offset:].strip(b"\n"):
            end = data.find(b"\n", offset) + 1 or len(data)
            match, flaw = check(data[offset:end])
            if match and bad is None:
                self.record(match, data[offset:end], name, offset)
            elif bad is None:
                bad = (self.sequence + 1, offset, flaw)
            elif match:
                # Something whole after something bad: was the bad on the disk?
                self.durable = max(self.durable, int(match[4]))
            offset = end
        if bad:
            proven = max(self.durable, self.noted[0] if self.noted else 0)
            if not is_last or proven >= bad[0]:
                self.damage(name, bad[1], bad[2])
                self.sequence = max(self.sequence, first)

    def locate(self):
        """The segments, also those that the last event `journal.archived` says lie elsewhere."""
        paths = {name: os.path.join(self.directory, name) for name in os.listdir(self.directory) if NAME.match(name)}
        events = [line for name in sorted(paths) for line in open(paths[name], "rb") if line[301:].startswith(ARCHIVED)]
        parts = json.loads(events[-1])["data"]["parts"] if events and int(min(paths)[:20]) > 1 else []
        for part in parts:
            for name in os.listdir(part["directory"]) if os.path.isdir(part["directory"]) else []:
                if NAME.match(name) and part["first"] <= int(name[:20]) <= part["last"]:
                    paths.setdefault(name, os.path.join(part["directory"], name))
        for part in parts:
            if part["last"] + 1 == int(min(paths)[:20]):
                self.sequence, self.hash = part["last"], part["head"]
        return paths

    def run(self):
        self.paths = self.locate()
        names = sorted(self.paths)
        for name in names:
            self.segment(name, name == names[-1])
        proven = max(self.durable, self.noted[0] if self.noted else 0)
        if proven > self.batch_end and not self.damages:
            self.damage(names[-1] if names else "-", 0, f"records up to {proven} were on the disk and are gone")
        return self.damages


if __name__ == "__main__":
    verification = Verification(sys.argv[1])
    for damage in verification.run():
        print("damage: record %d, segment %s, byte %d: %s" % damage)
    if verification.damages:
        sys.exit(1)
    print(f"{verification.sequence}:{verification.hash or '0' * 64}")
