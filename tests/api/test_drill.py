"""The rehearsal of a revocation, on a running system with real devices."""

import json

import pytest

from harness.http import expect

MARKS = ["answered", "session cut", "reconnect refused", "OCSP revoked",
    "status revoked", "renewal refused", "enrollment refused", "last of them"]


@pytest.fixture
def drill(cli, broker, tmp_path):
    def run(*argv, **env):
        return cli("drill", "revoke", "--dir", tmp_path / "drill", *argv,
            env={"MQTT_URL": f"mqtts://localhost:{broker.port}", **env})

    return run


def devices_of(operator):
    return expect(operator.call("GET",
        "/devices?manufacturer=latchkey-drill"), 200).json()["devices"]


def test_drill_revokes_its_own_devices_alone_and_cleans_up(drill, operator,
        enrolled, database, tmp_path):
    code, out, err = drill("--count", 7, "--json", "--within", 600000)
    assert code == 0, out + err
    report = json.loads(out)
    assert (report["devices"], report["late"], report["let_in"]) == (7, 0, 0)
    assert [t["until"] for t in report["times"]] == MARKS
    for t in report["times"]:
        assert 0 < t["p50_us"] <= t["p90_us"] <= t["p99_us"] <= t["max_us"]
    assert report["times"][-1]["max_us"] == max(
        t["max_us"] for t in report["times"])
    drilled = devices_of(operator)
    assert len(drilled) == 7
    assert all(d["revoked"] and d["decommissioned"] for d in drilled)
    assert sorted(p.name for p in (tmp_path / "drill").iterdir()) == ["maker"]
    # The rest of the world is as it was.
    assert database.value("SELECT count(*) FROM revocation") == 14
    expect(enrolled.renew(), 200)


def test_drill_fails_when_its_bar_is_missed(drill, operator):
    code, out, err = drill("--count", 2, "--within", 1)
    assert code == 1 and "2 of 2 devices took longer than 1 ms" in err, err
    assert out.splitlines()[0].split()[-4:] == ["p50", "p90", "p99", "max"]
    assert "2 devices revoked, tried and decommissioned" in out
    # What it leaves when it cannot go on is ended as well.
    code, out, err = drill("--count", 2, MQTT_URL="mqtts://localhost:1")
    assert code == 1 and "Connection refused" in err, err
    drilled = devices_of(operator)
    assert len(drilled) == 3
    assert all(d["decommissioned"] for d in drilled)


def test_drill_ends_what_an_earlier_one_left(drill, operator, database):
    assert drill("--count", 1)[0] == 0
    database.query("UPDATE birth SET decommissioned_at = NULL, "
        "revoked_at = NULL WHERE manufacturer_id = 'latchkey-drill'")
    assert not devices_of(operator)[0]["decommissioned"]
    assert drill("--count", 1)[0] == 0
    assert [d["decommissioned"] for d in devices_of(operator)] == [True] * 2
