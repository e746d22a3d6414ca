"""What a guesser could read from the clock: two kinds of requests that are
refused alike, sent in random turn on two connections, and Welch's t between
their times, without the slowest tenth of all (a stalled machine says nothing
of either)."""

import math
import random
import secrets
import time
import uuid

from harness.app import App
from harness.http import expect
from harness.players import Device
from rig import load

SAMPLES, RUN, CONNECTIONS = 10_000, 1_000, 2
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


def welch(a, b):
    """|t| of two samples whose variances may differ."""
    def mean_and_error(x):
        mean = sum(x) / len(x)
        return mean, sum((v - mean) ** 2 for v in x) / (len(x) - 1) / len(x)

    (ma, ea), (mb, eb) = mean_and_error(a), mean_and_error(b)
    return abs(ma - mb) / math.sqrt(ea + eb)


class Tokens:
    """An app's, which end while a slow machine is at it."""

    def __init__(self, app, owner):
        self.app = app
        self.take(app.tokens(owner))

    def take(self, given):
        self.access, self.refresh = (given["access_token"],
            given["refresh_token"])
        self.until = time.monotonic() + given["expires_in"] / 2

    def bearer(self):
        if time.monotonic() > self.until:
            self.take(expect(self.app.refresh(self.refresh), 200).json())
        return {"Authorization": f"Bearer {self.access}"}


def raw(port, method, path, body, headers):
    """As tests/bench/compare.c reads it."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{port}"]
    lines += [f"{k}: {v}" for k, v in headers.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "|".join(lines + ["", body or ""])


def compare(rig, one, other, status):
    """Each makes a request of its kind.  Some thousand a run, since what they
    show has to be good meanwhile."""
    requests, times = rig.dir / "requests", rig.dir / "times"
    took = {"a": [], "b": []}
    for _ in range(SAMPLES // RUN):
        kinds = ["a", "b"] * RUN
        random.shuffle(kinds)
        requests.write_text("".join(k + raw(rig.stack.port,
            *(one if k == "a" else other)()) + "\n" for k in kinds))
        got = load("compare", port=rig.stack.port, bodies=requests,
            times_file=times, connections=CONNECTIONS, status=status)
        assert got["failed"] == 0 and got["n"] == 2 * RUN, got
        for line in times.read_text().splitlines():
            kind, us = line.split("\t")
            took[kind].append(int(us))
    most = sorted(took["a"] + took["b"])[2 * SAMPLES * 9 // 10]
    return welch(*([us for us in took[k] if us <= most] for k in "ab"))


def measure(rig, rows):
    app = App(rig.stack, rig.operator, "guesser", dpop=False)
    tokens = Tokens(app, rig.owner)
    device = Device(rig.stack, rig.maker)
    rig.operator.allow(device)
    device.onboard(rig.operator.add_owner("Eve"))
    expect(device.authorize(), 200)

    def lookup(code):
        return ("POST", "/v1/approvals/lookup", '{"user_code": "%s"}' % code,
            {**tokens.bearer(), "Content-Type": "application/json"})

    def wrong_code():
        code = "".join(secrets.choice(LETTERS) for _ in range(8))
        return lookup(f"{code[:4]}-{code[4:]}")

    rows.add("timing of wrong codes and others' codes", compare(rig,
        wrong_code, lambda: lookup(device.grant["user_code"]), 404))

    def refresh(family):
        return ("POST", "/oauth2/token", f"client_id={app.id}&grant_type="
            f"refresh_token&refresh_token={family}.1."
            f"{secrets.token_urlsafe(32)}", FORM)

    family = tokens.refresh.split(".")[0]
    rows.add("timing of wrong tokens and unknown ones", compare(rig,
        lambda: refresh(uuid.uuid4()), lambda: refresh(family), 400))

    def get(device_id):
        return "GET", f"/v1/devices/{device_id}", None, tokens.bearer()

    rows.add("timing of others' devices and unknown ones", compare(rig,
        lambda: get(uuid.uuid4()), lambda: get(device.id), 404))
