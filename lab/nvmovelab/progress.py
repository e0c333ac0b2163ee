# SPDX-License-Identifier: BSD-2-Clause
"""What the user sees while the lab works: one line per stage with its time, a live line on a terminal, plain lines in a pipe."""

import contextlib
import sys
import threading
import time

_started = time.monotonic()
_lock = threading.Lock()
_live = False


def _write(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def elapsed():
    """Seconds since the lab started, as the user sees them."""
    return time.monotonic() - _started


def _stamp():
    seconds = int(elapsed())
    return f"[{seconds // 60:2d}:{seconds % 60:02d}]"


def say(text):
    """Print one line that stays."""
    global _live
    with _lock:
        if _live:
            _write("\r\033[K")
            _live = False
        _write(f"{_stamp()} {text}\n")


def live(text):
    """Show a line that the next one replaces; a pipe gets it as an ordinary line."""
    global _live
    if not sys.stdout.isatty():
        say(text)
        return
    with _lock:
        _write(f"\r\033[K{_stamp()} {text}")
        _live = True


@contextlib.contextmanager
def stage(title):
    """Announce a stage, count its seconds on a terminal, and say how long it took."""
    begin = time.monotonic()
    done = threading.Event()

    def tick():
        while not done.wait(1):
            live(f"{title} … {time.monotonic() - begin:.0f} s")

    ticker = None
    if sys.stdout.isatty():
        live(title)
        ticker = threading.Thread(target=tick, daemon=True)
        ticker.start()
    else:
        say(f"{title} …")
    try:
        yield
    except BaseException:
        done.set()
        if ticker:
            ticker.join()
        say(f"{title}: failed after {time.monotonic() - begin:.1f} s")
        raise
    done.set()
    if ticker:
        ticker.join()
    say(f"{title}: {time.monotonic() - begin:.1f} s")
