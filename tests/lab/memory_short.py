# SPDX-License-Identifier: BSD-2-Clause
"""The host's kernel runs out of memory at any allocation of any step of a migration: a source goes on without a reset and
without loss, a destination works after one, and nothing leaks."""

from nvmovelab.subsystem import SHARED

# Each of the failures.
EXPECTED_TROUBLE = r"nvme-vfio-pci"
# Only it fails allocations on demand.
KERNELS = ("debug",)
# Those that may wait fail as well, those of a single page too; and each failure with its stack would look like a splat.
KNOBS = {"failslab/ignore-gfp-wait": "N", "failslab/verbose": "0",
         "fail_page_alloc/ignore-gfp-wait": "N", "fail_page_alloc/min-order": "0", "fail_page_alloc/verbose": "0"}


def run(bench):
    """The VFIO program's "shortage" on one host."""
    function = bench.vf(bench.a)
    for knob, value in KNOBS.items():
        bench.a.sh(f"echo {value} >/sys/kernel/debug/{knob}")
    bench.vfio(bench.a, "shortage", function, "--nsid", SHARED.nsid, "--interval", 20)
