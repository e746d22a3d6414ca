"""latchkeyd's command line, and what it says about its settings."""

import subprocess

import pytest
from harness.process import BUILD, run

DAEMON = BUILD / "latchkeyd"


def test_help_is_an_example_file_that_can_be_used(tmp_path):
    text = run(DAEMON, "--help")
    example = text[text.index("\n# "):]
    keys = [line for line in example.splitlines() if " = " in line
        and not line.startswith("# ")]
    must = {line.split(" = ")[0] for line in keys}
    assert must >= {"issuer", "tls_cert", "tls_key", "db", "mac_key"}
    config = tmp_path / "latchkeyd.conf"
    config.write_text(example.replace(" = \n", " = x\n"))
    assert "port = 8443" in run(DAEMON, "config", "--config", config)


def test_config_hides_a_password(tmp_path):
    config = tmp_path / "latchkeyd.conf"
    lines = [line.strip("# ") for line in run(DAEMON, "--help").splitlines()
        if line.endswith(" = ") and not line.startswith("# ")]
    config.write_text("".join(f"{line.strip()} x\n" for line in lines
        if not line.startswith("db ")) + "db = password=hunter2\n")
    shown = run(DAEMON, "config", "--config", config)
    assert "hunter2" not in shown
    assert "db = (hidden)" in shown


def test_version():
    assert run(DAEMON, "--version").startswith("latchkeyd ")


@pytest.mark.parametrize("arguments", [[], ["--config"], ["serve"],
    ["--config", "a", "b"], ["--nonsense", "x"]])
def test_wrong_usage_is_2(arguments):
    done = subprocess.run([DAEMON, *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_missing_file_is_1_with_a_reason(tmp_path):
    done = subprocess.run([DAEMON, "--config", tmp_path / "nothing"],
        capture_output=True, text=True)
    assert done.returncode == 1
    assert "No such file" in done.stderr
