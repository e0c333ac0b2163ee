# SPDX-License-Identifier: BSD-2-Clause
"""The forms of JSON answers, read from the manual pages as nvmove(1) says that they are written there, and values held against
them."""

import functools
import re

from program import PROJECT

MANUAL = PROJECT / "tool" / "man"
TOKEN = re.compile(r'"[^"]*"|[a-z]+|[][{}:,|=?]')
KINDS = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "any": lambda value: True,
    "hex": lambda value: isinstance(value, str) and re.fullmatch(r"0x(0|[1-9a-f][0-9a-f]*)", value),
    "bytes": lambda value: isinstance(value, str) and re.fullmatch(r"([0-9a-f]{2})*", value),
}


class Kind:
    """A kind by its name."""

    def __init__(self, name):
        self.name = name
        self.seen = False

    def faults(self, value, forms, where):
        """What is wrong with a value, in lines."""
        if self.name not in KINDS:
            return forms[self.name].faults(value, forms, where)
        if not KINDS[self.name](value):
            return [f"{where}: {value!r} is no {self.name}"]
        self.seen = True
        return []

    def unseen(self, where):
        """Which parts no value has had yet."""
        return [] if self.seen or self.name not in KINDS else [f"{where}: {self.name}"]


class Either:
    """One of several kinds."""

    def __init__(self, kinds):
        self.kinds = kinds

    def faults(self, value, forms, where):
        """What is wrong with a value: nothing if one kind fits."""
        found = []
        for kind in self.kinds:
            found = kind.faults(value, forms, where)
            if not found:
                break
        return found

    def unseen(self, where):
        """Which parts no value has had yet."""
        return [line for kind in self.kinds for line in kind.unseen(where)]


class List:
    """A list of values of one kind."""

    def __init__(self, kind):
        self.kind = kind

    def faults(self, value, forms, where):
        """What is wrong with a value."""
        if not isinstance(value, list):
            return [f"{where}: {value!r} is no list"]
        return [line for index, item in enumerate(value) for line in self.kind.faults(item, forms, f"{where}[{index}]")]

    def unseen(self, where):
        """Which parts no value has had yet."""
        return self.kind.unseen(f"{where}[]")


class Object:
    """An object: pairs of a kind and whether it is always there, by the member's name; "N" is any number."""

    def __init__(self, members):
        self.members = members

    def _documented(self, name):
        return name if name in self.members else re.sub(r"\d+$", "N", name)

    def faults(self, value, forms, where):
        """What is wrong with a value."""
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is no object"]
        found = [f"{where}: no member {name}" for name, (_, always) in self.members.items() if always and name not in value]
        for name, item in value.items():
            if self._documented(name) not in self.members:
                found.append(f"{where}: undocumented member {name}")
            else:
                found += self.members[self._documented(name)][0].faults(item, forms, f"{where}.{name}")
        return found

    def unseen(self, where):
        """Which parts no value has had yet."""
        return [line for name, (kind, _) in self.members.items() for line in kind.unseen(f"{where}.{name}")]


class Reader:
    """Reads the forms of one display."""

    def __init__(self, text):
        self.tokens = TOKEN.findall(text)
        left = TOKEN.sub("", text).strip()
        if left:
            raise ValueError(f"not a form: {left!r}")

    def take(self, *wanted):
        """The next token, which is one of those wanted."""
        token = self.tokens.pop(0)
        if wanted and token not in wanted:
            raise ValueError(f"{token!r} where one of {wanted} is expected")
        return token

    def member(self):
        """A member's name, and its kind with whether it is always there."""
        name = self.take().strip('"')
        always = self.take(":", "?") == ":"
        if not always:
            self.take(":")
        return name, (self.kind(), always)

    def one(self):
        """A kind without alternatives."""
        token = self.take()
        if token == "{":
            members = dict([self.member()])
            while self.take(",", "}") == ",":
                members.update([self.member()])
            return Object(members)
        if token == "[":
            form = List(self.kind())
            self.take("]")
            return form
        return Kind(token)

    def kind(self):
        """A kind."""
        kinds = [self.one()]
        while self.tokens[:1] == ["|"]:
            self.take("|")
            kinds.append(self.one())
        return kinds[0] if len(kinds) == 1 else Either(kinds)

    def forms(self):
        """Every form of the display, with its name or None."""
        while self.tokens:
            name = None
            if self.tokens[1:2] == ["="]:
                name = self.take()
                self.take("=")
            yield name, self.kind()


class Page:
    """What a manual page has in its section JSON: named forms, and the others with the words of the item that they stand in (none
    where the section has no items)."""

    def __init__(self, section):
        self.named, self.answers = {}, []
        words, display = (), None
        for line in section.splitlines():
            if line.startswith(".It "):
                words = line.split()
            elif line.startswith(".Bd"):
                display = []
            elif line == ".Ed":
                for name, form in Reader("\n".join(display)).forms():
                    if name:
                        self.named[name] = form
                    else:
                        self.answers.append((words, form))
                display = None
            elif display is not None:
                display.append(line)

    def answer(self, word):
        """The form of an answer of the command that ends with a word."""
        found = [form for words, form in self.answers if not words or word in words]
        if not found:
            raise ValueError(f"no form for {word}")
        return Either(found)


@functools.cache
def page(name):
    """A manual page. Where its section JSON has no display, it is the page that the section refers to."""
    text = (MANUAL / name).read_text(encoding="utf-8").replace("\\-", "-")
    section = re.search(r"^\.Sh JSON\n(.*?)^\.Sh ", text, re.MULTILINE | re.DOTALL)[1]
    if ".Bd" in section:
        return Page(section)
    reference = re.search(r"^\.Xr (\S+) (\d)", section, re.MULTILINE)
    return page(f"{reference[1]}.{reference[2]}")
