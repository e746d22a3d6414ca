// /join: an invitation to see somebody's home.
import { api, askCode, busy, h, linkedCode, notice, show, start, t, touch } from
	"/assets/app.js";
import { equals } from "/assets/facts.js";

const linked = linkedCode("/join");

const showCode = (person) => askCode("join", linked, async (code) =>
	showInvitation(person, code, await api("POST", "/v1/invitations/lookup",
		{ code })));

function showInvitation(person, code, shown) {
	const said = h("div", { "aria-live": "assertive" });
	const main = h("div", {},
		h("p", {}, t("join.text", { name: shown.name })),
		h("ul", {}, h("li", {}, t("join.see")),
			h("li", {}, t("join.decide", { name: shown.name })),
			h("li", {}, t("join.seen",
				{ name: shown.name, own: person.name }))),
		said, equals(["refuse", "join.no", () => show(t("join.refused"),
			notice("good", h("p", {}, t("join.refused-text"))))],
		["join", "join.yes", () => busy(main, async () => {
			await api("POST", `/v1/invitations/${shown.id}/acceptance`,
				{ code, touch: await touch("join", shown.id) });
			showJoined(shown);
		}, said)]));
	show(t("join.question", { name: shown.name }), main);
}

const showJoined = (shown) => show(t("join.done"),
	notice("good", h("p", {}, t("join.done-text", { name: shown.name }))),
	h("p", {}, h("a", { class: "button", href: "/devices" },
		t("approved.next"))));

start(showCode);
