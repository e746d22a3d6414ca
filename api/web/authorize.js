// /authorize: an app asks to act for the owner (RFC 6749 section 4.1).
import { api, busy, h, notice, show, start, t } from "/assets/app.js";

// The handle of the question stays in no address bar and no history.
const request = location.hash.slice(1);
history.replaceState(null, "", "/authorize");

async function showQuestion(person) {
	const asked = await api("POST", "/v1/authorizations/lookup", { request });
	const said = h("div", { "aria-live": "assertive" });
	const box = h("div", {});
	const decide = (decision) => busy(box, async () => {
		const answer = await api("POST", "/v1/authorizations/decision",
			{ request, decision });
		location.replace(answer.location);
	}, said);
	box.append(h("p", { class: "belongs" }, t("app.account"), " ",
		h("strong", {}, person.name)),
	h("p", {}, t("app.asks", { name: asked.client_name })),
	h("ul", {}, asked.scope.split(" ").map((scope) =>
		h("li", {}, t(`app.scope-${scope}`)))),
	h("p", { class: "soft" }, t("app.never")),
	h("p", {}, t("app.where", { host: asked.redirect_host })),
	said,
	h("div", { class: "buttons equal" },
		h("button", { type: "button", class: "second", id: "refuse",
			onclick: () => decide("refuse") }, t("app.refuse")),
		h("button", { type: "button", class: "second", id: "allow",
			onclick: () => decide("allow") }, t("app.allow"))));
	show(t("app.title", { name: asked.client_name }), box);
}

start((person) => request ? showQuestion(person)
	: show(t("error.title"), notice("bad", h("p", {}, t("app.over")))));
