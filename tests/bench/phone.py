"""From the code on a device to the owner's yes, in Chromium at the width of a
phone: somebody who is new here, played by a script that waits for nothing but
the pages."""

import time

from harness.browser import Browser
from harness.http import expect
from harness.players import Device


def measure(rig, rows):
    directory = rig.dir / "phone"
    directory.mkdir()
    device = Device(rig.stack, rig.maker)
    rig.operator.allow(device)
    browser = Browser(rig.stack, directory)
    try:
        expect(device.authorize(), 200)
        began = time.monotonic()
        browser.open("/activate")
        browser.sign_up()
        browser.type("#code", device.grant["user_code"])
        browser.tap("#continue")
        browser.tap("#approve")
        browser.wait_title("Added")
        rows.add("from code to approved, 360 px", time.monotonic() - began)
        rows.add("from code to approved, 360 px: taps", browser.taps)
    finally:
        browser.close()
    device.onboard_after_yes()
