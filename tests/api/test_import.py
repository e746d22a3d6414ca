"""Allowlist imports: all or nothing, repeatable, told line by line."""

import hashlib
import json
import threading
import time
import uuid

import pytest

from harness.crypto import new_key, spki_sha256
from harness.http import expect
from harness.players import Maker
from harness.process import until

HEAD = "serial,key_sha256,model,batch,made_at,boot_test,claim_code_sha256\n"


@pytest.fixture
def acme(operator):
    maker = Maker()
    operator.register(maker)
    return maker


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def row(serial, model="lamp-1", key=None, code=None):
    claim = sha(f"{serial}:{code}") if code else ""
    return (f"{serial},{key or sha(serial)},{model},B7,2026-01-02,"
        f"passed,{claim}\n")


def put(operator, text, import_id=None, skip_bad=False, kind="text/csv"):
    return expect(operator.import_lines("acme", text, kind=kind,
        import_id=import_id, skip_bad=skip_bad), 200).json()


def counts(answer):
    return {k: answer[k] for k in ("state", "lines", "added", "unchanged",
        "bad")}


def births(operator, query=""):
    return expect(operator.call("GET", f"/manufacturers/acme/births{query}"),
        200).json()["births"]


def test_births_are_stored_as_the_maker_says(operator, acme):
    put(operator, HEAD + row("A-1", code="1234-5678"))
    (birth,) = births(operator)
    assert (birth["serial"], birth["model"]) == ("A-1", "lamp-1")
    assert birth["key_sha256"] == sha("A-1")
    assert birth["made_at"] == "2026-01-02T00:00:00Z"
    assert (birth["batch"], birth["boot_test"]) == ("B7", "passed")
    assert birth["claim_code"] is True


def test_csv_and_ndjson_say_the_same(operator, acme):
    put(operator, HEAD + row("A-1") + row("A-2"))
    lines = [{"serial": f"A-{i}", "key_sha256": sha(f"A-{i}"),
        "model": "lamp-1", "batch": "B7", "made_at": "2026-01-02",
        "boot_test": "passed"} for i in (1, 2)]
    answer = put(operator, "\n".join(map(json.dumps, lines)),
        kind="application/x-ndjson")
    assert counts(answer) == {"state": "done", "lines": 2, "added": 0,
        "unchanged": 2, "bad": 0}


def test_repeating_an_import_changes_nothing(operator, acme, database):
    text = HEAD + "".join(row(f"A-{i}", code="C") for i in range(50))
    one = uuid.uuid4()
    first = put(operator, text, one)
    assert counts(first) == {"state": "done", "lines": 50, "added": 50,
        "unchanged": 0, "bad": 0}
    assert put(operator, text, one) == first
    again = put(operator, text)
    assert counts(again) == {"state": "done", "lines": 50, "added": 0,
        "unchanged": 50, "bad": 0}
    assert database.query("SELECT count(*) FROM birth") == [(50,)]
    assert database.query("SELECT count(*) FROM import_line") == [(0,)]


def test_an_import_id_is_one_file(operator, acme):
    one = uuid.uuid4()
    put(operator, HEAD + row("A-1"), one)
    answer = operator.import_lines("acme", HEAD + row("A-2"), import_id=one)
    assert expect(answer, 409).json()["type"].endswith("import-id-used")


def test_a_used_claim_code_does_not_come_back(operator, acme, database):
    text = HEAD + row("A-1", code="C")
    put(operator, text)
    database.query("UPDATE birth SET claim_code_mac = NULL")
    assert put(operator, text)["unchanged"] == 1
    assert births(operator)[0]["claim_code"] is False


def test_claim_codes_are_stored_as_keyed_hashes_alone(operator, acme,
        database):
    put(operator, HEAD + row("A-1", code="1234"))
    ((dump,),) = database.query("SELECT string_agg(birth::text, '') "
        "FROM birth")
    assert sha("A-1:1234") not in dump and sha("1234") not in dump


BAD_LINES = [
    ("B-1", "model is unknown", row("B-1", model="nothing")),
    ("B-2", "serial repeated", row("B-2") + row("B-2", key=sha("x"))),
    ("B-3", "key repeated", row("B-3", key=sha("k")) +
        row("B-4", key=sha("k"))),
    ("", "nothing to know it by", ",,lamp-1,,,,\n"),
    ("", "too few fields", "B-5\n"),
    ("", "no hex", "B-6,zz,lamp-1,,,,\n"),
    ("", "control character", "B-7,,lamp-1,a\x07b,,,\n"),
    ("", "bad date", "B-8,,lamp-1,,2026-13-01,,\n"),
    ("", "open quote", '"B-9,,lamp-1,,,,\n'),
    ("", "too long", "B" * 20000 + ",,lamp-1,,,,\n"),
    ("", "claim code without serial",
        f",{sha('z')},lamp-1,,,,{sha('z:1')}\n"),
]


