"""What one operator cannot do alone (SECURITY.md H4)."""

import concurrent.futures
import json
import os
import subprocess
import uuid

import psycopg2
import pytest

from api.test_operators import acting, bound
from api.test_trust import add_crl, make_crl
from harness.crypto import b64u, new_key, spki_pem
from harness.http import expect
from harness.players import Maker
from harness.process import BUILD, run, until


@pytest.fixture
def guarded(make_stack):
    """A service with its defaults, but for the few units of one operator."""
    return make_stack(unbound_tokens="no", second_operator="yes",
        revoke_alone="2")


@pytest.fixture
def people(guarded, workdir):
    """make(name) -> that operator, with a new key."""

    def make(name, *scopes, **options):
        directory = workdir / str(uuid.uuid4())
        return acting(guarded, bound(guarded, directory, name,
            *[scopes] if scopes else []))

    return make


@pytest.fixture
def anna(people):
    return people("anna")


@pytest.fixture
def ben(people):
    return people("ben")


def token_id(operator):
    return operator.token.split("_")[1]


def propose_anchor(operator, maker):
    expect(operator.call("PUT", f"/manufacturers/{maker.id}",
        json={"name": maker.id}), 200, 201)
    answer = expect(operator.call("POST",
        f"/manufacturers/{maker.id}/anchors",
        json={"certificate": maker.anchor_pem}), 202)
    proposal = answer.json()
    assert answer.headers["Location"].endswith(proposal["id"])
    assert proposal["state"] == "pending"
    return proposal


def anchors(operator, maker):
    return expect(operator.call("GET", f"/manufacturers/{maker.id}/anchors"),
        200).json()["anchors"]


def confirm(operator, proposal, **changes):
    return operator.call("POST", f"/proposals/{proposal['id']}/confirmation",
        json={"sha256": proposal["sha256"], **changes})


def state(operator, proposal):
    return expect(operator.call("GET", f"/proposals/{proposal['id']}"),
        200).json()["state"]


def refused(answer, status, code):
    assert expect(answer, status).json()["type"].endswith(code), answer.text


def kinds(operator, *wanted):
    return [e for e in operator.events() if e["kind"] in wanted]


def test_a_thief_of_one_operators_token_adds_no_anchor(guarded, people, anna,
        ben, workdir):
    maker = Maker()
    proposal = propose_anchor(anna, maker)
    assert maker.id in proposal["summary"]
    assert anchors(anna, maker) == []
    # A repeat is the same proposal.
    again = expect(anna.call("POST", f"/manufacturers/{maker.id}/anchors",
        json={"certificate": maker.anchor_pem}), 202).json()
    assert again == proposal
    # Neither the same token, nor another of the same person, nor the same
    # certificate under another name.
    cert = anna.http.session.cert[0]
    other_name = guarded.cli("token", "add", "carol", "--scopes", "registry",
        "--cert", cert).split()[0]
    alias = acting(guarded, {"LATCHKEY_ADMIN_TOKEN": other_name,
        "LATCHKEY_CERT": cert, "LATCHKEY_KEY": anna.http.session.cert[1]})
    for same in anna, people("anna"), alias:
        refused(confirm(same, proposal), 403, "same-operator")
    # Nor another operator who may not do such things at all.
    refused(confirm(people("dora", "lift"), proposal), 403, "scope")
    assert anchors(anna, maker) == [] and state(anna, proposal) == "pending"
    # Another operator does it, and both stand in the events.
    expect(confirm(ben, proposal), 201)
    assert len(anchors(anna, maker)) == 1
    told = kinds(anna, "anchor.added", "proposal.confirmed")
    assert len(told) == 2
    assert {(e["admin_token_id"], e["second_token_id"]) for e in told} == {
        (token_id(anna), token_id(ben))}
    assert len({e["request_id"] for e in told}) == 1


