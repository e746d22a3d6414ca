"""The documentation is true: its commands are run, on a stack of "make up"
as a reader has it, and what it names is there (HACKING.md, "Documentation")."""

import collections
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import pytest

from harness.process import BUILD, REPO, REPORT, free_port, run
from harness.stack import sanitizer_preload

from .pages import PAGES, blocks, commands, complaint, name, prose

# Blocks of commands that are not run, each with its reason in the page.
NOT_RUN = {
    "README.md": 3,
    "docs/attestation.md": 1,
    "docs/containers.md": 3,
    "docs/operations.md": 2,
    "docs/performance.md": 1,
    "docs/releasing.md": 2,
    "docs/revocation.md": 1,
    "docs/status.md": 1,
    "docs/systemd.md": 2,
}

PLAYED = [page for page in PAGES
    if any(b.language == "sh" and not b.not_run for b in blocks(page))]

# "! command" is one that has to be refused.
BEGIN = """
set -euo pipefail
refused() {
    ! "$@" || { echo "not refused: $*" >&2; exit 1; }
}
"""


def checkout(directory):
    """A directory that looks like a fresh checkout, with what was built."""
    for path in REPO.iterdir():
        if path.name not in ("var", "build", ".git"):
            (directory / path.name).symlink_to(path)
    (directory / "build").mkdir()
    for built in ("latchkey", "latchkeyd", "latchkey_broker.so"):
        (directory / "build" / built).symlink_to(BUILD / built)
    return directory


def shims(directory):
    """Programs that a page calls and that have to be another here."""
    directory.mkdir()
    preload = "".join(f"export {k}='{v}'\n"
        for k, v in sanitizer_preload().items())
    # The checkout's programs are built already, with sanitizers.
    make = ('export VAR="${VAR:-$PWD/var}" BUILD="$PWD/build"\n'
        'case $1 in\nup) exec deploy/dev/up.sh ;;\n'
        'down) exec deploy/dev/down.sh ;;\n'
        'demo) exec deploy/dev/demo.sh ;;\nesac\n'
        'echo "make $*: not here" >&2; exit 1\n')
    for program, script in {
        "mosquitto": "export ASAN_OPTIONS=detect_leaks=0\n" + preload
            + 'exec /usr/sbin/mosquitto "$@"\n',
        "make": make,
    }.items():
        (directory / program).write_text("#!/bin/sh\n" + script)
        (directory / program).chmod(0o755)
    for path in (REPO / "tests/docs/bin").glob("*"):
        (directory / path.name).symlink_to(path)
    return directory


@pytest.fixture
def reader(session_dir):
    """A reader's place: (checkout, environment); its stack is gone after."""
    place = pathlib.Path(tempfile.mkdtemp(dir=session_dir))
    place.chmod(0o711)
    here = checkout(place)
    bin_dir = shims(place / "shims")
    env = {k: v for k, v in os.environ.items()
        if not k.startswith(("LATCHKEY_", "MQTT_", "VAR", "BUILD", "SAN",
            "MAKE", "PG"))}
    env.update(PATH=f"{bin_dir}:{here}/build:{env['PATH']}",
        LATCHKEY_PORT=str(free_port()), MQTT_PORT=str(free_port()),
        UBSAN_OPTIONS="print_stacktrace=1")
    yield here, env
    run("deploy/dev/down.sh", "remove", cwd=here, env={"VAR": here / "var"})
    if not os.environ.get("KEEP"):
        shutil.rmtree(place, ignore_errors=True)


def script(page):
    """The page as one shell session, its stack started before."""
    text = BEGIN
    if page.name != "README.md":
        text += "make up\n. var/latchkey.env\n"
    for block in blocks(page):
        if block.language == "sh" and not block.not_run:
            text += f"\n# {name(page)}:{block.line}\n"
            text += f"echo '@ {name(page)}:{block.line}'\n"
            text += re.sub(r"^! ", "refused ", block.text, flags=re.M)
    return text


def play(page, here, env):
    """Plays it, and ends what it left running."""
    (here / "page.sh").write_text(script(page))
    log = here / "page.log"
    with open(log, "wb") as out:
        shell = subprocess.Popen(["bash", "page.sh"], cwd=here, env=env,
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            start_new_session=True)
        try:
            status = shell.wait(600)
        finally:
            try:
                os.killpg(shell.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass  # nothing was left
    return status, log.read_text(errors="replace")


@pytest.mark.parametrize("page", PLAYED, ids=name)
def test_commands_of_a_page_are_run_from_top_to_bottom(page, reader):
    here, env = reader
    status, said = play(page, here, env)
    logs = "".join(log.read_text(errors="replace")
        for log in here.glob("var/[lm][ao][ts]*.log*"))
    assert status == 0, f"{said[-6000:]}\n{logs[-4000:]}"
    assert not REPORT.search(said + logs), said + logs


def test_no_block_of_commands_is_left_out_silently():
    found = collections.Counter(name(page) for page in PAGES
        for block in blocks(page) if block.not_run)
    assert dict(found) == NOT_RUN


def test_what_is_not_run_could_be():
    for page in PAGES:
        for block in blocks(page):
            if block.not_run:
                run("bash", "-n", "-c", block.text)
                for argv in commands(block.text):
                    assert not complaint(*argv), (name(page), argv)


def test_what_is_installed_is_where_it_is_looked_for(tmp_path):
    (block,) = [b for b in blocks(REPO / "docs/operations.md")
        if "install -D" in b.text]
    text = re.sub(r" /(usr|etc)/", rf" {tmp_path}/\1/", block.text)
    text = text.replace(" build/", f" {BUILD}/").removeprefix("make\n")
    run("bash", "-euc", text, cwd=REPO)
    units = [path.read_text() for path in
        (REPO / "deploy/systemd").glob("*.service")]
    named = re.findall(r"^ExecStart=(\S+)|--config (\S+)", "\n".join(units),
        re.M)
    looked_for = {path for pair in named for path in pair if path}
    looked_for |= set(re.findall(r"^(?:profiles|web_dir) = (.*)$",
        (REPO / "deploy/latchkeyd.conf").read_text(), re.M))
    looked_for |= set(re.findall(r'#define INSTALLED_MIGRATIONS "(.*)"',
        (REPO / "client/cmd_store.c").read_text()))
    assert len(looked_for) == 6
    assert not [path for path in looked_for
        if not (tmp_path / path[1:]).exists()]


def test_commands_in_the_text_are_in_the_help():
    for page in PAGES:
        for code in re.findall(r"`(latchkeyd? [^`]+)`",
                re.sub(r"\s+", " ", prose(page))):
            for argv in commands(code.replace("|", " ")):
                assert not complaint(*argv), (name(page), code)


def anchors(page):
    """The names of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-")
        for head in heads}


def test_links_lead_somewhere():
    for page in [*PAGES, REPO / "HACKING.md", REPO / "tests/README.md"]:
        for link in re.findall(r"\]\(([^)]+)\)", prose(page)):
            if re.match("https?:", link):
                continue
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), f"{name(page)}: {link}"
            if anchor:
                assert anchor in anchors(target), f"{name(page)}: {link}"


def test_every_page_is_in_the_index():
    index = (REPO / "README.md").read_text()
    index += (REPO / "docs/README.md").read_text() if (
        REPO / "docs/README.md").exists() else ""
    for page in PAGES[1:]:
        path = name(page).removeprefix("docs/")
        assert path == "README.md" or path in index, path
