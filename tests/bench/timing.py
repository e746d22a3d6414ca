"""What a guesser could read from the clock: two kinds of requests that are
refused alike, sent in random turn on one connection, and Welch's t between
their times, without the slowest tenth of all (a stalled machine says nothing
of either)."""

import http.client
import math
import random
import secrets
import ssl
import time
import uuid

from harness.app import App
from harness.http import expect
from harness.players import Device

SAMPLES = 10_000
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


class Asker:
    def __init__(self, stack):
        self.http = http.client.HTTPSConnection("localhost", stack.port,
            context=ssl._create_unverified_context())

    def ask(self, method, path, body, headers, status):
        """One request; nanoseconds to the end of its answer."""
        began = time.perf_counter_ns()
        self.http.request(method, path, body, headers)
        answer = self.http.getresponse()
        answer.read()
        took = time.perf_counter_ns() - began
        assert answer.status == status, (path, answer.status)
        return took

    def compare(self, one, other, status):
        """Each makes the next request of its kind."""
        kinds = [one, other] * SAMPLES
        random.shuffle(kinds)
        took = [(kind, self.ask(*kind(), status)) for kind in kinds]
        most = sorted(ns for _, ns in took)[len(took) * 9 // 10]
        return welch(*([ns for kind, ns in took if kind is wanted and
            ns <= most] for wanted in (one, other)))


def measure(rig, rows):
    asker = Asker(rig.stack)
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

    rows.add("timing of wrong codes and others' codes", asker.compare(
        wrong_code, lambda: lookup(device.grant["user_code"]), 404))

    def refresh(family):
        return ("POST", "/oauth2/token", f"client_id={app.id}&grant_type="
            f"refresh_token&refresh_token={family}.1."
            f"{secrets.token_urlsafe(32)}", FORM)

    family = tokens.refresh.split(".")[0]
    rows.add("timing of wrong tokens and unknown ones", asker.compare(
        lambda: refresh(uuid.uuid4()), lambda: refresh(family), 400))

    def get(device_id):
        return "GET", f"/v1/devices/{device_id}", None, tokens.bearer()

    rows.add("timing of others' devices and unknown ones", asker.compare(
        lambda: get(uuid.uuid4()), lambda: get(device.id), 404))
