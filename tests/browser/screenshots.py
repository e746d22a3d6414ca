"""Pictures of every page in both schemes and languages, for people to look
at.  "make screenshots" names it; pytest does not find it by itself."""

import os
import pathlib

import pytest

from harness.app import App, Hub
from harness.http import expect
from harness.passkey import Person

OUT = pathlib.Path(os.environ.get("SCREENSHOTS", "build/screenshots"))


@pytest.fixture(params=["en", "de"])
def phone(request, make_browser):
    phone = make_browser(language=request.param)
    phone.language, phone.pictures = request.param, 0
    # Where a finger was is no part of the page.
    phone.before_each_page("addEventListener('DOMContentLoaded', () => "
        "document.documentElement.style.setProperty("
        "'-webkit-tap-highlight-color', 'transparent'))")
    OUT.mkdir(parents=True, exist_ok=True)
    return phone


def picture(phone, name):
    """Of what is shown, light and dark."""
    phone.pictures += 1
    for scheme in ("light", "dark"):
        phone.scheme(scheme)
        phone.screenshot(OUT / (f"{phone.pictures:02d}-{name}-"
            f"{phone.language}-{scheme}.png"))


@pytest.mark.settings(code_interval="1s")
def test_pictures(phone, device, operator, maker, stack):
    phone.open("/activate")
    phone.wait("#sign-in")
    picture(phone, "sign-in")
    phone.tap("main > p button.link")
    phone.wait("input")
    picture(phone, "recovery")
    phone.open("/devices")
    phone.tap("#to-sign-up")
    phone.wait("#sign-up")
    picture(phone, "sign-up")
    phone.type("input", "Ada Lovelace")
    phone.tap("#sign-up")
    phone.wait(".empty")
    picture(phone, "devices-empty")
    expect(device.authorize(), 200)
    phone.driver.get(device.grant["verification_uri_complete"])
    phone.wait("#code")
    picture(phone, "activate-linked")
    phone.open("/account")
    phone.wait("#codes")
    phone.open("/activate")
    phone.wait("#code")
    picture(phone, "activate")
    phone.type("#code", "BBBB-BBBB")
    phone.tap("#continue")
    phone.wait(".notice.bad")
    picture(phone, "activate-wrong")
    phone.wait("#code").clear()
    phone.type("#code", device.grant["user_code"])
    phone.tap("#continue")
    phone.wait("#approve")
    picture(phone, "facts")
    phone.tap("#approve")
    phone.wait("main a.button")
    picture(phone, "approved")
    device.onboard_after_yes()
    homes(phone, device, stack, operator)
    other = type(device)(device.stack, maker)
    operator.allow(other)
    decisions(phone, other, operator)
    phone.open("/account")
    phone.tap("#codes")
    phone.wait(".codes")
    picture(phone, "account")
    app = App(stack, operator, redirect_uris=[stack.url + "/done"])
    app.redirect = stack.url + "/done"
    handle, _ = app.ask(scope="openid devices approvals")
    phone.open(f"/authorize#{handle}")
    phone.wait("#allow")
    picture(phone, "app")


def homes(phone, device, stack, operator):
    """What the owner has, gives away, and shows."""
    grace = Person(stack, "Grace Hopper")
    expect(grace.sign_up(), 201)
    code = expect(grace.call("POST", "/v1/home/invitations",
        json=grace.touch("invite")), 201).json()["code"]
    phone.open("/join")
    phone.wait("#code")
    picture(phone, "join")
    phone.type("#code", code)
    phone.tap("#continue")
    phone.wait("#join")
    picture(phone, "join-question")
    phone.tap("#join")
    phone.wait("main a.button")
    picture(phone, "joined")
    phone.open("/home")
    phone.tap("details summary")
    phone.wait("#invite")
    picture(phone, "home")
    phone.tap("#invite")
    phone.wait(".qr")
    picture(phone, "home-invitation")
    phone.open("/devices")
    phone.wait(".card")
    picture(phone, "devices")
    phone.open(f"/devices#{device.id}")
    phone.driver.refresh()
    for n in (1, 2, 3):
        phone.tap(f"main > details:nth-of-type({n}) summary")
    phone.wait("#release")
    picture(phone, "device")
    phone.tap("#transfer")
    phone.wait(".qr")
    picture(phone, "device-offered")
    own = phone.wait(".handed code").text
    phone.open("/accept")
    phone.wait("#code")
    picture(phone, "accept")
    phone.type("#code", own)
    phone.tap("#continue")
    phone.wait("#take")
    picture(phone, "accept-facts")
    phone.tap("#take")
    phone.wait(".notice.bad")
    picture(phone, "accept-refused")
    sensors(phone, device)
    expect(operator.quarantine(device.id, "Odd traffic at night"), 200, 204)
    phone.open(f"/devices#{device.id}")
    phone.driver.refresh()
    phone.wait(".badge.quarantined")
    picture(phone, "device-limited")
    phone.tap("main > details:nth-of-type(1) summary")
    expect(operator.lift(device.id), 200, 204)
    phone.tap("#lost")
    phone.wait(".badge.lost")
    picture(phone, "device-lost")


def sensors(phone, device):
    """One that was let in, and one that waits."""
    hub = Hub(device)
    warm = expect(hub.register(name="Living room thermometer"), 200).json()
    expect(hub.register("DOOR-7", name="Front door", scope="telemetry"), 200)
    phone.open("/devices")
    phone.wait(".badge.pending")
    picture(phone, "devices-sensor-waits")
    phone.open(f"/devices#{device.id}")
    phone.tap(f"[id='approve-{warm['id']}']")
    phone.tap("li details summary")
    picture(phone, "device-sensors")


def decisions(phone, other, operator):
    """A request that is denied, and one that comes too late."""
    for code in ("again", "deny"):
        expect(other.authorize(), 200)
        phone.open("/activate")
        phone.type("#code", other.grant["user_code"])
        phone.tap("#continue")
        phone.wait("#deny")
        if code == "again":
            expect(other.authorize(), 200)
        phone.tap("#deny")
        phone.wait("#again" if code == "again" else "#report")
        picture(phone, "too-late" if code == "again" else "denied")
