"""The audit trail: filters, pages, exports."""

import csv
import io
import json
import uuid

import pytest

from harness.http import expect
from harness.process import until

def page(operator, query=""):
    return expect(operator.call("GET", "/events?" + query), 200).json()


def all_pages(operator, query):
    """Every event, and how many pages they came in."""
    found, after, n = [], "", 0
    while after is not None:
        got = page(operator, query + (f"&after={after}" if after else ""))
        found, after, n = found + got["events"], got.get("next"), n + 1
    return found, n


def ids(events):
    return [e["id"] for e in events]


def test_events_are_found_by_device_owner_token_kind_and_time(operator,
        enrolled, owner, database):
    everything, _ = all_pages(operator, "limit=7")
    assert ids(everything) == ids(all_pages(operator, "limit=100")[0])
    assert everything == sorted(everything, key=lambda e: (e["at"], e["id"]))
    back, _ = all_pages(operator, "newest=yes&limit=7")
    assert ids(back) == ids(everything)[::-1]

    def found(query):
        forward, _ = all_pages(operator, query + "&limit=2")
        back, _ = all_pages(operator, query + "&limit=2&newest=yes")
        assert ids(back) == ids(forward)[::-1], query
        return forward

    def having(**want):
        return [e for e in everything
            if all(e.get(k) == v for k, v in want.items())]

    theirs = found(f"device={enrolled.id}")
    assert theirs == having(device_id=enrolled.id) and len(theirs) > 2
    # The certificate's event names no owner, but a device of theirs.
    owners = found(f"owner={owner.id}")
    assert owners == [e for e in everything if e.get("owner_id") == owner.id
        or e.get("device_id") == enrolled.id]
    assert {"owner.added", "approval.approved", "certificate.issued"} <= {
        e["kind"] for e in owners}
    token = operator.token.split("_")[1]
    by_token = found(f"token={token}")
    assert by_token == having(admin_token_id=token)
    assert "manufacturer.added" in {e["kind"] for e in by_token}
    issued = found("kind=certificate.issued")
    assert issued == having(kind="certificate.issued") and len(issued) == 1
    assert found(f"request={issued[0]['request_id']}") == having(
        request_id=issued[0]["request_id"])
    assert found(f"device={enrolled.id}&kind=certificate.issued"
        f"&owner={owner.id}") == issued
    assert found(f"device={enrolled.id}&token={token}") == []

    # Time, to the second: one of them moves to where nothing else is.
    database.query("UPDATE event SET at = date_trunc('day', now()) - "
        "interval '1 hour' WHERE kind = 'certificate.issued'")
    (issued,) = found("kind=certificate.issued")
    hour = issued["at"][:19] + "Z"
    after = issued["at"][:10] + "T23:00:01Z"
    assert ids(found(f"from={hour}&to={after}")) == [issued["id"]]
    assert issued["id"] not in ids(found(f"from={after}"))
    assert found(f"to={hour}") == []
    assert ids(found(f"device={enrolled.id}&to={after}")) == [issued["id"]]


@pytest.mark.parametrize("query, hint", [
    ("device=LAMP", "device"), ("owner=ada", "owner"), ("token=x", "token"),
    ("request=1", "request"), ("kind=%25", "kind"), ("from=yesterday", "from"),
    ("to=2026-13-01", "to"), ("newest=1", "newest"), ("settled=maybe",
        "settled"), ("after=7", "after"), ("tokn=abcdefgh", "tokn"),
    ("from=2026-11-02&to=2026-11-02", "from")])
def test_a_filter_that_means_nothing_is_refused_with_a_hint(operator, query,
        hint):
    refused = expect(operator.call("GET", "/events?" + query), 400).json()
    assert refused["detail"].startswith(hint + ":"), refused


def test_a_token_given_for_its_id_is_not_repeated(operator):
    refused = operator.call("GET", "/events?token=" + operator.token)
    assert expect(refused, 400).json()["detail"].startswith("token:")
    assert operator.token not in refused.text


def insert(cursor, kind, n=1):
    cursor.execute("INSERT INTO event (kind, detail) SELECT %s, 'row ' || i "
        "FROM generate_series(1, %s) AS i", (kind, n))


