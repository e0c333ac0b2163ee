# SPDX-License-Identifier: BSD-2-Clause
"""Recordings of a move, written from nvmove-recording(5) alone: a source and a destination with clocks of their own."""

import json

MS = 1000000
SOURCE, DESTINATION = "0000:01:00.1", "0000:02:00.3"
STATE_BYTES = 1304
# what the commands took, in nanoseconds
SUSPEND, QUERY, SAVE, LOAD, RESUME = 1590123, 210456, 960789, 650321, 340654
# between the begin of the suspend and the end of the resume
STOPPED = 400 * MS
DOWNTIME_MS = 397
TOTAL_MS = 3000
RAM_BYTES = 239600000


def header(host, monotonic_ns, realtime_ns, **more):
    """The first line."""
    return {"type": "recording", "version": 1, "host": host, "kernel": "6.12.57", "driver": "8C0FFEE", "nvmove": "0.1.0",
            "monotonic_ns": monotonic_ns, "realtime_ns": realtime_ns, **more}


def arc(t_ns, function, before, after, result=0, duration_ns=10000):
    """An arc that has ended."""
    return {"type": "arc", "t_ns": t_ns, "function": function, "from": before, "to": after, "result": result,
            "duration_ns": duration_ns}


def command(t_ns, function, name, duration_ns, size=0, status=0):
    """A command to the device that has ended."""
    return {"type": "command", "t_ns": t_ns, "function": function, "command": name, "bytes": size, "status": status,
            "duration_ns": duration_ns}


def sample(t_ns, function, state, **counters):
    """What the driver counts."""
    return {"type": "sample", "t_ns": t_ns, "function": function, "state": state, "counters": counters}


def vmm(t_ns, status, run_state, **numbers):
    """A VMM's answer."""
    return {"type": "vmm", "t_ns": t_ns, "status": status, "run_state": run_state, **numbers}


def event(t_ns, name, **more):
    """A VMM's event."""
    return {"type": "vmm_event", "t_ns": t_ns, "event": name, **more}


def bound(t_ns, function, cntlid):
    """A function that can migrate."""
    return {"type": "function", "t_ns": t_ns, "function": function, "protocol": "hmlm", "controlling": function[:-1] + "0",
            "cntlid": cntlid}


def source(start=5000 * MS, realtime=1795300000000 * MS, **more):
    """The source: memory is sent for 2.5 s, then the function is stopped; start is when that begins, by its clock."""
    stop = start + 2500 * MS
    lines = [header("hosta", start - 2000 * MS, realtime - 2000 * MS, **more), bound(start - 1990 * MS, SOURCE, 2),
             sample(start - 1989 * MS, SOURCE, "RUNNING", dirty_bytes=0, suspends=0, suspend_ns=0, saves=0, save_ns=0, saved_bytes=0,
                    resumes=0, resume_ns=0, loads=0, load_ns=0, loaded_bytes=0, resets=1),
             vmm(start - 1900 * MS, "none", "running"),
             event(start, "MIGRATION", status="setup"), event(start + 10 * MS, "MIGRATION", status="active"),
             command(start + 3 * MS, SOURCE, "query", 900000, 48),
             {"type": "question", "t_ns": start + 4 * MS, "function": SOURCE, "operation": "read", "bytes": 688, "result": 0,
              "duration_ns": 500000},
             arc(start + 5 * MS, SOURCE, "RUNNING", "PRE_COPY")]
    for step in range(1, 25):
        at = start + step * 100 * MS
        lines += [vmm(at, "active", "running", total_ms=step * 100, ram_bytes=step * 8000000, ram_total=RAM_BYTES,
                      ram_remaining=RAM_BYTES - step * 8000000, dirtied_bytes_per_second=4096 * (1000 + step),
                      expected_downtime_ms=250),
                  sample(at + MS, SOURCE, "PRE_COPY", dirty_bytes=step * 400000, suspends=0, suspend_ns=0, saves=0, save_ns=0,
                         saved_bytes=0, resumes=0, resume_ns=0, loads=0, load_ns=0, loaded_bytes=0, resets=1)]
    at = stop + SUSPEND
    lines += [event(stop - 2 * MS, "STOP"), event(stop - 3 * MS, "MIGRATION", status="device"),
              command(at, SOURCE, "suspend", SUSPEND), arc(at + 1000, SOURCE, "PRE_COPY", "PRE_COPY_P2P", duration_ns=SUSPEND + 1000),
              command(stop + 100 * MS, SOURCE, "query", QUERY), command(stop + 102 * MS, SOURCE, "save", SAVE, STATE_BYTES),
              arc(stop + 103 * MS, SOURCE, "PRE_COPY_P2P", "STOP_COPY", duration_ns=3 * MS),
              event(stop + 420 * MS, "MIGRATION", status="completed"),
              vmm(stop + 430 * MS, "completed", "postmigrate", total_ms=TOTAL_MS, downtime_ms=DOWNTIME_MS, ram_bytes=RAM_BYTES,
                  ram_total=RAM_BYTES, ram_remaining=0),
              {"type": "vmm_step", "t_ns": stop + 8 * MS, "step": "stop", "duration_ns": 8 * MS},
              {"type": "vmm_step", "t_ns": stop + 300 * MS, "step": "memory_and_device", "duration_ns": 292 * MS},
              {"type": "end", "t_ns": stop + 3000 * MS}]
    return lines


def destination(start=777000 * MS, realtime=1795300000000 * MS, **more):
    """The destination, where start is the same moment by its own clock."""
    stop = start + 2500 * MS
    end = stop + STOPPED
    return [header("hostb", start - 1000 * MS, realtime - 1000 * MS, **more), bound(start - 990 * MS, DESTINATION, 4),
            sample(start - 989 * MS, DESTINATION, "RUNNING", resets=1), vmm(start - 900 * MS, "none", "inmigrate"),
            command(start + 40 * MS, DESTINATION, "suspend", 300000),
            arc(start + 41 * MS, DESTINATION, "RUNNING", "RUNNING_P2P"), arc(start + 42 * MS, DESTINATION, "RUNNING_P2P", "STOP"),
            arc(start + 43 * MS, DESTINATION, "STOP", "RESUMING"),
            # it is sent like a state
            command(start + 59 * MS, DESTINATION, "load", 900000, 688),
            {"type": "question", "t_ns": start + 60 * MS, "function": DESTINATION, "operation": "ask", "bytes": 688, "result": 0,
             "duration_ns": 1000000},
            command(stop + 300 * MS, DESTINATION, "load", LOAD, STATE_BYTES),
            arc(stop + 380 * MS, DESTINATION, "RESUMING", "STOP"), arc(stop + 381 * MS, DESTINATION, "STOP", "RUNNING_P2P"),
            command(end, DESTINATION, "resume", RESUME), arc(end + 1000, DESTINATION, "RUNNING_P2P", "RUNNING"),
            event(end + 2 * MS, "RESUME"), {"type": "end", "t_ns": stop + 3000 * MS}]


def guest(start=99000 * MS, realtime=1795300000000 * MS):
    """The guest's I/O, 1,000 in a second but for the time in which it is stopped."""
    lines = [header("guest", start, realtime)]
    ios = 0
    for step in range(-4, 12):
        lines.append({"type": "guest", "t_ns": start + step * 500 * MS, "ios": ios})
        ios += 0 if step == 5 else 500
    return lines + [{"type": "end", "t_ns": start + 6000 * MS}]


def write(path, lines):
    """A file of lines; returns its path."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path
