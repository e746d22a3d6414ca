"""The command line: help, wrong command lines, what it prints and how it
ends."""

import json
import re

import pytest

from harness.http import expect
from harness.players import Maker
from harness.process import latchkey

def commands():
    """Every command that the help lists, without its arguments."""
    _, out, _ = latchkey("--help")
    found = re.findall(r"^  ([a-z]+(?: [a-z]+)*)", out, re.M)
    assert "init" in found and "device revoke" in found, out
    return found


def test_help_lists_commands_and_each_has_its_own_help():
    for command in commands():
        for argv in (["help", *command.split()],
                [*command.split(), "--help"]):
            code, out, err = latchkey(*argv)
            assert (code, err) == (0, ""), (argv, err)
            assert out.startswith(f"usage: latchkey {command}"), out


def test_help_of_a_noun_shows_all_its_verbs():
    code, out, _ = latchkey("help", "device")
    assert code == 0
    for verb in ("list", "show", "revoke", "quarantine", "lift"):
        assert f"usage: latchkey device {verb}" in out


def test_version():
    code, out, _ = latchkey("--version")
    assert code == 0 and re.fullmatch(r"latchkey \d+\.\d+\.\d+\n", out)


@pytest.mark.parametrize("argv, hint", [
    ([], ""),
    (["--nosuch"], "latchkey --help"),
    (["divice", "list"], 'did you mean "device"?'),
    (["foo"], 'unknown command "foo"; see'),
    (["frobnicate"], "latchkey --help"),
    (["device"], "latchkey help device"),
    (["device", "lst"], "latchkey help device"),
    (["device", "list", "--limt", "3"], "did you mean --limit?"),
    (["device", "list", "--zebra"], "latchkey help device list"),
    (["device", "list", "-x"], "options are words"),
    (["device", "list", "--limit"], "--limit needs N"),
    (["device", "list", "--json=yes"], "--json takes no value"),
    (["device", "list", "more"], "usage: latchkey device list"),
    (["device", "show"], "usage: latchkey device show ID"),
    (["device", "revoke", "x"], "--reason TEXT must be given"),
    (["init", "--dir", "x"], "--root-dir DIR must be given"),
    (["help", "nosuch"], 'no command "nosuch"'),
    (["token", "add", "x", "--scopes", "root"], "--scopes takes"),
    (["token", "add", "x", "--scopes", "read", "--expires", "soon"],
        "--expires takes a time"),
    (["token", "add", "x", "--scopes", "read", "--once"],
        "--once needs --out FILE"),
    (["maintain", "--keep-events", "many"], "a number from 1"),
])
def test_wrong_command_line_exits_2_with_a_hint(argv, hint):
    code, out, err = latchkey(*argv)
    assert code == 2
    assert hint in err
    assert argv == [] or out == ""


def test_missing_environment_says_what_to_do():
    code, _, err = latchkey("device", "list")
    assert code == 1
    assert "LATCHKEY_URL is not set" in err and "latchkey.env" in err


def test_service_away_or_not_trusted_is_said(stack, database):
    env = {"LATCHKEY_URL": "https://localhost:1",
        "LATCHKEY_CA": str(stack.material.ca),
        "LATCHKEY_ADMIN_TOKEN": database.admin_token}
    code, _, err = latchkey("device", "list", env=env)
    assert code == 1 and "onnect" in err and "localhost:1" in err
    env.update(LATCHKEY_URL=stack.url,
        LATCHKEY_CA="/etc/ssl/certs/ca-certificates.crt")
    code, _, err = latchkey("device", "list", env=env)
    assert code == 1 and "certificate" in err


def test_recovery_from_a_place_that_is_not_there_is_no_recovery(cli,
        tmp_path):
    code, out, err = cli("recover", "--state", tmp_path, "--state",
        tmp_path / "sate")
    assert code == 1 and f"{tmp_path}/sate: there is no such" in err
    assert out == ""


def test_plain_http_is_refused(cli, stack):
    code, _, err = cli("device", "list",
        env={"LATCHKEY_URL": stack.url.replace("https", "http")})
    assert code == 1 and "http" in err


def test_refusal_shows_title_and_the_request_id_that_the_log_has(cli, stack):
    code, _, err = cli("device", "list",
        env={"LATCHKEY_ADMIN_TOKEN": "lk_wrong"})
    assert code == 1 and "refused (401)" in err
    request_id = re.search(r"request id ([0-9a-f-]{36})", err).group(1)
    assert request_id in stack.log()
    assert "(latchkey explain unauthenticated)" in err
    for name in ("unauthenticated", "urn:latchkey:error:unauthenticated"):
        code, out, _ = latchkey("explain", name)
        assert code == 0 and "The operator: `latchkey token add` makes" in out
    code, _, err = latchkey("explain", "no-such-code")
    assert code == 2 and "docs/attestation.md" in err


