# SPDX-License-Identifier: BSD-2-Clause
"""What sysfs says of a bound function: it is true, for root alone where it names the guest, and never in the way of an unbinding.

Cases: a function that cannot migrate; one that can, before and after migrations; at every point of a migration with the device
open; while the function is bound, unbound and removed.
"""

from nvmovelab import provision, trace
from nvmovelab.subsystem import OTHER_PF, OTHER_VF_DEVICE_ID, OTHER_VFS, PF, SHARED

MOVES = 5
ROUNDS = 10
NOBODY = 65534
HEAD = 96       # of a question, before the record
FRAMING = 4096  # bytes in a stream beside the state, at most
NO_QUESTION = "Operation not supported"

# States that the VFIO program is at some point in, whatever it does there.
STATES = {"RUNNING", "RUNNING_P2P", "PRE_COPY", "PRE_COPY_P2P", "STOP", "STOP_COPY", "RESUMING", "ERROR"}
STATISTICS = {"suspends", "resumes", "saves", "loads", "resets", "failed_arcs", "failed_loads", "questions_answered",
              "questions_refused", "saved_bytes", "loaded_bytes", "dirty_reports", "dirty_bytes", "suspend_ns", "resume_ns",
              "save_ns", "load_ns", "suspended_ns"}


def directory(function):
    """Where a function's attributes are."""
    return f"/sys/bus/pci/devices/{function}/migration"


def statistics(host, function):
    """All statistics of a function."""
    lines = host.sh(f"cd {directory(function)}; grep -H . {' '.join(sorted(STATISTICS))}").splitlines()
    return {name: int(value) for name, value in (line.split(":") for line in lines)}


def check_other(bench):
    """A function without a protocol has its reason and no more."""
    other = bench.vf(bench.a, pf=OTHER_PF, vfs=OTHER_VFS)
    bench.expect_equal("files of a function that cannot migrate", bench.a.sh(f"ls {directory(other)}").split(),
                       ["compat", "reason"])
    reason = bench.a.sh(f"cat {directory(other)}/reason")
    bench.expect(f"8086:{OTHER_VF_DEVICE_ID:04x}" in reason, f"reason of {other}: {reason}")
    bench.expect(any(f"{other}: cannot migrate: {reason}" in line for line in bench.a.dmesg().splitlines()),
                 f"the kernel log has other words than sysfs: {reason}")
    found = bench.a.sh(f"cat {directory(other)}/compat 2>&1 || true")
    bench.expect(NO_QUESTION in found, f"compat of a function that cannot migrate: {found}")


def check_description(bench, function):
    """What the function is, and who may read what."""
    at = directory(function)
    for name, wanted in (("protocol", bench.protocol), ("controlling", PF), ("state", "RUNNING")):
        bench.expect_equal(name, bench.a.sh(f"cat {at}/{name}"), wanted)
    cntlid = int(bench.a.sh(f"cat {at}/cntlid"))
    bench.expect(f"controller {cntlid} of {PF}" in bench.a.dmesg(), f"cntlid {cntlid} is not that of the kernel log")
    bench.expect_equal("files", set(bench.a.sh(f"ls {at}").split()),
                       STATISTICS | {"protocol", "controlling", "state", "cntlid", "compat"})

    question = bytes.fromhex(bench.a.sh(f"od -An -v -tx1 {at}/compat | tr -d ' \\n'"))
    bench.expect_equal("length of the question by its header", 48 + 4 * int.from_bytes(question[32:40], "little"), len(question))
    bench.expect_equal("magic of the record", question[HEAD:HEAD + 8], b"nvmoveCR")

    as_nobody = f"setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups"
    found = bench.a.sh(f"{as_nobody} cat {at}/compat 2>&1 >/dev/null || true")
    bench.expect("Permission denied" in found, f"compat as user {NOBODY}: {found}")
    bench.expect_equal("state as another user", bench.a.sh(f"{as_nobody} cat {at}/state"), "RUNNING")
    found = bench.a.sh(f"cd {at}; for file in *; do echo 1 2>/dev/null >$file && echo $file; done; true")
    bench.expect_equal("files that can be written", found, "")


