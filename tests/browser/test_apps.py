"""The page where an owner lets an app in, in a real browser."""

from harness.app import App, query_of
from harness.http import expect

from .test_pages import check


def test_owner_lets_an_app_in_and_another_time_does_not(
        browser, stack, operator):
    app = App(stack, operator, redirect_uris=[stack.url + "/done"])
    app.redirect = stack.url + "/done"

    def ask(**wishes):
        handle, verifier = app.ask(scope="devices", **wishes)
        browser.driver.get("about:blank")
        browser.open(f"/authorize#{handle}")
        return verifier

    verifier = ask()
    check(browser, "Sign in")
    browser.sign_up()
    check(browser, "Let Lamp app in?")
    assert browser.driver.current_url == stack.url + "/authorize"
    text = browser.text()
    for word in ("Ada Lovelace", "see your devices", stack.url):
        assert word in text, word
    assert "know that it is you" not in text
    sizes = [browser.wait(css).size for css in ("#allow", "#refuse")]
    assert sizes[0] == sizes[1]
    browser.tap("#allow")
    browser.wait_url("/done?")
    answer = query_of(browser.driver.current_url)
    tokens = expect(app.redeem(answer["code"], verifier), 200).json()
    expect(app.call("GET", "/v1/devices", tokens["access_token"]), 200)

    # It wants to know that it is still the owner who sits there.
    ask(prompt="login")
    check(browser, "Sign in")
    browser.tap("#sign-in")
    check(browser, "Let Lamp app in?")
    browser.tap("#refuse")
    browser.wait_url("/done?")
    assert query_of(browser.driver.current_url)["error"] == "access_denied"


# What the page of a companion app does: look up, ask, touch, decide.
APP = """
const [url, token, user_code, done] = arguments;
const call = async (path, body) => (await fetch(url + path, { method: "POST",
  headers: { Authorization: `Bearer ${token}`,
    "Content-Type": "application/json" },
  body: JSON.stringify(body) })).json();
const encode = (b) => btoa(String.fromCharCode(...new Uint8Array(b)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const decode = (s) => Uint8Array.from(atob(
  s.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
(async () => {
  const { id, digest } = await call("/v1/approvals/lookup", { user_code });
  const asked = await call(`/v1/approvals/${id}/challenges`,
    { decision: "approve", digest });
  const made = await navigator.credentials.get({ publicKey: {
    challenge: decode(asked.challenge), rpId: asked.rp_id,
    userVerification: "required" } });
  const touch = { challenge: asked.challenge, credential_id: encode(made.rawId),
    client_data: encode(made.response.clientDataJSON),
    authenticator_data: encode(made.response.authenticatorData),
    signature: encode(made.response.signature) };
  return call(`/v1/approvals/${id}/decision`,
    { decision: "approve", digest, touch });
})().then(done, (error) => done({ error: error.name }));
"""


def test_app_of_another_origin_decides_with_the_owners_passkey(
        browser, stack, make_stack, operator, device):
    there = make_stack()  # its pages are the app's: another origin
    home = {"redirect_uris": [stack.url + "/done"], "dpop": False}
    app = App(stack, operator, origins=[there.url], **home)
    app.redirect = stack.url + "/done"
    handle, verifier = app.ask(scope="approvals")
    browser.open(f"/authorize#{handle}")
    browser.sign_up()
    browser.tap("#allow")
    browser.wait_url("/done?")
    answer = query_of(browser.driver.current_url)
    token = expect(app.redeem(answer["code"], verifier),
        200).json()["access_token"]
    expect(device.authorize(), 200)

    def decide():
        browser.driver.get(there.url + "/healthz")
        return browser.driver.execute_async_script(APP, stack.url, token,
            device.grant["user_code"])

    # A browser shows nothing to a page that nobody registered.
    App(stack, operator, origins=[], **home)
    assert decide() == {"error": "TypeError"}
    App(stack, operator, origins=[there.url], **home)
    assert decide()["state"] == "approved"
    device.onboard_after_yes()
