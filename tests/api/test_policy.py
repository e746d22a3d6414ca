"""Policies of models: versions, who changed them, and their command line."""

import json
import pathlib
import re
import secrets

import pytest

from harness.crypto import b64u
from harness.evidence import cbor_map, number, text
from harness.http import expect
from harness.players import Maker

from test_attest_handle import Unit
from vectors.common import cbor_bytes, cbor_head


ENDORSED = (pathlib.Path(__file__).parent.parent /
    "vectors/psa-token/endorsements")
EAT = pathlib.Path(__file__).parent.parent / "vectors/eat"
SOFT = {"evidence": {"min_grade": "software"}}
HARD = {"evidence": {"min_grade": "hardware"}}


@pytest.fixture
def maker(operator):
    maker = Maker()
    operator.register(maker)
    return maker


def problem(answer, status, code):
    kind = expect(answer, status).json()["type"]
    assert kind == f"urn:latchkey:error:{code}"


def put(operator, maker, policy, etag=None):
    return operator.call("PUT", f"/models/{maker.model}/policy",
        json={"policy": policy}, headers={"If-Match": etag} if etag else {})


def get(operator, maker, rest=""):
    return operator.call("GET", f"/models/{maker.model}/policy{rest}")


def test_every_member_is_described():
    root = pathlib.Path(__file__).parent.parent.parent
    docs = (root / "docs/attestation.md").read_text()
    source = (root / "server/attest/policy_json.c").read_text()
    fields = source[source.index("text_fields[]"):]
    fields = fields[:fields.index("JSON_END")]
    members = re.findall(r"text,\s+(\w+)[,)]|\{ \"(\w+)\"", fields)
    members = {a or b for a, b in members} | set(re.findall(
        r"(?:enrollment_policy|policy), (\w+),",
        (root / "server/codec/policy.c").read_text()))
    assert len(members) > 30
    assert {m for m in members if f"`{m}`" not in docs} == set()


def test_each_change_is_a_version_that_says_who_made_it(operator, maker):
    first = expect(get(operator, maker), 200)
    assert first.json()["policy"] == {} and first.headers["ETag"] == '"1"'
    second = expect(put(operator, maker, SOFT), 200).json()
    assert second["version"] == 2 and second["changed_by"]
    # the same again is no change
    assert expect(put(operator, maker, SOFT), 200).json() == second
    events = [e for e in operator.events()
        if e["kind"] == "model.policy_changed"]
    assert [(e["detail"], e["admin_token_id"]) for e in events] == [
        (f"{maker.model}, version 2", second["changed_by"])]

    # a model that is changed otherwise keeps it
    expect(operator.call("PUT", f"/models/{maker.model}", json={
        "manufacturer": maker.id, "name": "other",
        "client_id": maker.client_id}), 200)
    model = expect(operator.call("GET", f"/models/{maker.model}"), 200).json()
    assert (model["policy"], model["policy_version"]) == (SOFT, 2)
    listed = expect(operator.call("GET", "/models"), 200).json()["models"]
    assert [(m["policy"], m["policy_version"]) for m in listed] == [({}, 2)]

    page = expect(get(operator, maker, "/versions?limit=1"), 200).json()
    assert [v["version"] for v in page["versions"]] == [2]
    page = expect(get(operator, maker,
        f"/versions?limit=1&after={page['next']}"), 200).json()
    assert [v["version"] for v in page["versions"]] == [1]
    assert expect(get(operator, maker, "/versions/1"),
        200).json()["policy"] == {}
    for version in ("3", "0", "x", "9" * 30):
        expect(get(operator, maker, f"/versions/{version}"), 404)
    expect(operator.call("GET", "/models/nobody/policy"), 404)
    expect(operator.call("GET", "/models/nobody/policy/versions"), 404)


def test_a_change_of_what_was_read_before_another_is_412(operator, maker):
    etag = expect(get(operator, maker), 200).headers["ETag"]
    expect(put(operator, maker, SOFT, etag), 200)
    problem(put(operator, maker, HARD, etag), 412, "policy-changed")
    assert expect(get(operator, maker), 200).json()["policy"] == SOFT
    expect(put(operator, maker, HARD, "*"), 200)
    for broken in ("2", '"0"', 'W/"2"', '"2', '"x"'):
        problem(put(operator, maker, SOFT, broken), 400, "bad-if-match")


@pytest.mark.parametrize("policy", [
    {"other": 1}, {"evidence": {"min_grade": "high"}},
    {"evidence": {"endorsements": ["AAAA"]}}, [], "x",
    {"evidence": {"measurements": [{"value": "00" * 32}
        for _ in range(2049)]}}])
def test_one_that_nobody_can_apply_is_400(operator, maker, policy):
    assert expect(put(operator, maker, policy), 400).json()["detail"]
    assert expect(get(operator, maker), 200).json()["version"] == 1


def test_reference_values_may_be_long_and_are_added_to_it(operator, maker):
    values = [{"type": "x" * 190, "value": f"{n:064x}",
        "signer_id": f"{n:0128x}"} for n in range(20)]
    expect(put(operator, maker, {"evidence": {"measurements": values,
        "endorsements": []}}), 200)
    file = next(ENDORSED.glob("*.cbor")).read_bytes()
    policy = expect(operator.call("POST",
        f"/models/{maker.model}/policy/endorsements",
        json={"file": b64u(file)}), 200).json()["policy"]["evidence"]
    assert policy["endorsements"] == [b64u(file)]
    assert len(policy["measurements"]) == 20
    expect(operator.call("POST",
        f"/models/{maker.model}/policy/endorsements",
        json={"file": b64u(b"not reference values")}), 400)
    expect(put(operator, maker, {"evidence": {"profiles":
        ["x" * 256] * 300}}), 400, 413)


