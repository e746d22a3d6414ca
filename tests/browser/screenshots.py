"""Pictures of every page in both schemes and languages, for people to look
at.  "make screenshots" names it; pytest does not find it by itself."""

import os
import pathlib

import pytest

from harness.http import expect

OUT = pathlib.Path(os.environ.get("SCREENSHOTS", "build/screenshots"))


@pytest.fixture(params=["en", "de"])
def phone(request, make_browser):
    phone = make_browser(language=request.param)
    phone.language, phone.pictures = request.param, 0
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
def test_pictures(phone, device, operator, maker):
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
    phone.open("/devices")
    phone.wait(".card")
    picture(phone, "devices")
    phone.open(f"/devices#{device.id}")
    phone.driver.refresh()
    phone.tap("details:nth-of-type(1) summary")
    phone.wait("#lost")
    picture(phone, "device")
    other = type(device)(device.stack, maker)
    operator.allow(other)
    expect(other.authorize(), 200)
    phone.open("/activate")
    phone.type("#code", other.grant["user_code"])
    phone.tap("#continue")
    phone.tap("#deny")
    phone.wait("#report")
    picture(phone, "denied")
    phone.open("/account")
    phone.tap("#codes")
    phone.wait(".codes")
    picture(phone, "account")
