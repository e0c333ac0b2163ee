# SPDX-License-Identifier: BSD-2-Clause
"""Errors the lab reports to its user as one message, without a traceback."""


class LabError(Exception):
    """Something outside the lab's code is wrong: a missing tool, a failed command, a host that does not answer."""


class Lost(LabError):
    """A guest or a host died, and nobody had asked it to."""


class Timeout(LabError):
    """Something did not happen in time."""


def tail(path, lines=25):
    """The last lines of a log file, indented, for an error message."""
    try:
        text = open(path, errors="replace").read()
    except OSError as error:
        return f"    ({error})"
    return "\n".join("    " + line for line in text.splitlines()[-lines:])