def comid(*digests):
    """Components of one implementation in a CoMID, as PSA has them."""
    tag = lambda n, item: cbor_head(6, n) + item
    array = lambda *items: cbor_head(4, len(items)) + b"".join(items)
    env = cbor_map({0: cbor_map({0: tag(600, cbor_bytes(bytes(32)))})})
    values = [cbor_map({0: tag(601, cbor_map({1: text("PRoT"),
        5: cbor_bytes(bytes(32))})), 1: cbor_map({2: array(array(number(1),
            cbor_bytes(d)))})}) for d in digests]
    return tag(506, cbor_map({4: cbor_map({0: array(array(env,
        array(*values)))})}))


def test_a_thousand_reference_values_are_imported_and_count(
        stack, operator, maker, database):
    unit = Unit(stack, maker)
    unit.list(operator)

    def endorse(*digests):
        return operator.call("POST",
            f"/models/{maker.model}/policy/endorsements",
            json={"file": b64u(comid(*digests))})

    expect(endorse(*(secrets.token_bytes(32) for _ in range(1000))), 200)
    expect(unit.attest(), 403)
    assert "measurement" in operator.events()[-1]["detail"]
    made = expect(endorse(*(secrets.token_bytes(32) for _ in range(999)),
        bytes(32)), 200).json()  # what it measures
    expect(unit.attest(), 200)
    expect(unit.enroll_by_handle(), 202)
    # Judged again under a version that is as long, without new evidence
    expect(put(operator, maker, {"evidence": {**made["policy"]["evidence"],
        "min_version": "1.0.0"}}), 200)
    expect(unit.enroll_by_handle(), 202)
    got = expect(operator.call("GET", f"/models/{maker.model}"), 200).json()
    assert len(got["policy"]["evidence"]["endorsements"]) == 2
    expect(endorse(*(secrets.token_bytes(32) for _ in range(49))), 400)
    expect(unit.attest(), 200)


def test_the_command_line_sets_shows_and_endorses(
        cli, operator, maker, tmp_path):
    (tmp_path / "policy").write_text(json.dumps(SOFT))
    code, out, err = cli("model", "policy", "set", maker.model,
        tmp_path / "policy", "--version", "1")
    assert (code, err) == (0, "") and "version 2" in out
    code, _, err = cli("model", "policy", "set", maker.model,
        tmp_path / "policy", "--version", "1")
    assert code == 1 and "412" in err
    code, out, _ = cli("model", "policy", "show", maker.model, "--json")
    assert code == 0 and json.loads(out)["policy"] == SOFT
    code, out, _ = cli("model", "policy", "show", maker.model, "--version",
        "1", "--json")
    assert code == 0 and json.loads(out)["policy"] == {}
    code, out, _ = cli("model", "policy", "endorse", maker.model,
        next(ENDORSED.glob("*.cbor")))
    assert code == 0 and "version 3" in out
    code, out, _ = cli("model", "policy", "versions", maker.model, "--json")
    assert code == 0
    assert [v["version"] for v in json.loads(out)["versions"]] == [3, 2, 1]
    (tmp_path / "policy").write_text("no JSON")
    code, _, err = cli("model", "policy", "set", maker.model,
        tmp_path / "policy")
    assert code == 1 and err


def test_the_verdict_is_shown_before_a_policy_is_set(
        cli, operator, maker, tmp_path):
    pem = (EAT / "keys/eat-test.pub.pem").read_text()
    key = expect(operator.call("POST", f"/manufacturers/{maker.id}/anchors",
        json={"public_key": pem}), 201).json()
    expect(put(operator, maker, {"evidence": {"oem_id": "88124e"}}), 200)
    (tmp_path / "policy").write_text(json.dumps(
        {"evidence": {"min_version": "2.7.0"}}))
    given = ["model", "policy", "test", EAT / "tokens/device-fw-old.cbor",
        "--format", "eat", "--nonce", "88b20f5b9fc0bc8f7685bbc0aabbccdd",
        "--model", maker.model]
    code, out, err = cli(*given)
    assert code == 0 and json.loads(out)["accepted"], err
    assert json.loads(out)["grade"] == "software"
    # What the maker says of the key counts, and until when it may sign.
    for changed, ends, grade in (({"in_hardware": True}, 0, "hardware"),
            ({"valid_until": "2020-01-01T00:00:00Z"}, 1, None)):
        expect(operator.call("DELETE", f"/manufacturers/{maker.id}/anchors/"
            f"{key['id']}"), 204)
        key = expect(operator.call("POST",
            f"/manufacturers/{maker.id}/anchors",
            json={"public_key": pem, **changed}), 201).json()
        code, out, err = cli(*given)
        assert code == ends, err
        assert grade is None or json.loads(out)["grade"] == grade
    expect(operator.call("DELETE", f"/manufacturers/{maker.id}/anchors/"
        f"{key['id']}"), 204)
    expect(operator.call("POST", f"/manufacturers/{maker.id}/anchors",
        json={"public_key": pem}), 201)
    code, out, err = cli(*given, "--policy", tmp_path / "policy")
    assert code == 1 and "older than 2.7.0" in err
    assert json.loads(out)["findings"][0]["code"] == "sw-version"
    (tmp_path / "policy").write_text('{"unknown": 1}')
    assert cli(*given, "--policy", tmp_path / "policy")[0] == 2
    assert cli(*given[:-1], "nobody")[0] == 2
    assert cli(*given[:-2])[0] == 2
