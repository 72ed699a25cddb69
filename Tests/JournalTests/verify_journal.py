#!/usr/bin/env python3
"""Verifies a Millrace journal without any code of Millrace: only the description of the format.

    verify_journal.py DIRECTORY

Prints the head as SEQUENCE:HASH and exits 0; or prints one line for each piece of damage, and exits 1. The README
describes the format. The file `head` names the last record that was on the disk when it was written. Where the
first segments are gone, the last event `journal.archived` says where they are, and what hash they end with.
"""
import hashlib, json, os, re, sys
NAME = re.compile(r"^(\d{20})\.jsonl$")
LINE = re.compile(
    rb'\{"crc":"([0-9a-f]{8})","length":"(\d{8})","sequence":"(\d{20})","durable":"(\d{20})","time":"'
    rb'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)","batch":"(\d{5})/(\d{5})","correlationid":"([0-9a-f]{32})",'
    rb'"previous":"([0-9a-f]{64})","type":"([!#-\[\]-~]{1,255})","specversion":"1\.0",.*\}')
ARCHIVED = b'journal.archived"'
SLOT = re.compile(rb'\{"crc":"([0-9a-f]{8})","sequence":"(\d{20})","hash":"([0-9a-f]{64})","epoch":"\d{20}"\} *\n')
LONGEST, OTHER = 1 << 20, re.compile(rb"[^\n]")
MEMBERS = {"id", "source", "subject", "actor", "dataversion", "data"}
TABLE = list(range(1 << 16))   # two bytes a step
for step in range(16):
    BYTES = TABLE[:256] if step == 8 else BYTES if step > 8 else None
    TABLE = [value >> 1 ^ (0x82F63B78 if value & 1 else 0) for value in TABLE]

def crc32c(data):
    value = 0xFFFFFFFF
    for low, high in zip(data[::2], data[1::2]):
        value = value >> 16 ^ TABLE[(value ^ low ^ high << 8) & 0xFFFF]
    if len(data) & 1:
        value = value >> 8 ^ BYTES[(value ^ data[-1]) & 0xFF]
    return value ^ 0xFFFFFFFF

def read_head(directory):
    """(sequence, hash) of the whole slots, newest first, and the digits in the others."""
    path, whole, left = os.path.join(directory, "head"), [], []
    data = open(path, "rb").read(1024) if os.path.exists(path) else b""
    for slot in (data[:512], data[512:]) if data else ():
        match = SLOT.fullmatch(slot) if len(slot) == 512 else None
        if match and int(match[1], 16) == crc32c(slot[16:slot.index(b"}") + 1]):
            whole.append((int(match[2]), match[3].decode()))
        else:
            left.append((slot[30:50].decode("latin-1"), slot[60:124].decode("latin-1")))
    return sorted(whole, reverse=True), left

def check(line):
    """The fields of one line (newline included), or what is wrong with it."""
    match = LINE.fullmatch(line[:-1]) if line.endswith(b"\n") else None
    if not match or int(match[2]) != len(line) or int(match[1], 16) != crc32c(line[16:-1]):
        return None, "no record, or its length or checksum is wrong"
    try:
        return (match, None) if MEMBERS <= json.loads(line).keys() else (None, "a member is missing")
    except ValueError as error:
        return None, f"not JSON: {error}"