@pytest.mark.parametrize("lines", [b[2] for b in BAD_LINES],
    ids=[b[1] for b in BAD_LINES])
def test_a_bad_line_is_named_and_nothing_is_stored(operator, acme, lines):
    text = HEAD + row("A-1") + lines + row("A-2")
    answer = put(operator, text)
    assert (answer["state"], answer["added"], answer["bad"]) == (
        "failed", 0, 1)
    ((number, reason),) = [(e["line"], e["reason"])
        for e in answer["errors"]]
    assert number == 2 + lines.count("\n") and reason
    assert births(operator) == []


@pytest.mark.parametrize("lines", [b[2] for b in BAD_LINES],
    ids=[b[1] for b in BAD_LINES])
def test_skip_bad_stores_the_others(operator, acme, lines):
    good = 2 + lines.count("\n") - 1
    text = HEAD + row("A-1") + lines + row("A-2")
    answer = put(operator, text, skip_bad=True)
    assert counts(answer) == {"state": "done", "lines": good + 1,
        "added": good, "unchanged": 0, "bad": 1}


def test_lines_that_contradict_what_is_stored_are_bad(operator, acme):
    operator.call("PUT", "/models/lamp-2",
        json={"manufacturer": "acme", "name": "Lamp 2"})
    put(operator, HEAD + row("A-1", code="C") + row("A-2") + row("A-4")
        + row("A-5"))
    text = HEAD + "".join([
        row("A-1", model="lamp-2"),
        row("A-2", key=sha("other")),
        row("A-3", key=sha("A-4")),
        row("A-5").replace("B7", "B8"),
    ])
    answer = put(operator, text)
    assert [e["line"] for e in answer["errors"]] == [2, 3, 4, 5]
    reasons = [e["reason"] for e in answer["errors"]]
    assert "model" in reasons[0] and "key" in reasons[1]
    assert "another unit" in reasons[2] and "facts" in reasons[3]
    answer = put(operator, HEAD + row("A-1", code="D"))
    assert "claim code" in answer["errors"][0]["reason"]


def test_another_makers_units_are_not_ours(operator, acme):
    other = Maker("other", "radio-1")
    operator.register(other)
    put(operator, HEAD + row("A-1"))
    # the same serial number of another maker is another unit
    same_serial = expect(operator.import_lines("other", HEAD + row("A-1",
        "radio-1", key=sha("r"))), 200).json()
    assert same_serial["added"] == 1
    same_key = expect(operator.import_lines("other", HEAD + row("A-9",
        "radio-1", key=sha("A-1"))), 200).json()
    assert "another manufacturer" in same_key["errors"][0]["reason"]
    model = expect(operator.import_lines("other", HEAD + row("A-8")),
        200).json()
    assert "lamp-1" in model["errors"][0]["reason"]


def test_a_key_pinned_to_another_unit_is_bad(operator, acme, database):
    put(operator, "serial,model\nA-1,lamp-1\n")
    database.query("UPDATE birth SET pinned_key_sha256 = decode(%s, 'hex')",
        [sha("pinned")])
    answer = put(operator, HEAD + row("A-2", key=sha("pinned")))
    assert "another unit" in answer["errors"][0]["reason"]


def test_the_first_hundred_bad_lines_are_named_and_all_are_counted(
        operator, acme):
    text = HEAD + "bad\n" * 150 + "".join(
        row(f"A-{i}", model="none") for i in range(150))
    answer = put(operator, text)
    assert answer["bad"] == 300
    assert [e["line"] for e in answer["errors"]] == list(range(2, 102))


def test_a_failed_import_runs_again_when_the_cause_is_gone(operator, acme):
    one = uuid.uuid4()
    text = HEAD + row("A-1", model="lamp-9")
    assert put(operator, text, one)["state"] == "failed"
    operator.call("PUT", "/models/lamp-9",
        json={"manufacturer": "acme", "name": "Lamp 9"})
    assert counts(put(operator, text, one)) == {"state": "done", "lines": 1,
        "added": 1, "unchanged": 0, "bad": 0}


@pytest.mark.parametrize("head", ["", "serial\n", "serial,model,model\n",
    "serial,model,colour\n", "A-1,lamp-1\n"])
def test_a_file_without_a_right_head_fails(operator, acme, head):
    answer = put(operator, head + "A-1,lamp-1\n" if head else "",
        skip_bad=True)
    assert (answer["state"], answer["added"]) == ("failed", 0)
    assert answer["errors"][0]["line"] == 1


