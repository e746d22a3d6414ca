// /accept: a device that somebody gives to this account (SECURITY.md P5).
import { api, askCode, busy, date, h, linkedCode, notice, show, start, t,
	touch } from "/assets/app.js";
import { belongs, checks, deviceFacts, equals, factRows } from
	"/assets/facts.js";

const linked = linkedCode("/accept");

const showCode = (person) => askCode("accept", linked, async (code) =>
	showOffer(person, code, await api("POST", "/v1/transfers/lookup",
		{ code })));

function showOffer(person, code, shown) {
	const said = h("div", { "aria-live": "assertive" });
	const main = h("div", {}, belongs(person),
		factRows([...deviceFacts(shown.facts),
			["fact.proved", date(shown.proved_at), "how.service"]]),
		h("h2", {}, t("accept.then")), h("p", {}, t("accept.then-text")),
		checks("check.here", "check.giver", "check.serial"), said,
		equals(["refuse", "accept.no", () => showRefused()],
			["take", "accept.yes", () => busy(main, async () => {
				const { digest } = shown;
				await api("POST", `/v1/transfers/${shown.id}/acceptance`,
					{ code, digest, touch: await touch("accept",
						`${shown.id} ${digest}`) });
				showTaken(shown);
			}, said)]),
		h("p", { class: "soft" }, t("accept.touch")));
	show(t("accept.facts"), main);
}

const showRefused = () => show(t("accept.refused-title"),
	notice("good", h("p", {}, t("accept.refused"))));

const showTaken = (shown) => show(t("accept.taken-title"),
	notice("good", h("p", {}, t("accept.taken",
		{ model: shown.facts.model }))),
	h("ol", {}, h("li", {}, t("accept.step-reset")),
		h("li", {}, t("accept.step-code"))),
	h("p", {}, h("a", { class: "button", href: "/activate" },
		t("accept.next"))));

start(showCode);