class Verification:
    def __init__(self, directory):
        self.directory, self.damages, (self.heads, self.left) = directory, [], read_head(directory)
        self.noted = self.heads[0] if self.heads else (0, None)
        self.known = any(self.is_left(*head) for head in [(0, "0" * 64), *self.heads])
        self.sequence, self.hash = 0, "0" * 64   # of the last record; None where it cannot be known
        self.durable, self.records, self.batch_end, self.is_cut, self.end = 0, 0, 0, False, 0

    def is_left(self, sequence, digits):   # does what is left of a damaged slot name this record?
        return any(number == f"{sequence:020}" and len(text) == 64 and sum(map(str.__ne__, text, digits)) <= 8
                   for number, text in self.left)

    def damage(self, segment, offset, what, sequence=None):
        self.damages.append((sequence or self.sequence + 1, segment, offset, what))

    def record(self, match, line, segment, offset):
        sequence, index, count = int(match[3]), int(match[6]), int(match[7])
        flaws = (sequence != self.sequence + 1 and f"record {sequence} is in its place",
                 self.hash not in (None, match[9].decode()) and "the hash of the record before it does not match",
                 (self.index not in (None, index) or index > count) and "its batch is not whole",
                 match[5] < self.time and "its time is earlier than that of the record before")
        if any(flaws):
            self.damage(segment, offset, next(filter(None, flaws)))
        self.sequence, self.time, self.records = sequence, match[5], self.records + 1
        self.hash = hashlib.sha256(line[:-1]).hexdigest()
        self.durable = max(self.durable, int(match[4]))
        self.index, self.batch_end = (1, sequence) if index == count else (index + 1, self.batch_end)
        self.known = self.known or self.is_left(sequence, self.hash)
        if self.noted[0] == sequence and self.noted[1] != self.hash:
            self.damage(segment, 0, "it is not the record that was written", sequence)

    def segment(self, name, is_last):
        first, offset, bad = int(name[:20]), 0, None
        if first != self.sequence + 1 and not self.is_cut:   # damage at the end of the one before accounts for it
            self.damage(name, 0, "its segment is missing")
        self.hash = self.hash if first == self.sequence + 1 else None
        self.sequence = first - 1
        self.index, self.time, self.is_cut, self.end = 1, b"", False, 0
        data = open(self.paths[name], "rb").read()
        while offset >= 0 and OTHER.search(data, offset):   # what follows is not just reserved room
            end = data.find(b"\n", offset, offset + LONGEST) + 1 or min(offset + LONGEST, len(data))
            match, flaw = check(data[offset:end])
            if not match:
                bad = bad or (offset, flaw, self.sequence + 1)
                offset = data.find(b'{"crc":"', offset + 1)
                continue
            if bad:   # something whole after something bad: it was on the disk
                self.damage(name, *bad)
                self.sequence, bad, self.hash, self.index = max(self.sequence, int(match[3]) - 1), None, None, None
            self.record(match, data[offset:end], name, offset)
            offset = self.end = end
        if bad:
            self.is_cut, self.hash = True, None
            if not is_last or max(self.durable, self.noted[0]) >= bad[2]:
                self.damage(name, *bad)

    def locate(self):
        """The segments, also those that the last event `journal.archived` says lie elsewhere."""
        paths = {name: os.path.join(self.directory, name) for name in os.listdir(self.directory) if NAME.match(name)}
        parts = []
        for name in sorted(paths) if paths and int(min(paths)[:20]) > 1 else []:
            for line in open(paths[name], "rb"):
                parts = json.loads(line)["data"]["parts"] if line[301:].startswith(ARCHIVED) else parts
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
        for name in (names := sorted(self.paths)):
            self.segment(name, name == names[-1])
        proven = max(self.durable, self.noted[0])
        if proven > (self.sequence if self.damages else self.batch_end):
            self.damage(names[-1] if names else "-", self.end, f"records up to {proven} were on the disk and are gone")
        return self.damages

    def end_is_proven(self):
        """What the file `head` is worth: without it, records cut from the end are not noticed."""
        if len(self.heads) < 2 and self.records:
            state = f"{len(self.heads)} of its 2 copies is whole" if self.left else "missing"
            print(f"head: {state}" + ("" if self.known else "; not proven: that none were cut from the end"))
        return len(self.heads) == 2 or bool(self.heads and self.known) or not self.records

if __name__ == "__main__":
    verification = Verification(sys.argv[1])
    for damage in verification.run():
        print("damage: record %d, segment %s, byte %d: %s" % damage)
    if not verification.end_is_proven() or verification.damages:
        sys.exit(1)
    print(f"{verification.sequence}:{verification.hash or '0' * 64}")
