# SPDX-License-Identifier: BSD-2-Clause
"""Runs the tests of tests/lab: one behaviour per file, many tests per boot of the hosts, a fresh boot after a failure.

A test is a module with a function run(bench). It fails by an exception, or because a host's kernel complained meanwhile
(a module that provokes complaints names them in EXPECTED_TROUBLE, a regular expression). A module that has a meaning under
some protocols or some kernels of the hosts only names them in PROTOCOLS and KERNELS. A module that takes too long for every
run says so in BY_HAND and is run by its name only. A module that holds only on hosts that no other test has used says why in
FRESH_HOSTS. A test under which a guest or a host died without being asked to is run once more, and both results are kept:
nested emulation of stock kernels has that happen on its own, a defect of ours has it happen twice.
"""

import contextlib
import importlib.util
import json
import re
import shutil
import time
import traceback
from pathlib import Path

from . import kernel, session, subsystem
from .bench import Bench, Failure
from .errors import LabError, Lost
from .paths import PROJECT
from .products import prepare
from .progress import say

TESTS = PROJECT / "tests" / "lab"


def _unfit(module, variant):
    """Why a test cannot run in a variant, or None."""
    for what, asked, able in (("protocol", variant.protocol, getattr(module, "PROTOCOLS", subsystem.PROTOCOLS)),
                              ("kernel", variant.kernel, getattr(module, "KERNELS", kernel.NAMES))):
        if asked not in able:
            return f"is not for {what} {asked}, only for {', '.join(able)}"
    return None


def _modules(names, variant, needed):
    """The test modules for a variant, in the order of their names: those named, and with needed those that the stock kernel is
    not for; all without either."""
    files = {path.stem: path for path in sorted(TESTS.glob("*.py"))}
    unknown = [name for name in names if name not in files]
    if unknown:
        raise LabError(f"no such test: {', '.join(unknown)}; there are {', '.join(files)}")
    for name, path in files.items():
        spec = importlib.util.spec_from_file_location(f"lab_test_{name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        unfit = _unfit(module, variant)
        if unfit and name in names:
            raise LabError(f"{name} {unfit}")
        wanted = name in names or needed and kernel.STOCK not in getattr(module, "KERNELS", kernel.NAMES)
        if not unfit and (wanted or not names and not needed):
            yield name, module


def _words(error):
    """What an exception says; what no test raises on purpose says also where it comes from."""
    if isinstance(error, (Failure, LabError)):
        return str(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"


def _run(module, bench, last):
    """Run one test, the last one of its hosts or not; returns whether a machine of the lab died under it, and the reason of its failure or None."""
    problem = None
    lost = False
    # any exception is this test's: an answer that nobody expected must not keep the others from being run
    for step in (lambda: module.run(bench), bench.finish, lambda: _complain(module, bench, last or problem)):
        try:
            step()
        except Exception as error:
            lost = lost or problem is None and isinstance(error, Lost)
            problem = problem or _words(error)
    return lost, problem


def _complain(module, bench, searching):
    expected = getattr(module, "EXPECTED_TROUBLE", None)
    found = [line for line in bench.new_trouble(searching) if not (expected and re.search(expected, line))]
    if found:
        raise Failure("kernel log: " + "\n    ".join(found[:10]))


def _record(result, variant):
    """Write a test's result.json."""
    directory = session.logs(variant, result["test"])
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "result.json").write_text(
        json.dumps({"protocol": variant.protocol, "kernel": variant.kernel, **result}, indent=2) + "\n")


class Suite:
    """The hosts of a run, booted when a test needs them, and what the tests found."""

    def __init__(self, products, variant):
        self._products = products
        self._variant = variant
        self._boots = 0
        self._hosts = None
        self._session = contextlib.ExitStack()

    def _booted(self, fresh):
        """The hosts that are up, or new ones."""
        if fresh:
            self.close()
        if self._hosts is None:
            self._boots += 1
            self._hosts = self._session.enter_context(
                session.hosts(self._products, session.results(self._variant, f"hosts-{self._boots}"), self._variant.protocol))
        return self._hosts

    def attempt(self, name, module, last):
        """Run a test once, after which the hosts are given up or not; returns what there is to say about it. A failure costs the
        hosts."""
        hosts = self._booted(hasattr(module, "FRESH_HOSTS"))
        begin = time.monotonic()
        lost, problem = _run(module, Bench(hosts, session.results(self._variant, name)), last)
        seconds = round(time.monotonic() - begin, 1)
        say(f"{'FAIL' if problem else 'ok  '} {name} ({seconds} s)" + (f": {problem}" if problem else ""))
        result = {"test": name, "passed": problem is None, "seconds": seconds, "problem": problem,
                  "hosts": f"build/lab/{self._variant}/hosts-{self._boots}"}
        _record(result, self._variant)
        if problem:
            self.close()
        return lost, result

    def repeat(self, name, module):
        """Run a test that lost a machine once more; the logs of the first time move to first/ below the new ones."""
        directory = session.logs(self._variant, name)
        first = directory.rename(directory.with_name(name + "-first"))
        say(f"once more on fresh hosts: {name}")
        _, result = self.attempt(name, module, last=True)
        (first / "result.json").rename(first / "first.json")
        shutil.move(first, directory / "first")
        return result

    def close(self):
        """End the hosts; the next test boots its own."""
        self._hosts = None
        self._session.close()


def main(names, variant, needed=False):
    """Run tests in a variant; returns 0 if all passed."""
    modules = list(_modules(names, variant, needed))
    for name, module in modules:
        if hasattr(module, "BY_HAND") and name not in names:
            say(f"not run unless asked for by name: {name} ({module.BY_HAND})")
    modules = [(name, module) for name, module in modules if not hasattr(module, "BY_HAND") or name in names]
    for name, _ in modules:
        _record({"test": name, "passed": False, "seconds": 0, "problem": "it was not run"}, variant)
    failed = 0
    with contextlib.closing(Suite(prepare(variant.kernel), variant)) as suite:
        for number, (name, module) in enumerate(modules, 1):
            last = number == len(modules) or hasattr(modules[number][1], "FRESH_HOSTS")
            lost, result = suite.attempt(name, module, last)
            if lost:
                result = suite.repeat(name, module)
            failed += not result["passed"]
    say(f"results: {session.logs(variant, 'TEST').relative_to(PROJECT)}/result.json")
    print(f"{len(modules) - failed} passed, {failed} failed")
    return 1 if failed else 0
