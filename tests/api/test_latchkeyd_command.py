"""latchkeyd's command line, and what it says about its settings."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest
from harness.process import BUILD, run, until

DAEMON = BUILD / "latchkeyd"


def example(**changes):
    """The example file, with some keys changed, or gone where None."""
    lines = run(DAEMON, "config", "--example").splitlines()
    for key, value in changes.items():
        at = next(i for i, line in enumerate(lines)
            if re.fullmatch(rf"(# )?{key} =.*", line))
        lines[at] = "" if value is None else f"{key} = {value}"
    return "\n".join(lines) + "\n"


def config(tmp_path, text, *options, env=None):
    file = tmp_path / "latchkeyd.conf"
    file.write_text(text)
    return subprocess.run([DAEMON, "config", *options, "--config", file],
        capture_output=True, text=True, env={**os.environ, **(env or {})})


def test_help_says_every_setting_in_80_columns():
    text = run(DAEMON, "--help")
    keys = re.findall(r"^(?:# )?([a-z_]+) =", run(DAEMON, "config",
        "--example"), re.M)
    assert len(keys) > 50
    for key in keys:
        assert re.search(rf"^  {key}\b", text, re.M), key
    assert max(map(len, text.splitlines())) < 80


def test_config_tells_values_and_where_they_are_from(tmp_path):
    text = example(port=9443, app_keys="yes", idle_timeout="10s")
    env = {"LATCHKEYD_PORT": "443", "LATCHKEYD_DB": "@/run/secrets/db"}
    line = text.splitlines().index("app_keys = yes") + 1
    done = config(tmp_path, text, env=env)
    shown = {key: (value, origin) for origin, key, value in
        re.findall(r"^(\S+) +([a-z_]+) = (.*)$", done.stdout, re.M)}
    assert shown["port"] == ("443", "LATCHKEYD_PORT")
    assert shown["db"] == ("@/run/secrets/db", "LATCHKEYD_DB")
    assert shown["app_keys"] == ("yes", f"{tmp_path}/latchkeyd.conf:{line}")
    assert shown["queue"] == ("1024", "default")
    listed = json.loads(config(tmp_path, text, "--json", env=env).stdout)
    rows = {row["key"]: row for row in listed}
    assert {key: row["origin"] for key, row in rows.items()} == {
        key: origin for key, (_, origin) in shown.items()}
    assert rows["port"]["value"] == 443
    assert rows["app_keys"]["value"] is True
    assert rows["idle_timeout"]["value"] == "10s"


def test_config_hides_a_password(tmp_path):
    text = example(db="password=hunter2")
    for options in [], ["--json"], ["--check"]:
        done = config(tmp_path, text, *options)
        assert done.returncode == 0
        assert "hunter2" not in done.stdout + done.stderr
    assert "db = (hidden)" in config(tmp_path, text).stdout
    done = config(tmp_path, text, env={"LATCHKEYD_DB": "password=hunter3"})
    assert "LATCHKEYD_DB" in done.stdout and "hunter3" not in done.stdout


def test_check_names_every_fault_with_its_line(tmp_path):
    assert config(tmp_path, example(), "--check").returncode == 0
    text = example(issuer="http://id.example.com", workers=0, mac_key=None,
        idp_acr="phr") + "prot = 1\n[more]\n"
    done = config(tmp_path, text, "--check",
        env={"LATCHKEYD_QEUE": "9", "LATCHKEYD_QUEUE": "many"})
    at = {line.partition(" =")[0]: i + 1
        for i, line in enumerate(text.splitlines())}
    assert done.returncode == 1 and done.stdout == ""
    for fault in (
            f":{at['issuer']}: issuer: \"http://id.example.com\" is not an "
                "https URL without a final slash",
            f":{at['workers']}: workers: \"0\" is not a number from 1 to "
                "256",
            f":{at['prot']}: unknown key \"prot\"; did you mean \"port\"?",
            f":{at['prot'] + 1}: [more]: there are no sections",
            "environment: LATCHKEYD_QUEUE: queue: \"many\" is not a number",
            "unknown variable LATCHKEYD_QEUE; did you mean LATCHKEYD_QUEUE?",
            "\"mac_key\" must be set",
            "\"idp_acr\" does nothing unless \"idp_issuer\" is set"):
        assert fault in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 8


def test_environment_alone_is_enough():
    lines = re.findall(r"^([a-z_]+) = (.*)$", example(), re.M)
    env = {f"LATCHKEYD_{key.upper()}": value for key, value in lines}
    assert "queue = 1024" in run(DAEMON, "config", "--config", "/dev/null",
        env=env)


def test_version():
    assert run(DAEMON, "--version").startswith("latchkeyd ")


@pytest.mark.parametrize("arguments, wrong", [
    ([], None), (["--config"], None), (["serve"], "serve"),
    (["--config", "a", "b"], "b"), (["--nonsense", "x"], "--nonsense"),
    (["config"], None), (["config", "--config"], None),
    (["config", "--example", "--config", "a"], None),
    (["config", "--yaml", "--config", "a"], "--yaml")])
def test_wrong_usage_is_2(arguments, wrong):
    done = subprocess.run([DAEMON, *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    named = f'latchkeyd: unknown "{wrong}"\n' if wrong else ""
    assert done.stderr.startswith(f"{named}usage: "), done.stderr


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


def test_hangup_ends_nothing(stack):
    """Who sends SIGHUP to a service expects it to go on."""
    stack.process.popen.send_signal(signal.SIGHUP)
    until(lambda: "event=hangup" in stack.log())
    socket.create_connection(("127.0.0.1", stack.port), 60).close()


def test_absent_address_beside_another_is_passed_over(make_stack):
    stack = make_stack(listen="192.0.2.1,127.0.0.1")
    socket.create_connection(("127.0.0.1", stack.port), 60).close()


@pytest.mark.parametrize("settings,reason", [
    ({"proxy_listen": "127.0.0.1"}, "proxy_certs: to be set"),
    ({"proxy_listen": "/tmp/x", "proxy_certs": "/x"}, "proxy_certs: to be"),
    ({"proxy_listen": "127.0.0.1", "proxy_certs": "/dev/null"},
        "/dev/null: expected at most 8 certificates")])
def test_h2_settings_that_would_believe_any_proxy_stop_the_start(
        make_stack, settings, reason):
    stack = make_stack()
    stack.stop()
    stack.settings.update(settings)
    config = stack.dir / "latchkeyd.conf"
    config.write_text("".join(f"{k} = {v}\n"
        for k, v in stack.settings.items()))
    done = subprocess.run([DAEMON, "--config", config], capture_output=True,
        text=True)
    assert done.returncode == 1 and reason in done.stderr
