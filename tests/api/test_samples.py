"""The files of deploy/samples are what the service takes."""

import re

import pytest

from harness.http import expect
from harness.players import Device
from harness.process import REPO

SAMPLES = REPO / "deploy/samples"


@pytest.mark.parametrize("name, births", [
    ("allowlist.csv", 3), ("allowlist.ndjson", 3)])
def test_sample_allowlists_are_imported(stack, maker, database, name, births):
    out = stack.cli("allowlist", "import", SAMPLES / name, "--manufacturer",
        maker.id, token=database.admin_token)
    assert f"{births} added" in out and "0 bad" in out


def test_sample_claim_codes_are_those_of_the_page(
        stack, maker, owner, database):
    codes = re.findall(r"\| (LMP-\d+) \| (\S+) \|",
        (SAMPLES / "README.md").read_text())
    assert len(codes) == 3
    for name in ("allowlist.csv", "allowlist.ndjson"):
        stack.cli("allowlist", "import", SAMPLES / name, "--manufacturer",
            maker.id, token=database.admin_token)
    for serial, code in codes:
        expect(Device(stack, maker, serial=serial).enroll(), 202)
        expect(owner.claim(serial, code), 200)


def test_sample_topics_make_a_service(stack, workdir, database):
    stack.cli("service", "add", "backend", "--topics",
        SAMPLES / "service-topics.txt", "--out", workdir / "backend",
        token=database.admin_token)
    assert (workdir / "backend/backend.crt").exists()
