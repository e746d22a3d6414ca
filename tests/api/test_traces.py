"""W3C Trace Context through the service, and log lines that nobody forges."""

import http.server
import json
import re
import threading

import pytest

from harness.http import Client, expect
from harness.process import until

ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{ID}-00f067aa0ba902b7-01"


def ask(stack, **headers):
    """One request's lines in the log, by its answer's id."""
    answer = expect(Client(stack).get("/v1/devices", headers=headers), 401)
    rid = answer.headers["X-Request-Id"]
    return rid, until(lambda: [l for l in stack.log().splitlines()
        if rid in l and "us=" in l.replace('"us":', "us=")] and [
            l for l in stack.log().splitlines() if rid in l])


def traces(lines):
    (trace,) = {re.search(r"\btrace=(\S+)", line)[1] for line in lines}
    return trace


def test_each_line_of_a_request_has_the_caller_s_trace_or_its_own(stack):
    rid, lines = ask(stack, traceparent=PARENT)
    assert len(lines) == 2 and traces(lines) == ID
    # None, a bad one, and two of them: a trace of its own.
    for headers in ({}, {"traceparent": PARENT.upper()},
            {"traceparent": f"{PARENT}, {PARENT}"},
            {"traceparent": PARENT + "-more"}):
        rid, lines = ask(stack, **headers)
        assert traces(lines) == rid.replace("-", "")


@pytest.fixture
def elsewhere():
    """A server that has nothing, and what it was asked with."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(dict(self.headers))
            self.send_error(404)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_what_is_fetched_is_part_of_a_trace(stack, operator, maker,
        elsewhere):
    url, asked = elsewhere
    expect(operator.call("POST", f"/manufacturers/{maker.id}/crl-sources",
        json={"url": url + "/list.crl"}), 200, 201)
    until(lambda: asked)
    version, trace, span, flags = asked[0]["traceparent"].split("-")
    assert (version, flags) == ("00", "00")
    assert re.fullmatch("[0-9a-f]{32}", trace)
    assert re.fullmatch("[0-9a-f]{16}", span)
    assert "tracestate" not in asked[0]
    until(lambda: f"trace={trace}" in stack.log())


def test_the_command_goes_on_with_its_caller_s_trace(stack, database):
    stack.cli("status", token=database.admin_token,
        env={"TRACEPARENT": PARENT})
    until(lambda: re.search(rf"trace={ID} .*route=/v1/admin/status",
        stack.log()))


@pytest.mark.settings(log_format="json")
def test_lines_as_json_hold_whatever_a_header_says(stack):
    hostile = 'x" event=forged {"event":"forged"} \\'
    expect(Client(stack).get("/v1/devices", headers={
        "Authorization": "Bearer " + "a" * 40}), 401)
    answer = expect(Client(stack).get("/" + "%22%7B".join("ab") * 40), 404)
    expect(Client(stack).get("/healthz", headers={
        "traceparent": hostile, "User-Agent": hostile}), 200)
    rid = answer.headers["X-Request-Id"]
    until(lambda: [l for l in stack.log().splitlines() if '"us":' in l
        and "healthz" in l])
    lines = [json.loads(line) for line in stack.log().splitlines()]
    assert all({"at", "event"} <= set(line) for line in lines)
    (request,) = [l for l in lines if l["event"] == "request"
        and l["rid"] == rid]
    assert request["status"] == 404 and request["trace"] == rid.replace(
        "-", "")
    assert not any(l["event"] == "forged" for l in lines)
