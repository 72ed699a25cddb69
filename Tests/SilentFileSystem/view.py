#!/usr/bin/env python3
"""view.py FOLDER MOUNT_POINT: a read-only view of a folder through /dev/fuse, as root.

What changes in the folder shows in the view without any notification, as on a network file system. It
prints `mounted`, and ends when it is unmounted or killed. The protocol is that of linux/fuse.h, 7.31.
"""
import ctypes
import errno
import os
import struct
import sys

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH = 1, 2, 3, 14, 15, 17, 18, 25
INIT, OPENDIR, READDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = 26, 27, 28, 29, 36, 42


class View:
    def __init__(self, folder, mount_point):
        self.device = os.open("/dev/fuse", os.O_RDWR)
        options = b"fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % self.device
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"view", os.fsencode(mount_point), b"fuse", 6, options):
            raise OSError(ctypes.get_errno(), "mount")
        self.paths, self.nodes, self.open = {1: folder}, {folder: 1}, {}

    def node(self, path):
        if path not in self.nodes:
            self.nodes[path] = len(self.paths) + 1
            self.paths[self.nodes[path]] = path
        return self.nodes[path]

    def attributes(self, path):
        s, second = os.lstat(path), 10**9
        return struct.pack(
            "<QQQQQQIIIIIIIIII", self.node(path), s.st_size, s.st_blocks,
            s.st_atime_ns // second, s.st_mtime_ns // second, s.st_ctime_ns // second,
            s.st_atime_ns % second, s.st_mtime_ns % second, s.st_ctime_ns % second,
            s.st_mode, s.st_nlink, s.st_uid, s.st_gid, 0, 4096, 0)

    def entries(self, handle, offset, size):
        out = b""
        for index, name in enumerate(sorted(os.listdir(self.paths[self.open[handle]]))):
            name = os.fsencode(name)
            path = self.paths[self.open[handle]] + "/" + os.fsdecode(name)
            entry = struct.pack("<QQII", self.node(path), index + 1, len(name), 0) + name
            entry += b"\0" * (-len(entry) % 8)
            if index < offset:
                continue
            if len(out) + len(entry) > size:
                break
            out += entry
        return out

    def answer(self, call, node, body):
        """The bytes of an answer; nothing remembered by the kernel is valid for any time."""
        if call == INIT:
            return struct.pack("<IIIIHHIIHHI", 7, 31, 1 << 16, 0, 12, 9, 1 << 16, 1, 16, 0, 0) + b"\0" * 28
        if call == LOOKUP:
            path = self.paths[node] + "/" + os.fsdecode(body.split(b"\0")[0])
            attributes = self.attributes(path)
            return struct.pack("<QQQQII", self.node(path), 0, 0, 0, 0, 0) + attributes
        if call == GETATTR:
            return struct.pack("<QII", 0, 0, 0) + self.attributes(self.paths[node])
        if call in (OPEN, OPENDIR):
            # A directory is listed anew at each call, a file kept open.
            handle = len(self.open) + 1
            self.open[handle] = node if call == OPENDIR else os.open(self.paths[node], os.O_RDONLY)
            return struct.pack("<QII", handle, 0, 0)
        if call in (READ, READDIR):
            handle, offset, size = struct.unpack("<QQI", body[:20])
            if call == READDIR:
                return self.entries(handle, offset, size)
            return os.pread(self.open[handle], size, offset)
        if call == RELEASE:
            os.close(self.open[struct.unpack("<Q", body[:8])[0]])
        if call == STATFS:
            return b"\0" * 80
        if call in (RELEASE, RELEASEDIR, FLUSH):
            return b""
        raise OSError(errno.ENOSYS, "not known here")

    def serve(self):
        while True:
            try:
                request = os.read(self.device, 1 << 18)
            except OSError as error:
                if error.errno == errno.ENODEV:
                    return
                continue
            _, call, unique, node = struct.unpack("<IIQQ", request[:24])
            if call in (FORGET, BATCH_FORGET, INTERRUPT):
                continue
            failure, answer = 0, b""
            try:
                answer = self.answer(call, node, request[40:])
            except OSError as error:
                failure = error.errno
            os.write(self.device, struct.pack("<IiQ", 16 + len(answer), -failure, unique) + answer)


if __name__ == "__main__":
    view = View(sys.argv[1], sys.argv[2])
    print("mounted", flush=True)
    view.serve()
