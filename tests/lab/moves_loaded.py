# SPDX-License-Identifier: BSD-2-Clause
"""Moves of full queues: the destination executes what the source had not fetched; each command completes exactly once."""

from nvmovelab.subsystem import SHARED


# More than the 1,024 commands that the controller has in flight, each with an extent of its own. Where its completion
# queues take only a few entries and nobody reads them, it has to leave commands where they are, however fast it is.
QUEUES = ("--queues", 4, "--depth", 512, "--transfer", 8, "--extents", 8192)
SMALL = ("--cq-depth", 16)


def run(bench):
    """Stop right after ringing the doorbells, with completion queues as large as the submission queues and far smaller."""
    functions = [bench.vf(host) for host in bench.hosts]
    for depths in ((), SMALL):
        found = bench.vfio_pair(functions, "--loaded", "--count", 20, "--nsid", SHARED.nsid, *QUEUES, *depths)
        for name in ("lost", "duplicated", "io_errors", "verify_errors"):
            bench.expect_equal(f"{depths}: {name}", found[name], 0)
    bench.expect(found["unfetched"] > 0, f"{SMALL}: no command was left for the destination to fetch: {found}")