def test_init_refuses_to_overwrite(tmp_path):
    argv = ["init", "--dir", tmp_path / "pki", "--root-dir",
        tmp_path / "root", "--dns", "localhost", "--dns", "127.0.0.1"]
    assert latchkey(*argv)[0] == 0
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    for path in before:
        assert (path.stat().st_mode & 0o77 == 0) == (path.suffix == ".key")
    code, _, err = latchkey(*argv)
    assert code == 1 and "exists" in err
    after = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert before == after


def test_migrate_again_changes_nothing(cli):
    code, out, err = cli("migrate")
    assert (code, err) == (0, "")
    assert "0001_init.sql was there" in out and "applied" not in out
    assert "made" not in out


def test_token_is_made_used_listed_and_withdrawn(cli):
    code, out, _ = cli("token", "add", "night-shift", "--scopes", "read",
        "--expires", "12h")
    assert code == 0
    token = out.strip()
    token_id = token.split("_")[1]
    as_reader = {"LATCHKEY_ADMIN_TOKEN": token}
    assert cli("device", "list", env=as_reader)[0] == 0
    code, _, err = cli("manufacturer", "add", "acme", "--name", "Acme",
        env=as_reader)
    assert code == 1 and "refused (403)" in err
    assert re.search(rf"^{token_id} .* valid .*night-shift: read$",
        cli("token", "list")[1], re.M)
    assert cli("token", "withdraw", token_id)[0] == 0
    code, _, err = cli("device", "list", env=as_reader)
    assert code == 1 and "refused (401)" in err
    assert cli("token", "withdraw", "nosuch12")[0] == 1


def test_registry_is_written_and_read_back(cli, maker, tmp_path):
    assert cli("manufacturer", "freeze", maker.id)[0] == 0
    assert "frozen:              yes" in cli("manufacturer", "show",
        maker.id)[1]
    assert cli("manufacturer", "freeze", maker.id, "--off")[0] == 0
    assert "frozen:              no" in cli("manufacturer", "show",
        maker.id)[1]
    assert cli("model", "retire", maker.model)[0] == 0
    code, out, _ = cli("model", "show", maker.model, "--json")
    model = json.loads(out)
    assert code == 0 and model["status"] == "retired"
    assert model["client_id"] == maker.client_id
    rows = cli("anchor", "list", maker.id)[1].splitlines()
    assert len(rows) == 2
    assert cli("anchor", "remove", maker.id, rows[1].split()[0])[0] == 0
    assert "no anchors" in cli("anchor", "list", maker.id)[1]
    anchor = tmp_path / "anchor.crt"
    anchor.write_text("not a certificate\n")
    code, _, err = cli("anchor", "add", maker.id, "--certificate", anchor)
    assert code == 1 and "refused (400)" in err


def test_lists_say_how_they_go_on(cli, operator):
    """Or whoever has more than a page of something never sees the rest."""
    for name in ("one", "two"):
        operator.register(Maker(name, f"model-{name}"))
        operator.add_owner(name)
        operator.add_service(name)
        for path, body in ((f"/labels/{name}", {}), (f"/clients/{name}", {
                "name": name, "redirect_uris": [], "scope": "devices"})):
            expect(operator.call("PUT", path, json=body), 200, 201)
    for noun in "manufacturer", "model", "owner", "service", "client", "label":
        shown, more = [], []
        for _ in range(9):
            code, out, err = cli(noun, "list", "--limit", "1", *more)
            assert code == 0, err
            _, *rows = out.splitlines()
            if not rows:
                break
            shown.append(rows[0])
            if len(rows) == 1:
                break
            more = rows[1].removeprefix("more: ").split()
        assert len(shown) == len(set(shown)) == {"label": 4}.get(noun, 2), (
            noun, shown)
    assert "next" in json.loads(cli("label", "list", "--limit", "1",
        "--json")[1])
    assert "more" not in cli("label", "list")[1]


