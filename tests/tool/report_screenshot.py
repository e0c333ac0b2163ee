# SPDX-License-Identifier: BSD-2-Clause
"""The page of nvmove report in headless Chromium: its parts are there, nothing is loaded, nothing is complained about, and the
screenshots, which stay as results, show it.

    report_screenshot.py RESULTS-DIRECTORY NVMOVE
"""

import collections
import html.parser
import http.server
import os
import struct
import subprocess
import sys
import tempfile
import threading
import zlib
from pathlib import Path

from program import PROJECT, expect, finish, nvmove

BROWSER = "chromium-headless-shell"
RECORDINGS = PROJECT / "tests" / "tool" / "recordings"
SECTIONS = ["Timeline", "What the downtime consists of", "Memory", "The guest's I/O", "Refusals and errors", "Figures"]
LEAST_CHARTS = 8
# What a page that loads and runs something looks like to this test.
CONTROL = """<!DOCTYPE html><html><head><meta http-equiv="Content-Security-Policy" content="script-src 'none'"/></head>
<body><script>1</script><img src="http://pictures.example/picture.png"/></body></html>"""
RUNNING = {"light": (0x4c, 0xaf, 0x86), "dark": (0x3f, 0x9c, 0x77)}
PAPER = {"light": (0xff, 0xff, 0xff), "dark": (0x1a, 0x20, 0x28)}
# name, width and height of the window, colours
SCREENSHOTS = [("report", 1200, 3200, "light"), ("report-dark", 1200, 1000, "dark"), ("report-narrow", 420, 1000, "light")]


class Requests(http.server.BaseHTTPRequestHandler):
    """Whatever host is asked for something, it is this one."""

    asked = []

    def do_GET(self):
        """Note it."""
        self.asked.append(f"{self.headers['Host']}{self.path}")
        self.send_error(404)

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """Say nothing."""


class Parts(html.parser.HTMLParser):
    """What a document consists of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.headings = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        if self.tags[-1:] == ["h2"] and data.strip():
            self.headings.append(data)


class Browser:
    """A browser of which every request comes to us."""

    def __init__(self, scratch):
        self._scratch = scratch
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Requests)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._port = server.server_address[1]

    def run(self, page, *options):
        """Have it show a page: what it says, what it asks for, what it complains about."""
        del Requests.asked[:]
        words = [BROWSER, "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr", f"--user-data-dir={self._scratch}/profile",
                 f"--host-resolver-rules=MAP * 127.0.0.1:{self._port}", *(["--no-sandbox"] if os.geteuid() == 0 else []), *options,
                 page.as_uri()]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
        expect(done.returncode == 0, f"{BROWSER} ends with {done.returncode}", done.stderr[-2000:])
        return done.stdout, list(Requests.asked), [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


def nearest(left, up, corner):
    """The neighbour that is nearest to where the three lead."""
    guess = left + up - corner
    return min((left, up, corner), key=lambda candidate: abs(guess - candidate))


def unfilter(kind, line, before):
    """One channel of a line of a picture without its filter, by the line before (PNG specification, section 9)."""
    if kind == 0:
        return line
    if kind == 2:
        return bytes((value + up) & 0xff for value, up in zip(line, before))
    found = bytearray()
    left = corner = 0
    for value, up in zip(line, before):
        left = (value + (left if kind == 1 else (left + up) // 2 if kind == 3 else nearest(left, up, corner))) & 0xff
        found.append(left)
        corner = up
    return bytes(found)


def colours(path):
    """Width, height and how often each colour is in a PNG picture of 8 bits a channel."""
    data = path.read_bytes()
    expect(data[:8] == b"\x89PNG\r\n\x1a\n", f"{path.name} is no picture")
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    size = {2: 3, 6: 4}[kind]
    expect(depth == 8, f"{path.name} has {depth} bits a channel")
    at, packed = 8, b""
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at:at + 8])
        packed += data[at + 8:at + 8 + length] if name == b"IDAT" else b""
        at += length + 12
    raw = zlib.decompress(packed)
    found, before = collections.Counter(), [bytes(width)] * size
    for begin in range(0, len(raw), width * size + 1):
        line = raw[begin + 1:begin + 1 + width * size]
        before = [unfilter(raw[begin], line[channel::size], before[channel]) for channel in range(size)]
        found.update(zip(*before[:3]))
    return width, height, found


def check_parts(browser, page):
    """The page as the browser has understood it; the control shows that the test would see more."""
    dom, asked, complaints = browser.run(page, "--dump-dom")
    parts = Parts(dom)
    expect(parts.headings == SECTIONS, f"sections: {parts.headings}")
    expect(parts.tags.count("svg") >= LEAST_CHARTS and parts.tags.count("rect") > 20 and parts.tags.count("tr") > 10, "parts are missing")
    expect(not asked and not complaints and "script" not in parts.tags, f"asked for {asked}, complaints: {complaints}")
    control = page.with_name("control.html")
    control.write_text(CONTROL, encoding="utf-8")
    _, asked, complaints = browser.run(control, "--dump-dom")
    expect(asked == ["pictures.example/picture.png"] and len(complaints) == 1, f"of the control was seen: {asked}, {complaints}")


def check_screenshots(browser, page, results):
    """Pictures of it, in which there is something."""
    for name, width, height, scheme in SCREENSHOTS:
        picture = results / f"{name}.png"
        picture.unlink(missing_ok=True)
        browser.run(page, f"--screenshot={picture}", f"--window-size={width},{height}",
                    f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}")
        shown_width, shown_height, found = colours(picture)
        pixels = shown_width * shown_height
        expect((shown_width, shown_height) == (width, height), f"{name}: {shown_width} x {shown_height}")
        expect(len(found) > 100 and max(found.values()) < 0.95 * pixels, f"{name} is blank: {len(found)} colours")
        expect(found[RUNNING[scheme]] > pixels / 2000, f"{name}: {found[RUNNING[scheme]]} pixels of a running function")
        expect(found[PAPER[scheme]] > pixels / 4, f"{name} is not {scheme}")


def main():
    """The page of the recordings of a demonstration."""
    results = Path(sys.argv[1]).resolve()
    results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        page = results / "report.html"
        answer = nvmove("report", "-o", page, *sorted(RECORDINGS.glob("*.recording")))
        expect(answer.code == 0, "no page", answer)
        browser = Browser(scratch)
        moved = Path(scratch) / "page.html"
        moved.write_bytes(page.read_bytes())
        check_parts(browser, moved)
        check_screenshots(browser, moved, results)
    finish()


main()
