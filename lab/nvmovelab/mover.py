# SPDX-License-Identifier: BSD-2-Clause
"""The small VFIO program (tests/lab/vfio) on the hosts: a VMM and a guest driver in one, started and read.

It judges by itself; a failure carries its words and, for a crash or a hang, the end of what it printed.
"""

import json
import shlex
import shutil
import time

from .errors import LabError, Timeout

PROGRAM = "vfio-nvme-move"
PORT = 7000
LISTEN_SECONDS = 60
# How long the program waits for the device, and for one operation of the kernel before it reports that as stuck.
WAIT_SECONDS = 60
OPERATION_SECONDS = 120
# What the kernel may hold more after moves, where that says nothing.
NO_BOUND_KIB = 1 << 30
# For a program that runs in circles.
TEST_SECONDS = 900


def install(host):
    """Put the program into the host's share."""
    shutil.copy2(host.products.mover, host.share / PROGRAM)


def _argv(host, test, function, options, group):
    kernel = host.products.kernel
    limits = ["--timeout", str(WAIT_SECONDS * 1000 * kernel.slowness), "--watchdog", str(OPERATION_SECONDS * kernel.slowness)]
    if kernel.finds_leaks:
        limits += ["--max-growth", str(NO_BOUND_KIB)]
    argv = [f"/lab/{PROGRAM}", test, "--pci", function, *limits, *[str(word) for word in options]]
    return group.wrap(argv) if group else argv


def _judge(host, test, result, log):
    """The program's JSON line as a dictionary; raises unless it says that all was right."""
    log.write_text(f"{shlex.join(result.argv)}\nexit code {result.code}\n{result.out}\n{result.err}\n")
    lines = result.out.strip().splitlines()
    try:
        found = json.loads(lines[-1])
    except (IndexError, ValueError):
        found = {}
    if result.code or not found.get("ok"):
        words = found.get("failure") or result.err.strip()[-1500:]
        raise LabError(f"host {host.name}: {PROGRAM} {test}: exit code {result.code}: {words}")
    return found


def run(host, directory, test, function, *options, timeout=TEST_SECONDS, group=None):
    """Run one test on a host's function, in a control group if one is given; returns what it found."""
    install(host)
    argv = _argv(host, test, function, options, group)
    log = directory / f"{test}-{host.name}-{time.monotonic():.0f}.log"
    job = host.start_program(argv)
    try:
        return _judge(host, test, job.wait(timeout), log)
    except Timeout as error:
        log.write_text(str(error))
        raise


def run_together(directory, runs, timeout=TEST_SECONDS):
    """Run tests at the same time; runs has for each its host, the test, the function and the options. Returns what each found, in
    the same order; raises for the first that failed, after all have ended."""
    for host in {id(run[0]): run[0] for run in runs}.values():
        install(host)
    jobs = [host.start_program(_argv(host, test, function, options, None)) for host, test, function, options in runs]
    found, problems = [], []
    for (host, test, function, _), job in zip(runs, jobs):
        log = directory / f"{test}-{host.name}-{function}.log"
        try:
            found.append(_judge(host, test, job.wait(timeout), log))
        except LabError as error:
            problems.append(error)
            if not log.exists():
                log.write_text(str(error))
    if problems:
        raise problems[0]
    return found


def _end(job):
    """End a program whose other side has failed; returns what it said, or why it cannot be ended."""
    try:
        job.signal()
        return job.wait(LISTEN_SECONDS).err
    except LabError as error:
        return str(error)


def run_pair(hosts, directory, functions, *options, timeout=TEST_SECONDS, groups=(None, None)):
    """Run "move" on the first host against "serve" on the second, each in its control group if groups are given;
    returns what the first found, which is for both."""
    director, server = hosts
    for host in hosts:
        install(host)
    serving = server.start_program(_argv(server, "serve", functions[1], ["--listen", f":{PORT}"], groups[1]))
    deadline = time.monotonic() + LISTEN_SECONDS * server.products.kernel.slowness
    while "listening" not in serving.error_text():
        if serving.ended() or time.monotonic() > deadline:
            raise LabError(f"host {server.name}: serve does not listen: {serving.error_text()}")
        time.sleep(0.05)
    log = directory / f"serve-{server.name}-{time.monotonic():.0f}.log"
    try:
        found = run(director, directory, "move", functions[0], "--peer", f"{server.address}:{PORT}", *options,
                    timeout=timeout, group=groups[0])
    except LabError as error:
        words = _end(serving)
        log.write_text(words)
        raise type(error)(f"{error}; host {server.name}'s end: {words.strip()[-800:]}") from None
    _judge(server, "serve", serving.wait(LISTEN_SECONDS), log)
    return found