def test_import_names_bad_lines_and_is_all_or_nothing(cli, maker, tmp_path):
    births = tmp_path / "births.csv"
    births.write_text(f"serial,model\nA-1,{maker.model}\nA-2,nosuch\n"
        f",{maker.model}\n")
    code, out, err = cli("allowlist", "import", births, "--manufacturer",
        maker.id)
    assert code == 1 and out == ""
    assert "line 3: " in err and "line 4: " in err
    assert "nothing was imported" in err
    code, out, _ = cli("allowlist", "import", births, "--manufacturer",
        maker.id, "--skip-bad")
    assert code == 0 and "1 added, 0 unchanged, 2 bad" in out
    births = births.rename(tmp_path / "births.ndjson")
    births.write_text(json.dumps({"serial": "A-1", "model": maker.model}))
    code, out, _ = cli("allowlist", "import", births, "--manufacturer",
        maker.id)
    assert code == 0 and "0 added, 1 unchanged, 0 bad" in out
    code, _, err = cli("allowlist", "import", tmp_path / "nosuch",
        "--manufacturer", maker.id)
    assert code == 1 and "No such file" in err


def test_owner_approves_at_the_terminal(cli, device, tmp_path):
    key = tmp_path / "owner.key"
    code, out, err = cli("owner", "add", "Ada", "--key", key, "--new-key")
    assert code == 0, err
    assert key.stat().st_mode & 0o777 == 0o600
    owner = re.match(r"owner (\S+): Ada", out).group(1)
    code, _, err = cli("owner", "add", "Ada", "--key", key, "--new-key")
    assert code == 1 and "there already" in err
    assert device.authorize().ok
    argv = ["approve", device.grant["user_code"], "--owner", owner, "--key",
        key]
    code, out, err = cli(*argv, input="n\n")
    assert code == 1 and device.serial in out and "nothing decided" in err
    code, out, _ = cli(*argv, input="y\n")
    assert code == 0 and "approved: device " in out
    code, _, err = cli("approve", "BBBB-BBBB", "--owner", owner, "--key", key,
        "--yes")
    assert code == 1 and "refused (404)" in err


def test_device_is_listed_quarantined_lifted_revoked_and_audited(cli,
        enrolled):
    device_id = enrolled.id
    assert device_id in cli("device", "list")[1]
    assert cli("device", "quarantine", device_id, "--reason", "odd")[0] == 0
    assert "quarantined:         yes" in cli("device", "show", device_id)[1]
    assert cli("device", "lift", device_id)[0] == 0
    code, _, err = cli("device", "revoke", device_id, "--reason", "because")
    assert code == 1 and "keyCompromise" in err
    assert cli("device", "revoke", device_id, "--reason",
        "keyCompromise")[0] == 0
    assert "revoked:             yes" in cli("device", "show", device_id)[1]
    code, out, _ = cli("audit", "--device", device_id)
    for kind in ("device.quarantined", "device.lifted", "device.revoked"):
        assert code == 0 and kind in out


def test_service_gets_key_and_certificate(cli, tmp_path):
    topics = tmp_path / "topics"
    topics.write_text("# what it may\npublish devices/+/down/#\n\n"
        "subscribe  devices/+/up/# \n")
    argv = ["service", "add", "backend", "--topics", topics, "--out",
        tmp_path / "out"]
    code, _, err = cli(*argv)
    assert code == 0, err
    key, crt = (tmp_path / "out" / f"backend.{x}" for x in ("key", "crt"))
    assert key.stat().st_mode & 0o777 == 0o600
    first = key.read_bytes(), crt.read_bytes()
    assert first[1].count(b"BEGIN CERTIFICATE") == 2
    assert cli(*argv)[0] == 0
    assert key.read_bytes() == first[0] and crt.read_bytes() != first[1]
    assert "devices/+/down/#" in cli("service", "list")[1]
    assert cli("service", "remove", "backend")[0] == 0
    topics.write_text("read everything\n")
    code, _, err = cli(*argv)
    assert code == 1 and "line 1" in err


def test_demo_holds_twice_on_the_same_stack(cli, stack, broker, tmp_path):
    for run in ("first", "second"):
        code, out, err = cli("demo", "--dir", tmp_path / run,
            env={"MQTT_URL": f"mqtts://localhost:{broker.port}"})
        assert code == 0, out + err
        assert "open broker session cut after" in out
        assert out.splitlines()[-1].startswith("the main job holds")


def test_demo_fails_when_a_step_does_not_hold(cli, stack, tmp_path):
    code, out, err = cli("demo", "--dir", tmp_path / "demo",
        env={"MQTT_URL": "mqtts://localhost:1"})
    assert code == 1 and "Connection refused" in err
    assert "certificate issued" in out and "holds" not in out