def test_a_proposal_is_done_once(people, anna, ben):
    maker = Maker()
    proposal = propose_anchor(anna, maker)
    carol = people("carol")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answers = [a.result() for a in [pool.submit(confirm, who, proposal)
            for who in (ben, carol)]]
    assert 201 in [a.status_code for a in answers]
    assert {a.status_code for a in answers} <= {200, 201, 409}
    assert len(anchors(anna, maker)) == 1
    assert len(kinds(anna, "anchor.added")) == 1
    assert len(kinds(anna, "proposal.confirmed")) == 1
    # Who confirmed may have lost the answer; undone, it is not done again.
    first = ben if answers[0].status_code == 201 else carol
    expect(confirm(first, proposal), 200)
    (anchor,) = anchors(anna, maker)
    expect(anna.call("DELETE",
        f"/manufacturers/{maker.id}/anchors/{anchor['id']}"), 204)
    for who in ben, carol:
        refused(confirm(who, proposal), 409, "proposal-over")
    assert anchors(anna, maker) == []


def test_what_is_confirmed_is_what_was_shown(anna, ben, database):
    shown, other = Maker("shown", "m1"), Maker("other", "m2")
    proposal, hidden = (propose_anchor(anna, m) for m in (shown, other))
    refused(confirm(ben, proposal, sha256=hidden["sha256"]), 409,
        "proposal-changed")
    # Whoever has the service's role cannot exchange the content, and who can
    # has not the key that it is sealed with.
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        database.query("UPDATE proposal SET path = '/x'", role="service")
    database.query("UPDATE proposal p SET sealed = o.sealed FROM proposal o "
        "WHERE p.id = %s AND o.id = %s", (proposal["id"], hidden["id"]))
    refused(confirm(ben, proposal), 409, "proposal-changed")
    database.query("UPDATE proposal SET path = replace(path, 'other', "
        "'shown') WHERE id = %s", (hidden["id"],))
    refused(confirm(ben, hidden), 409, "proposal-changed")
    assert anchors(anna, shown) == anchors(anna, other) == []


def test_a_secret_anchor_is_not_in_the_database_in_clear(anna, ben, database):
    expect(anna.call("PUT", "/manufacturers/acme", json={"name": "A"}), 201)
    secret = os.urandom(32)
    proposal = expect(anna.call("POST", "/manufacturers/acme/anchors",
        json={"secret": b64u(secret), "key_id": "01"}), 202).json()
    assert database.query("SELECT count(*) FROM proposal WHERE "
        "position(%s in sealed) > 0 OR position(%s in sealed) > 0",
        (secret, b64u(secret).encode())) == [(0,)]
    expect(confirm(ben, proposal), 201)


def test_a_proposal_ends(guarded, anna, ben, people, database):
    makers = [Maker(f"m{i}", f"model-{i}") for i in range(3)]
    late, taken_back, orphan = (propose_anchor(anna, m) for m in makers)
    database.query("UPDATE proposal SET created_at = now() - interval '2 "
        "days', expires_at = now() - interval '1 day' WHERE id = %s",
        (late["id"],))
    assert state(anna, late) == "expired"
    refused(confirm(ben, late), 409, "proposal-over")
    expect(ben.call("DELETE", f"/proposals/{taken_back['id']}"), 204)
    expect(ben.call("DELETE", f"/proposals/{taken_back['id']}"), 204)
    assert state(anna, taken_back) == "withdrawn"
    refused(confirm(ben, taken_back), 409, "proposal-over")
    # The thief is found out: nothing of what they proposed is done any more.
    guarded.cli("token", "withdraw", token_id(anna))
    refused(confirm(ben, orphan), 409, "proposal-over")
    for maker in makers:
        assert anchors(ben, maker) == []
    # What has expired may be proposed anew.
    again = propose_anchor(people("anna"), makers[0])
    assert again["id"] != late["id"]
    expect(confirm(ben, again), 201)


def test_lifting_takes_two(guarded, anna, ben, enrolled):
    device = f"/devices/{enrolled.id}"
    expect(anna.quarantine(enrolled.id), 200)
    proposal = expect(anna.lift(enrolled.id), 202).json()

    def quarantined():
        return expect(anna.call("GET", device), 200).json()["quarantined"]

    assert quarantined()
    expect(confirm(ben, proposal), 200)
    assert not quarantined()
    # Confirmed once: a new quarantine is not lifted by it.
    expect(anna.quarantine(enrolled.id, "again"), 200)
    refused(confirm(ben, proposal), 409, "proposal-over")
    assert quarantined()
    # A set is lifted by two as well, and its devices' events say so.
    chosen = {"action": "lift", "reason": "fixed",
        "model": enrolled.maker.model}
    proposal = expect(anna.call("PUT", f"/sets/{uuid.uuid4()}",
        json={**chosen, "count": 1}), 202).json()
    expect(confirm(ben, proposal), 200)
    until(lambda: not quarantined())
    lifted = kinds(anna, "device.lifted")
    assert [(e["admin_token_id"], e["second_token_id"]) for e in lifted] == [
        (token_id(anna), token_id(ben))] * 2


