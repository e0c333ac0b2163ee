# SPDX-License-Identifier: BSD-2-Clause
"""Lab hosts as servers that somebody has installed and nobody has set up: with apt and an archive, and with ssh between them. A
lab host has neither after boot."""

import shutil

from .archive import archive

INSTALL_SECONDS = 300


def prepare(hosts):
    """Make servers of hosts, together."""
    for host in hosts:
        shutil.copytree(archive(host.products.tree), host.share / "archive")
    for job in [host.start_program(["sh", "/lab/host/server", "keys"]) for host in hosts]:
        job.wait(INSTALL_SECONDS).check()
    keys = "".join((host.share / "key.pub").read_text(encoding="ascii") for host in hosts)
    for host in hosts:
        (host.share / "authorized_keys").write_text(keys, encoding="ascii")
        host.sh("sh /lab/host/server start")
