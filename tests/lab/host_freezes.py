# SPDX-License-Identifier: BSD-2-Clause
"""The host freezes all processes as the first step of a suspend, at any point of a migration and while the command of any arc is
under way, and thaws them: nobody notices. The program that has it done is among the frozen."""

from nvmovelab.subsystem import SHARED

BY_HAND = "every point and every arc, each with a new guest: a minute"


def run(bench):
    """Once per point and per arc, each with a new guest. The later steps of a suspend are not tried: the host's 9p share does not survive them
    (docs/driver-states.md says what they do to the PF)."""
    bench.a.sh("echo freezer >/sys/power/pm_test; echo 0 >/sys/module/suspend/parameters/pm_test_delay")
    try:
        function = bench.vf(bench.a)
        for test in ("event", "event-in-arcs"):
            bench.vfio(bench.a, test, function, "--nsid", SHARED.nsid, "--run", "echo freeze >/sys/power/state", "--undo", "true")
    finally:
        bench.a.sh("echo none >/sys/power/pm_test")