def test_an_export_misses_nothing_that_is_being_written(operator, database):
    """An event has its time before it can be seen: one that is older than
    what was read may still come."""
    early, late = (database.connect("service") for _ in range(2))
    with early.cursor() as cursor:
        insert(cursor, "test.early")
    with late.cursor() as cursor:
        insert(cursor, "test.late")
    late.commit()
    assert [e["kind"] for e in page(operator, "newest=yes&limit=1")["events"]
        ] == ["test.late"]
    first = page(operator, "settled=yes")
    assert not {"test.early", "test.late"} & {
        e["kind"] for e in first["events"]}
    early.commit()
    rest = until(lambda: [e["kind"] for e in page(operator,
        "settled=yes&after=" + first["last"])["events"]
        if e["kind"].startswith("test.")])
    assert until(lambda: [e["kind"] for e in page(operator,
        "settled=yes&after=" + first["last"])["events"]
        if e["kind"].startswith("test.")] == ["test.early", "test.late"]), rest
    early.close()
    late.close()


def test_pages_are_stable_while_events_are_written(operator, database):
    database.query("INSERT INTO event (kind, at) SELECT 'test.old', now() - "
        "interval '1 hour' + i * interval '1 second' "
        "FROM generate_series(1, 40) AS i")
    for way in ("no", "yes"):
        seen, after = [], ""
        while after is not None:
            got = page(operator, f"limit=7&newest={way}&kind=test.old&after="
                + after)
            seen, after = seen + ids(got["events"]), got.get("next")
            database.query("INSERT INTO event (kind) VALUES ('test.old')")
        times = database.query("SELECT id::text FROM event WHERE kind = "
            "'test.old' AND at < now() - interval '30 minutes' ORDER BY at")
        old = [i for (i,) in times]
        assert [i for i in seen if i in set(old)] == (
            old if way == "no" else old[::-1])
        assert len(set(seen)) == len(seen)


def test_a_search_without_an_index_ends_its_page_and_goes_on(operator, cli,
        database):
    """One question looks at 20,000 events; an export goes on by itself."""
    database.query("INSERT INTO event (kind, at) SELECT CASE i WHEN 45000 "
        "THEN 'test.rare' ELSE 'test.much' END, now() - interval '1 hour' + "
        "i * interval '1 millisecond' FROM generate_series(1, 45000) AS i")
    for way in ("no", "yes"):
        first = page(operator, "kind=test.rare&limit=2&newest=" + way)
        assert len(first["events"]) == (0 if way == "no" else 1)
        assert "next" in first
        found, n = all_pages(operator, "kind=test.rare&newest=" + way)
        assert [e["kind"] for e in found] == ["test.rare"] and n == 3
    code, out, err = cli("audit", "--all", "--kind", "test.rare")
    assert code == 0 and json.loads(out)["kind"] == "test.rare"
    assert "1 events; later ones: --after" in err


def test_an_export_is_whole_in_every_format_and_goes_on_later(operator, cli,
        enrolled, database):
    hostile = '=HYPERLINK("http://evil")\nx\x1b[31m,"'
    database.query("INSERT INTO event (kind, detail) VALUES "
        "('test.hostile', %s)", (hostile,))
    database.query("INSERT INTO event (kind) SELECT 'test.many' "
        "FROM generate_series(1, 250)")
    # An older one is settled when no request of the test is under way.
    want = until(lambda: [e for e in [all_pages(operator, "settled=yes")[0]]
        if sum(x["kind"] == "test.many" for x in e) == 250])[0]
    code, out, err = cli("audit", "--all")
    assert code == 0, err
    assert [json.loads(line) for line in out.splitlines()] == want
    code, out, err = cli("audit", "--all", "--format", "csv", "--quiet")
    assert code == 0 and err.count("\n") == 1, err
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    assert [r["id"] for r in rows] == ids(want)
    (cell,) = [r["detail"] for r in rows if r["kind"] == "test.hostile"]
    assert cell == "'" + hostile.replace("\n", " ").replace("\x1b", " ")
    assert [{k: v for k, v in r.items() if v and k != "detail"}
        for r in rows] == [{k: v for k, v in e.items() if k != "detail"}
        for e in want]
    # It goes on where it ended.
    after = err.split("--after ")[1].strip()
    database.query("INSERT INTO event (kind) VALUES ('test.later')")
    until(lambda: [json.loads(line)["kind"] for line in cli("audit", "--all",
        "--after", after)[1].splitlines()] == ["test.later"])


