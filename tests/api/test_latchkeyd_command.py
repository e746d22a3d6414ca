"""latchkeyd's command line, and what it says about its settings."""

import pathlib
import socket
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
    shown = run(DAEMON, "config", "--config", config)
    assert "port = 8443" in shown
    assert "app_keys = no" in shown, "they are for development"


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


def has(address):
    """Whether this machine has the address."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else
                socket.AF_INET) as s:
            s.bind((address, 0))
        return True
    except OSError:
        return False


def test_listens_at_both_loopback_addresses_and_no_other(stack):
    """Some clients try only the first address of "localhost"."""
    for address in filter(has, ("127.0.0.1", "::1")):
        socket.create_connection((address, stack.port), 60).close()
    open_at = {line.split()[1].split(":")[0]
        for table in ("tcp", "tcp6")
        for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()
        if line.split()[1].endswith(f":{stack.port:04X}")
        and line.split()[3] == "0A"}
    assert open_at <= {"0100007F", "0" * 24 + "01000000"}, open_at


def test_address_of_another_machine_stops_the_start(stack, tmp_path):
    config = tmp_path / "latchkeyd.conf"
    config.write_text((stack.dir / "latchkeyd.conf").read_text() +
        "listen = 192.0.2.1\n")
    done = subprocess.run([DAEMON, "--config", config], capture_output=True,
        text=True, timeout=120)
    assert done.returncode == 1
    assert "Cannot assign requested address" in done.stderr


def test_absent_address_beside_another_is_passed_over(make_stack):
    stack = make_stack(listen="192.0.2.1,127.0.0.1")
    socket.create_connection(("127.0.0.1", stack.port), 60).close()
