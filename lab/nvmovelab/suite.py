# SPDX-License-Identifier: BSD-2-Clause
"""Runs the tests of tests/lab: one behaviour per file, many tests per boot of the hosts, a fresh boot after a failure.

A test is a module with a function run(bench). It fails by an exception, or because a host's kernel complained meanwhile
(a module that provokes complaints names them in EXPECTED_TROUBLE, a regular expression).
"""

import contextlib
import importlib.util
import json
import re
import time

from . import session, subsystem
from .bench import Bench, Failure
from .errors import LabError
from .paths import BUILD, PROJECT
from .products import prepare
from .progress import say

TESTS = PROJECT / "tests" / "lab"


def _modules(names):
    """The test modules, in the order of their names."""
    files = {path.stem: path for path in sorted(TESTS.glob("*.py"))}
    unknown = [name for name in names if name not in files]
    if unknown:
        raise LabError(f"no such test: {', '.join(unknown)}; there are {', '.join(files)}")
    for name, path in files.items():
        if names and name not in names:
            continue
        spec = importlib.util.spec_from_file_location(f"lab_test_{name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield name, module


def _run(module, bench):
    """Run one test; returns the reason of its failure or None."""
    problem = None
    try:
        module.run(bench)
    except (Failure, LabError, ValueError, KeyError, AssertionError) as error:
        problem = f"{type(error).__name__}: {error}" if not isinstance(error, (Failure, LabError)) else str(error)
    for step in (bench.finish, lambda: _complain(module, bench)):
        try:
            step()
        except (Failure, LabError) as error:
            problem = problem or str(error)
    return problem


def _complain(module, bench):
    expected = getattr(module, "EXPECTED_TROUBLE", None)
    found = [line for line in bench.new_trouble() if not (expected and re.search(expected, line))]
    if found:
        raise Failure("kernel log: " + "\n    ".join(found[:10]))


def main(names):
    """Run tests; returns 0 if all passed."""
    modules = list(_modules(names))
    products = prepare()
    failed = []
    boots = 0
    with contextlib.ExitStack() as stack:
        hosts = None
        current = None
        for name, module in modules:
            if hosts is None:
                boots += 1
                current = stack.enter_context(contextlib.ExitStack())
                hosts = current.enter_context(
                    session.hosts(products, session.results(f"hosts-{boots}"), subsystem.arguments))
            begin = time.monotonic()
            own = session.results(name)
            problem = _run(module, Bench(hosts, own))
            seconds = round(time.monotonic() - begin, 1)
            result = {"test": name, "passed": problem is None, "seconds": seconds, "problem": problem,
                      "hosts": f"build/lab/hosts-{boots}"}
            (own / "result.json").write_text(json.dumps(result, indent=2) + "\n")
            say(f"{'FAIL' if problem else 'ok  '} {name} ({seconds} s)" + (f": {problem}" if problem else ""))
            if problem:
                failed.append(name)
                current.close()
                hosts = None
    passed = len(modules) - len(failed)
    say(f"results: {(BUILD / 'lab').relative_to(PROJECT)}/TEST/result.json")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0