def test_revoking_many_takes_two_however_it_is_cut(people, anna, ben,
        enrolled):
    def revoke(operator):
        return operator.call("POST", f"/certificates/{uuid.uuid4().hex[:30]}"
            "/revoke", json={"reason": "keyCompromise", "preemptive": True})

    # Two of a day are one operator's, whatever token: the third is not.
    expect(revoke(anna), 200)
    again = people("anna")
    expect(revoke(again), 200)
    third = expect(revoke(again), 202).json()
    expect(revoke(anna), 202)
    expect(anna.revoke(enrolled.id), 202)
    expect(revoke(ben), 200)
    expect(confirm(ben, third), 200)
    # A set counts as many as it has.
    chosen = {"action": "revoke", "reason": "superseded",
        "model": enrolled.maker.model}
    proposal = expect(ben.call("PUT", f"/sets/{uuid.uuid4()}",
        json={**chosen, "count": 3}), 202).json()
    assert "revoke 3 units" in proposal["summary"]
    assert state(ben, proposal) == "pending"
    expect(ben.call("PUT", f"/sets/{uuid.uuid4()}",
        json={**chosen, "count": 1}), 200)


def test_commands_propose_and_confirm(guarded, workdir):
    anna, ben = (bound(guarded, workdir / name, name)
        for name in ("anna", "ben"))
    (workdir / "root.pem").write_text(Maker().anchor_pem)
    env = {"LATCHKEY_URL": guarded.url, "LATCHKEY_CA": guarded.material.ca}
    guarded.cli("manufacturer", "add", "acme", "--name", "Acme", env=anna)
    done = subprocess.run([BUILD / "latchkey", "anchor", "add", "acme",
        "--certificate", workdir / "root.pem"], env={**os.environ, **anna,
        **env}, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3, done.stderr
    proposal = done.stderr.split()[-1]
    assert "latchkey proposal confirm " + proposal in done.stderr
    assert proposal in guarded.cli("proposal", "list", env=ben)
    assert "acme" in guarded.cli("proposal", "show", proposal, env=ben)
    with pytest.raises(AssertionError, match="exited with 1"):
        guarded.cli("proposal", "confirm", proposal, env=ben, input="n\n")
    guarded.cli("proposal", "confirm", proposal, "--yes", env=ben)
    assert "confirmed" in guarded.cli("proposal", "list", env=anna)
    with pytest.raises(AssertionError, match="exited with 1"):
        guarded.cli("proposal", "withdraw", proposal, env=ben)


def test_no_call_of_operators_makes_or_moves_an_ownership(stack, operator,
        maker, owner, enrolled, device, database):
    """Every call that changes anything, as far as its own content goes."""
    other = operator.add_owner("Eve")
    spare, unit = Maker("spare", "spare-1"), str(uuid.uuid4())
    bodies = {
        "manufacturers/{id}": {"name": "Acme"},
        "anchors": {"certificate": spare.anchor_pem},
        "models/{id}": {"manufacturer": maker.id, "name": "Lamp",
            "client_id": maker.client_id},
        "owners": {"name": "Mallory", "app_key": spki_pem(new_key())},
        "revoke": {"reason": "superseded"}, "decommission": {},
        "quarantine": {"reason": "odd"}, "lift": {},
        "count": {"action": "quarantine", "reason": "odd",
            "model": maker.model},
        "sets/{id}": {"action": "quarantine", "reason": "odd",
            "model": maker.model, "count": 1},
        "labels/{name}": {"owner": "no"},
        "services/{name}": {"publish": [], "subscribe": []},
        "bootstrap-tokens": {"label": maker.model, "count": 1},
    }
    before = set(database.query("SELECT id, owner_id FROM device WHERE "
        "state = 'owned'"))
    assert before == {(enrolled.id, owner.id)}
    calls = 0
    for route in sorted(json.loads(run(BUILD / "latchkeyd", "routes")),
            key=lambda r: r["method"] == "DELETE"):
        if route["who"] != "admin" or route["method"] == "GET":
            continue
        path = route["path"].removeprefix("/v1/admin")
        words = {"manufacturers": maker.id, "models": maker.model,
            "owners": other.id, "devices": enrolled.id,
            "certificates": enrolled.serial_number.hex()}
        body = next((b for end, b in bodies.items() if path.endswith(end)),
            {})
        path = path.replace("{id}", words.get(path.split("/")[1], unit))
        path = path.replace("{serial}", words["certificates"]).replace(
            "{", "").replace("}", "")
        answer = operator.http.session.request(route["method"], stack.url
            + "/v1/admin" + path, timeout=300, headers={
                "Authorization": f"Bearer {operator.token}", **({
                "Content-Type": "text/csv" if route["body"] == "allowlist"
                else "application/json"} if route["body"] != "none" else {})},
            data=None if route["body"] == "none" else json.dumps(body))
        assert answer.status_code not in (401, 403, 405, 413, 415, 500), (
            route, answer.text)
        calls += answer.ok
        after = set(database.query("SELECT id, owner_id FROM device WHERE "
            "state = 'owned'"))
        assert after <= before, (route, after)
    assert calls > 12
    assert database.query("SELECT count(*) FROM approval WHERE state IN "
        "('pending', 'approved')") == [(0,)]


def test_what_loosens_trust_in_a_maker_takes_two(anna, ben):
    maker = Maker()
    path = f"/manufacturers/{maker.id}"
    expect(confirm(ben, propose_anchor(anna, maker)), 201)
    # To freeze one, and to rename it while it is, is one operator's.
    expect(anna.call("PUT", path, json={"name": "A", "frozen": True}), 200)
    expect(anna.call("PUT", path, json={"name": "B"}), 200)
    proposal = expect(anna.call("PUT", path, json={"name": "C",
        "frozen": False}), 202).json()

    def maker_now():
        now = expect(anna.call("GET", path), 200).json()
        return now["name"], now["frozen"]

    assert maker_now() == ("B", True)
    expect(confirm(ben, proposal), 200)
    assert maker_now() == ("C", False)
    expect(anna.call("PUT", path, json={"name": "C", "frozen": False}), 200)
    # A list comes by one operator, and goes by two.
    expect(add_crl(anna, maker, make_crl(maker)), 201)
    (crl,) = expect(anna.call("GET", f"{path}/crls"), 200).json()["crls"]
    proposal = expect(anna.call("DELETE", f"{path}/crls/{crl['id']}"),
        202).json()
    assert crl["id"] in proposal["summary"]
    assert expect(anna.call("GET", f"{path}/crls"), 200).json()["crls"]
    expect(confirm(ben, proposal), 204)
    assert not expect(anna.call("GET", f"{path}/crls"), 200).json()["crls"]


def test_pending_proposals_are_bounded_and_old_ones_go(guarded, people, anna,
        ben, database):
    def propose(operator, i):
        return operator.call("POST", f"/certificates/{16 ** 29 + i:x}/revoke",
            json={"reason": "keyCompromise", "preemptive": True})

    for i in range(2):
        expect(propose(anna, i), 200)  # what one does alone
    first = expect(propose(anna, 2), 202).json()
    for i in range(3, 22):
        expect(propose(anna, i), 202)
    # By whatever token; a repeat is none more, and others have theirs.
    again = people("anna")
    refused(propose(again, 22), 409, "too-many-proposals")
    assert expect(propose(anna, 2), 202).json()["id"] == first["id"]
    propose_anchor(ben, Maker())
    expect(anna.call("DELETE", f"/proposals/{first['id']}"), 204)
    expect(propose(again, 22), 202)
    # Four weeks after their end they are deleted; what is pending stays.
    database.query("UPDATE proposal SET expires_at = now() - interval '29 "
        "days', decided_at = decided_at - interval '27 days' "
        "WHERE id = %s", (first["id"],))
    guarded.cli("maintain")
    assert state(anna, first) == "withdrawn"
    database.query("UPDATE proposal SET decided_at = now() - interval '29 "
        "days' WHERE id = %s", (first["id"],))
    assert "1 old proposals deleted" in guarded.cli("maintain")
    expect(anna.call("GET", f"/proposals/{first['id']}"), 404)
    assert database.value("SELECT count(*) FROM proposal WHERE state = "
        "'pending'") == 21