def test_command_line_of_the_trail(operator, cli, enrolled):
    code, out, _ = cli("audit", "--from", "1h", "--newest", "--limit", "2")
    assert code == 0 and "certificate.issued" in out and "more: --after" in out
    assert cli("audit", "--to", "1h")[1] == "no events\n"
    for argv, hint in ((["--from", "soon"], "from:"),
            (["--format", "xml"], "ndjson"), (["--all", "--json"], "--all"),
            (["--device", str(uuid.uuid4()).upper()], "device:")):
        code, out, err = cli("audit", *argv)
        assert code in (1, 2) and hint in err and out == "", (argv, err)


def test_what_an_erased_owner_did_has_no_name_any_more(operator, stack, owner,
        enrolled, database):
    """V1: events refer to a row, and the row can be erased."""
    expect(operator.call("DELETE", f"/owners/{owner.id}"), 204)
    events, _ = all_pages(operator, f"owner={owner.id}")
    assert {"owner.added", "approval.approved", "certificate.issued",
        "account.erased"} <= {e["kind"] for e in events}
    assert "Ada" not in json.dumps(events)


# As whoever has the database's superuser would: nothing below asks a trigger.
WRITTEN_ANEW = """
SET session_replication_role = replica;
WITH RECURSIVE content AS (SELECT epoch, position, concat_ws('|', epoch,
    position, extract(epoch FROM at), kind, coalesce(device_id::text, '-'),
    coalesce(encode(serial, 'hex'), '-'), coalesce(service_name, '-'),
    coalesce(extract(epoch FROM until)::text, '-'), reason, subject,
    extract(epoch FROM window_from), extract(epoch FROM window_to)) AS text
    FROM revocation),
chain AS (SELECT 1::bigint AS position, sha256('latchkey') AS previous,
    sha256(sha256('latchkey') || convert_to(text, 'UTF8')) AS own
    FROM content WHERE position = 1
    UNION ALL SELECT c.position, own,
    sha256(own || convert_to(text, 'UTF8')) FROM chain
    JOIN content c ON c.position = chain.position + 1),
rows AS (UPDATE revocation r SET previous_sha256 = previous, sha256 = own
    FROM chain WHERE r.position = chain.position)
UPDATE feed_head SET sha256 = (SELECT own FROM chain
    ORDER BY position DESC LIMIT 1)
"""


def test_the_feeds_chain_is_checked_and_tampering_is_found(stack, operator,
        database):
    def verify(*more, role="broker"):
        return stack.cli("audit", "verify", *more,
            env={"LATCHKEY_DB": database.conninfo(role)})

    def broken(*more):
        with pytest.raises(AssertionError, match="exited with 1") as found:
            verify(*more)
        return str(found.value)

    def tampered(text):
        """What is found while it is so; then it is as before."""
        database.query("CREATE TABLE kept AS TABLE revocation; "
            "CREATE TABLE head AS TABLE feed_head")
        database.query(text)
        said = broken()
        database.query("SET session_replication_role = replica; TRUNCATE "
            "revocation; INSERT INTO revocation TABLE kept; UPDATE feed_head "
            "SET sha256 = h.sha256, position = h.position FROM head h; "
            "DROP TABLE kept, head")
        return said

    assert verify().startswith("0 entries of the feed")
    for _ in range(5):
        expect(operator.call("POST", f"/certificates/{uuid.uuid4().hex[:30]}"
            "/revoke", json={"reason": "keyCompromise", "preemptive": True}),
            200)
    said = verify()
    assert said.startswith("5 entries of the feed")
    noted = said.split()[-1]
    assert noted.startswith("1:5:")
    assert verify("--noted", noted, role="migrator") == said
    assert "content of entry 1:3" in tampered(
        "UPDATE revocation SET reason = 'superseded' WHERE position = 3")
    assert "1:4 comes after 1:2" in tampered(
        "DELETE FROM revocation WHERE position = 3")
    assert "newest entry, 1:5, is gone" in tampered(
        "DELETE FROM revocation WHERE position = 5")
    assert "entry 1:2 does not follow" in tampered("UPDATE revocation SET "
        "sha256 = sha256('x'), previous_sha256 = sha256('y') "
        "WHERE position = 2")
    assert verify("--noted", noted) == said
    # All of it anew is found by what was noted elsewhere, and only by that.
    database.query("UPDATE revocation SET reason = 'superseded' "
        "WHERE position = 3; " + WRITTEN_ANEW)
    assert verify().startswith("5 entries")
    assert "written anew" in broken("--noted", noted)
    assert "which was noted, is gone" in broken("--noted",
        noted.replace("1:5:", "1:6:"))
    with pytest.raises(AssertionError, match="exited with 2"):
        verify("--noted", "1:5")
