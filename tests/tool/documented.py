# SPDX-License-Identifier: BSD-2-Clause
"""Every command of nvmove is in nvmove(1), has a manual page that names its options and its exit status, and is completed
by bash."""

import re
import subprocess

from program import PROJECT, expect, finish, nvmove

MANUAL = PROJECT / "tool" / "man"
COMPLETION = PROJECT / "tool" / "nvmove.bash"


def commands(*above):
    """Names that a command lists in its help; none if it is described by options."""
    out = nvmove(*above, "--help").out
    listed = out.split("\n\n")[1] if "COMMAND" in out.splitlines()[0] else ""
    return re.findall(r"^  ([a-z]+) ", listed, re.MULTILINE)


def options(*command):
    """Long options in a command's help."""
    return set(re.findall(r"--([a-z-]+)", nvmove(*command, "--help").out))


def completions(*words):
    """What bash offers behind these words."""
    script = (f'. {COMPLETION}; COMP_WORDS=(nvmove "$@"); COMP_CWORD=$#; _nvmove; printf "%s\\n" "${{COMPREPLY[@]}}"')
    done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, check=True, timeout=30,
                          cwd=MANUAL)
    return set(done.stdout.split())


def check_page(path, *command):
    """A command's options are in its page, and bash knows them."""
    page = path.read_text(encoding="utf-8").replace("\\-", "-")
    found = options(*command) - {"version"}
    expect({"json", "help"} <= found, f"{' '.join(command)} has options {found}")
    for option in found:
        expect(f"Fl -{option}" in page, f"{path.name} does not have --{option} of {' '.join(command)}")
    offered = completions(*command, "--")
    expect({"--json", "--help"} <= offered, f"bash offers {offered} for {' '.join(command)}")
    expect("nvmove.1" in completions(*command, "nvm"), f"bash offers no files for {' '.join(command)}")


def check_driver():
    """The driver's page has every attribute that docs/sysfs-attributes.md describes, and no other."""
    table = (PROJECT / "docs" / "sysfs-attributes.md").read_text(encoding="utf-8")
    described = {name for cell in re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", table, re.MULTILINE)
                 for name in re.findall(r"`([a-z_]+)`", cell)}
    page = (MANUAL / "nvme-vfio-pci.4").read_text(encoding="utf-8")
    listed = {name for line in re.findall(r"^\.It Pa ([a-z_ ,]+)$", page, re.MULTILINE) for name in line.split(" , ")}
    expect(len(described) > 15 and described == listed, f"nvme-vfio-pci.4: {sorted(described ^ listed)} in one of the two alone")


def main():
    """All commands, from the program's own lists."""
    front = (MANUAL / "nvmove.1").read_text(encoding="utf-8")
    top = commands()
    expect(top and set(top) <= completions(""), f"bash offers {completions('')}, commands are {top}")
    for name in top:
        path = MANUAL / f"nvmove-{name}.1"
        expect(f".It Cm {name}\n" in front and f".Xr nvmove-{name} 1" in front, f"nvmove.1 lacks {name}")
        expect(path.exists(), f"{path.name} is missing")
        expect(".Sh EXIT STATUS" in path.read_text(encoding="utf-8"), f"{path.name} says nothing of the exit status")
        below = commands(name)
        if not below:
            check_page(path, name)
        expect(set(below) <= completions(name, ""), f"bash offers {completions(name, '')} for {name}")
        for second in below:
            expect(f".It Cm {second}\n" in path.read_text(encoding="utf-8"), f"{path.name} lacks {second}")
            check_page(path, name, second)
    check_driver()
    finish()


main()