def check_trace(bench, counted):
    """The trace points tell the same story as the counters."""
    recorded = trace.events(bench.a)
    for direction, what in (("save", "saves"), ("load", "loads")):
        streams = {end: [e for e in recorded if e["event"] == f"nvme_vfio_stream_{end}" and e["direction"] == direction]
                   for end in ("begin", "end")}
        bench.expect_equal(f"{direction} streams that began and ended", [len(found) for found in streams.values()],
                           [counted[what]] * 2)
        moved = sum(int(e["bytes"]) for e in streams["end"])
        framed = counted["saved_bytes" if direction == "save" else "loaded_bytes"]
        bench.expect(framed < moved < framed + counted[what] * FRAMING,
                     f"{moved} bytes of {direction} streams for {framed} bytes of state")
    bench.expect_equal("resets traced", sum(e["event"] == "nvme_vfio_reset" for e in recorded), counted["resets"])


def check_statistics(bench, function):
    """Migrations count, and only they do."""
    before = statistics(bench.a, function)
    bench.expect_equal("statistics of a function just bound", set(before.values()), {0})
    trace.start(bench.a)
    bench.vfio(bench.a, "move", function, "--self", "--count", MOVES, "--nsid", SHARED.nsid)
    after = statistics(bench.a, function)
    for name in ("saves", "loads"):
        bench.expect_equal(name, after[name], MOVES)
    for name in ("suspends", "resumes"):
        bench.expect(after[name] >= MOVES, f"{name} after {MOVES} migrations: {after[name]}")
    for name in ("failed_arcs", "failed_loads", "questions_refused"):
        bench.expect_equal(name, after[name], 0)
    bench.expect(after["resets"] > 0, "opening and closing the function has reset it, sysfs knows of no reset")
    bench.expect(after["saved_bytes"] >= MOVES * 1024, f"bytes of {MOVES} states: {after['saved_bytes']}")
    bench.expect_equal("bytes loaded", after["loaded_bytes"], after["saved_bytes"])
    bench.expect(after["save_ns"] > 0, "a save took no time")
    for name in ("suspend_ns", "resume_ns", "load_ns"):
        bench.expect(0 < after[name] < after["suspended_ns"], f"{name} {after[name]}, suspended_ns {after['suspended_ns']}")
    bench.expect_equal("dirty memory without a DMA log", (after["dirty_reports"], after["dirty_bytes"]), (0, 0))
    check_trace(bench, after)


def check_everywhere(bench, function):
    """Everything can be read at every point of a migration while the device is open; the state is the one that it is in."""
    seen = "/run/migration-states"
    bench.vfio(bench.a, "event", function, "--nsid", SHARED.nsid,
               "--run", f"cd {directory(function)}; cat * >/dev/null; cat state >>{seen}", "--undo", "true")
    bench.expect_equal("states seen", set(bench.a.sh(f"cat {seen}; rm {seen}").split()), STATES)


def check_removal(bench, function):
    """Somebody reads all the time while the function is unbound and bound, and the VFs are removed and made again."""
    reader = "/run/reader"
    bench.a.sh(f"cat >{reader} <<'END'\nwhile [ -e {reader} ]; do cat {directory(function)}/* >/dev/null 2>&1; done\nEND\n"
               f"for i in 1 2; do sh {reader} >/dev/null 2>&1 & done")
    for _ in range(ROUNDS):
        bench.a.sh(f"cd /sys/bus/pci/drivers/{provision.DRIVER}; echo {function} >unbind; echo {function} >bind")
    for _ in range(2):
        bench.a.sh(f"echo 0 >/sys/bus/pci/devices/{PF}/sriov_numvfs")
        bench.vf(bench.a)
    bench.a.sh(f"rm {reader}")
    bench.expect_equal("state after it", bench.a.sh(f"cat {directory(function)}/state"), "RUNNING")


def run(bench):
    """The cases one after the other on one host."""
    check_other(bench)
    function = bench.vf(bench.a)
    check_description(bench, function)
    check_statistics(bench, function)
    check_everywhere(bench, function)
    check_removal(bench, function)
