# SPDX-License-Identifier: BSD-2-Clause
"""Writes an initramfs (cpio, "newc" format). Directories of a file's path are made as needed."""

import stat


class Archive:
    """An initramfs being written to a file."""

    def __init__(self, path):
        self._file = open(path, "wb")
        self._names = set()
        self._inode = 0

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        self._inode += 1
        self._names.add(name)
        raw = name.encode() + b"\0"
        fields = (self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(raw), 0)
        self._file.write(b"070701" + b"".join(b"%08X" % field for field in fields) + raw)
        self._pad()
        self._file.write(data)
        self._pad()

    def _pad(self):
        self._file.write(b"\0" * (-self._file.tell() % 4))

    def directory(self, name):
        """Add a directory and those above it; adding one twice is fine."""
        parts = name.split("/")
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            if path and path not in self._names:
                self._entry(path, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o755):
        """Add a regular file."""
        if "/" in name:
            self.directory(name.rsplit("/", 1)[0])
        self._entry(name, stat.S_IFREG | mode, data)

    def symlink(self, name, target):
        """Add a symbolic link."""
        if "/" in name:
            self.directory(name.rsplit("/", 1)[0])
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, name, major, minor):
        """Add a character device node."""
        self.directory(name.rsplit("/", 1)[0])
        self._entry(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def close(self):
        """Write the trailer."""
        self._inode = -1
        self._entry("TRAILER!!!", 0)
        self._file.close()
