"""What stands in the pages of documentation: blocks of code, inline code and
links.  HACKING.md, "Documentation", says how they are written."""

import functools
import re
import shlex
import subprocess

from harness.process import BUILD, REPO

PAGES = [REPO / "README.md", *sorted((REPO / "docs").rglob("*.md"))]
LANGUAGES = {"sh", "text", "json", "mermaid", "ini", "yaml", "c"}


def name(page):
    return str(page.relative_to(REPO))


class Block:
    """A fenced block: its language, where it begins, and why it is not run
    here (None: it is)."""

    def __init__(self, info, line):
        self.language, _, rest = info.partition(" ")
        self.not_run = re.fullmatch(r"not-run: (\S.*)", rest)
        assert not rest or self.not_run, f"line {line}: {info!r}"
        self.line, self.lines = line, []

    @property
    def text(self):
        return "\n".join(self.lines) + "\n"


def blocks(page):
    """All fenced blocks; an indented one would be read by nobody, and is
    refused."""
    found, block, before = [], None, ""
    for number, line in enumerate(page.read_text().splitlines(), 1):
        fence = re.fullmatch(r" *```(.*)", line)
        if fence and block:
            found, block = found + [block], None
        elif fence:
            block = Block(fence.group(1), number)
            assert block.language in LANGUAGES, f"{name(page)}:{number}"
        elif block:
            block.lines.append(line)
        else:
            assert not line.startswith("    ") or before[:1].strip("#"), (
                f"{name(page)}:{number}: an indented block")
        before = line.strip()
    assert block is None, name(page)
    return found


def prose(page):
    """The page without its blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text(),
        flags=re.M | re.S)


def commands(text):
    """Each call of latchkey or latchkeyd in a piece of shell: [program,
    arguments...]."""
    text = re.sub(r"\\\n\s*", " ", text)
    call = re.compile(r"(?:^|[|&;(]|\$\()\s*(?:! |\w+=\S+ )*(?:\S*/)?"
        r"(latchkeyd?)((?: +[^|&;)#\n`]+)?)", re.M)
    return [[m.group(1), *shlex.split(m.group(2))]
        for m in call.finditer(text)]


@functools.cache
def _help(program, *argv):
    done = subprocess.run([BUILD / program, *argv], text=True,
        capture_output=True, timeout=60)
    assert done.returncode == 0 or argv[0] == "help", done.stderr
    return done.stdout


def complaint(program, *argv):
    """Why the program's own help knows no such command line, or None."""
    options = [a for a in argv if a.startswith("--")]
    if program == "latchkeyd":
        known = _help(program, "--help")
        return next((a for a in options if a not in known), None)
    words = [a for a in argv if re.fullmatch("[a-z]+", a)]
    words = words[words[:1] == ["help"]:]
    if not words:
        return None
    text = _help(program, "help", words[0])  # of all commands of that name
    usages = re.split("^usage: latchkey ", text, flags=re.M)[1:]
    named = [u for u in usages if " ".join(words).startswith(
        (command := re.match("[a-z ]+", u)[0].strip()))
        or command.startswith(" ".join(words))]
    if not named:
        return " ".join(argv)
    return next((a for a in options if not any(
        re.search(rf"^  {a}\b", u, re.M) for u in named)), None)
