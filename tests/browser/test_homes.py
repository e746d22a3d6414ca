"""A device that changes its owner, and a home with a member, on two phones."""

import re
import subprocess

import pytest

from harness.crypto import new_key
from harness.http import expect

from .test_pages import check

FAST = pytest.mark.settings(code_interval="1s")


def read_qr(browser, path):
    """What another phone's camera makes of the picture on the page."""
    browser.wait(".qr").screenshot(str(path))
    return subprocess.run(["zbarimg", "-q", "--raw", path], check=True,
        capture_output=True, text=True, timeout=60).stdout.strip()


def add(browser, device):
    expect(device.authorize(), 200)
    browser.open("/activate")
    browser.type("#code", device.grant["user_code"])
    browser.tap("#continue")
    browser.tap("#approve")
    check(browser, "Added")
    device.onboard_after_yes()


@FAST
def test_device_goes_from_phone_to_phone_by_a_picture(make_browser, device,
        workdir):
    ada, grace = make_browser(), make_browser()
    ada.open("/activate")
    ada.sign_up()
    check(ada, "Add your device")
    add(ada, device)
    ada.open(f"/devices#{device.id}")
    check(ada, "Lamp-1")
    ada.tap("details:nth-of-type(2) summary")
    ada.tap("#transfer")
    ada.wait(".qr")
    check(ada, "Lamp-1", focus=None)
    link = read_qr(ada, workdir / "qr.png")
    code = ada.wait(".handed code").text
    assert link == f"{ada.stack.url}/accept#{code}"
    ada.scheme("dark")
    assert read_qr(ada, workdir / "dark.png") == link

    grace.open("/devices")
    grace.sign_up("Grace Hopper")
    check(grace, "Your devices")
    grace.taps = 0
    grace.driver.get(link)
    check(grace, "Take a device")
    assert grace.driver.current_url == grace.stack.url + "/accept"
    grace.tap("#continue")
    check(grace, "Do you take this device?")
    text = grace.text()
    for word in ("Grace Hopper", device.serial, "Acme", "Proved on"):
        assert word in text, word
    assert "Ada" not in text
    sizes = [grace.wait(css).size for css in ("#refuse", "#take")]
    assert sizes[0] == sizes[1]
    grace.tap("#take")
    check(grace, "It is yours")
    assert grace.taps <= 3
    assert device.renew().status_code in (401, 403)
    ada.open("/devices")
    check(ada, "Your devices")
    assert "no devices yet" in ada.text()
    device.key = new_key()
    add(grace, device)
    grace.open(f"/devices#{device.id}")
    check(grace, "Lamp-1")
    assert "You took it over" in grace.text()
    for browser in (ada, grace):
        assert browser.complaints() == []


@FAST
def test_offer_is_taken_back_and_a_wrong_code_is_told(make_browser, device):
    ada = make_browser()
    ada.open("/activate")
    ada.sign_up()
    check(ada, "Add your device")
    add(ada, device)
    ada.open(f"/devices#{device.id}")
    check(ada, "Lamp-1")
    ada.tap("details:nth-of-type(2) summary")
    ada.tap("#transfer")
    code = ada.wait(".handed code").text
    ada.open("/devices")
    check(ada, "Your devices")
    assert "Offered" in ada.text()
    ada.open("/accept")
    check(ada, "Take a device")
    ada.type("#code", code)
    ada.tap("#continue")
    check(ada, "Do you take this device?")
    ada.tap("#take")
    ada.wait_text("yours already")
    ada.open(f"/devices#{device.id}")
    check(ada, "Lamp-1")
    ada.tap("#withdraw")
    ada.wait("details:nth-of-type(3) summary")
    assert "It is offered" not in ada.text()
    ada.open("/accept")
    check(ada, "Take a device")
    ada.type("#code", code)
    ada.tap("#continue")
    ada.wait_text("Nothing is offered with this code")


@FAST
def test_member_is_invited_sees_the_home_and_leaves(make_browser, device,
        workdir):
    ada, grace = make_browser(), make_browser(language="de")
    ada.open("/activate")
    ada.sign_up()
    check(ada, "Add your device")
    add(ada, device)
    ada.open("/devices")
    check(ada, "Your devices")
    ada.tap("p.after a")
    check(ada, "Your home")
    assert "Only you." in ada.text()
    ada.tap("details summary")
    ada.tap("#invite")
    link = read_qr(ada, workdir / "qr.png")
    assert re.fullmatch(ada.stack.url + "/join#[0-9A-Z-]{19}", link)

    grace.driver.get(link)
    check(grace, "Anmelden")
    grace.sign_up("Grace")
    check(grace, "Zuhause beitreten")
    grace.tap("#continue")
    check(grace, "Dem Zuhause von Ada Lovelace beitreten?")
    grace.tap("#join")
    check(grace, "Beigetreten")
    grace.tap("main a.button")
    check(grace, "Ihre Geräte")
    text = grace.text()
    assert "Zuhause von Ada Lovelace" in text and "Lamp-1" in text
    assert device.serial not in text
    ada.open("/home")
    check(ada, "Your home")
    assert "Grace" in ada.text()
    grace.open("/home")
    check(grace, "Ihr Zuhause")
    grace.tap("section button.danger")
    grace.wait_text("Noch keines.")
    ada.open("/home")
    ada.wait_text("Only you.")
    for browser in (ada, grace):
        assert browser.complaints() == []
