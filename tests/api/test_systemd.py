"""The units of deploy/systemd: systemd takes them, and what they leave open is
little (docs/systemd.md)."""

import re
import subprocess

import pytest

from harness.process import BUILD, REPO, run

UNITS = REPO / "deploy/systemd"
SERVICES = ["latchkeyd.service", "latchkey-maintain.service"]
MOST_EXPOSED = 2.0  # of 10


@pytest.fixture
def units(workdir):
    """A copy whose programs are those of this build."""
    for path in UNITS.iterdir():
        (workdir / path.name).write_text(path.read_text().replace(
            "/usr/bin/", f"{BUILD}/"))
    return workdir


def test_units_are_understood_to_the_last_line(units):
    for name in (*SERVICES, "latchkey-maintain.timer"):
        done = subprocess.run(["systemd-analyze", "verify", units / name],
            capture_output=True, text=True)
        about = [line for line in done.stderr.splitlines()
            if "latchkey" in line]
        assert (done.returncode, about) == (0, []), name
    run("systemd-sysusers", "--dry-run", units / "latchkey.sysusers")


@pytest.mark.parametrize("service", SERVICES)
def test_exposure_of_a_service_is_low(service):
    said = run("systemd-analyze", "security", "--offline=true",
        UNITS / service)
    (exposure,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)",
        said)
    print(f"{service}: {exposure}")
    assert float(exposure) <= MOST_EXPOSED, said
