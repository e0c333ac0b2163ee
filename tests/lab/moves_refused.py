# SPDX-License-Identifier: BSD-2-Clause
"""A destination that refuses a stream says which field is wrong; the source's guest goes on without an error.

The same refusals as in stream_foreign, but between two hosts, with the guest's commands waiting meanwhile.
"""

from nvmovelab.subsystem import SHARED

# The refusals, which this test wants to see in host B's log.
EXPECTED_TROUBLE = r"nvme-vfio-pci"
REASONS = {
    "wrong_magic": "magic",
    "other_device": "device id",
    "last_byte_missing": "end record",
    "end_crc_lies": "checksum",
}


def run(bench):
    """One refused move per kind of damage."""
    functions = [bench.vf(host) for host in bench.hosts]
    for mutation, reason in REASONS.items():
        seen = len(bench.b.dmesg().splitlines())
        found = bench.vfio_pair(functions, "--mutate", mutation, "--expect-refusal", "--loaded", "--nsid", SHARED.nsid)
        bench.expect(found["refusal"], f"{mutation}: {found}")
        for name in ("io_errors", "verify_errors", "lost", "duplicated"):
            bench.expect_equal(f"{mutation}: {name}", found[name], 0)
        log = "\n".join(bench.b.dmesg().splitlines()[seen:])
        bench.expect(reason in log, f"{mutation}: host B's log does not say \"{reason}\":\n{log}")