def test_line_ends_and_blank_lines_do_not_matter(operator, acme):
    text = "serial,model\r\nA-1,lamp-1\r\n\r\nA-2,lamp-1\n\nA-3,lamp-1"
    assert put(operator, text)["added"] == 3


def test_a_birth_certificate_says_key_and_serial(operator, acme):
    key = new_key()
    leaf = acme.birth_certificate(key, "A-1")[0].decode()
    der = "".join(leaf.split("\n")[1:-2])
    put(operator, f"model,certificate\nlamp-1,{der}\n")
    (birth,) = births(operator)
    assert birth["serial"] == "A-1"
    assert birth["key_sha256"] == spki_sha256(key)
    bad = put(operator, f"serial,model,certificate\nA-2,lamp-1,{der}\n")
    assert "serial" in bad["errors"][0]["reason"]
    ca = "".join(acme.anchor_pem.split("\n")[1:-2])
    bad = put(operator, f"model,certificate\nlamp-1,{ca}\n")
    assert "CA" in bad["errors"][0]["reason"]


SOME_ID = "6b1f0f3e-52a8-4c54-9d2c-3c1f6f0a9a11"


@pytest.mark.parametrize("path", ["/imports/x?manufacturer=acme",
    f"/imports/{SOME_ID}", f"/imports/{SOME_ID}?manufacturer=",
    f"/imports/{SOME_ID}?manufacturer=acme&skip_bad=maybe"])
def test_a_malformed_import_is_400(operator, acme, path):
    expect(operator.call("PUT", path, data=HEAD + row("A-1"),
        headers={"Content-Type": "text/csv"}), 400)


def test_an_import_of_another_type_or_of_nobody_is_refused(operator, acme):
    expect(operator.import_lines("acme", "x", kind="application/json"), 415)
    expect(operator.import_lines("nobody", HEAD + row("A-1")), 404)
    expect(operator.call("GET", f"/imports/{uuid.uuid4()}"), 404)


def big(n):
    return HEAD + "".join(row(f"BIG-{i:07}") for i in range(n))


def test_progress_is_seen_while_it_runs_and_another_import_waits(
        operator, acme, stack, database):
    one, seen = uuid.uuid4(), []
    thread = threading.Thread(target=lambda: seen.append(put(
        operator.__class__(stack, operator.token), big(100000), one)))
    blocker = database.connect()
    cursor = blocker.cursor()

    def held_midway():
        cursor.execute("SELECT lines FROM import WHERE id = %s AND "
            "state = 'staging' AND lines > 0 FOR UPDATE", (str(one),))
        found = cursor.fetchone()
        return found or blocker.rollback()

    thread.start()
    (lines,) = until(held_midway, every=0.005)
    shown = expect(operator.call("GET", f"/imports/{one}"), 200).json()
    assert (shown["state"], shown["lines"]) == ("staging", lines)
    assert 0 < lines < 100000
    other = expect(operator.import_lines("acme", HEAD + row("A-1")), 503)
    assert int(other.headers["Retry-After"]) > 0
    blocker.close()
    thread.join()
    assert seen[0]["added"] == 100000


@pytest.mark.parametrize("when", [0.3, 0.8, 1.5, 2.5])
def test_a_crash_in_the_middle_stores_nothing_and_is_repeated(
        operator, acme, stack, database, when):
    one, text = uuid.uuid4(), big(60000)
    failed = []

    def run():
        try:
            operator.__class__(stack, operator.token).import_lines("acme",
                text, import_id=one)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(when)
    stack.kill()
    thread.join()
    # the database may still be busy with what it was given
    (count,) = database.query("SELECT count(*) FROM birth")[0]
    assert count in (0, 60000)
    stack.start()

    def again():
        answer = operator.import_lines("acme", text, import_id=one)
        return answer.status_code != 503 and [answer]

    (answer,) = until(again, seconds=300)
    assert expect(answer, 200).json()["state"] == "done"
    assert database.query("SELECT count(*) FROM birth") == [(60000,)]


def test_losing_the_connection_stores_nothing_and_is_repeated(
        operator, acme, stack, database):
    one, text, answers = uuid.uuid4(), big(60000), []

    def run():
        answers.append(operator.__class__(stack,
            operator.token).import_lines("acme", text, import_id=one))

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: answers or database.query("SELECT "
        "pg_terminate_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a "
        "USING (pid) WHERE l.locktype = 'advisory' AND a.datname = "
        "current_database()"), every=0.02)
    thread.join()
    expect(answers[0], 503)
    assert database.query("SELECT count(*) FROM birth") == [(0,)]
    answer = expect(operator.import_lines("acme", text, import_id=one), 200)
    assert answer.json()["added"] == 60000
