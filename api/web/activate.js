// /activate: enter or scan the code, see the facts, decide.
import { api, busy, button, field, form, h, has, notice, show, start, t,
	touch } from "/assets/app.js";
import { belongs, checks, deviceFacts, equals, factRows, requestFacts } from
	"/assets/facts.js";
import { scanner } from "/assets/scan.js";

const letters = (text) => text.toUpperCase().replace(/[^A-Z]/g, "");

// A code that came by link or picture is half of what is needed: the person
// types the other half from the device's display (SECURITY.md P1).  Neither
// half stays in the address bar.
let linked = letters(location.hash);
history.replaceState(null, "", "/activate");
window.addEventListener("hashchange", () => location.reload());

function showCode(person) {
	const rest = Math.ceil(linked.length / 2);
	const half = linked.slice(0, linked.length - rest);
	const code = field(t(half ? "code.rest" : "code.label"), { id: "code",
		autocomplete: "off", autocapitalize: "characters",
		spellcheck: "false", class: "code", maxlength: 16 },
	t(half ? "code.rest-hint" : "code.hint", { half }));
	show(t("code.title"), h("p", { class: "lead" },
		t(half ? "code.lead-linked" : "code.lead")),
	form(async () => {
		const typed = letters(code.input.value);
		showFacts(person, await api("POST", "/v1/approvals/lookup",
			{ user_code: half ? half + typed.slice(-rest) : typed }));
	}, [code.row], button(t("continue"), { id: "continue" })),
	half ? null : scanner("/activate", (found) => {
		linked = letters(found);
		showCode(person);
	}),
	h("details", {}, h("summary", {}, t("claim.to")), claimForm(person)),
	h("section", {}, h("h2", {}, t("careful.title")),
		h("p", {}, t("careful.text")),
		h("p", {}, h("a", { href: "/accept" }, t("accept.to")))));
}

function claimForm(person) {
	const serial = field(t("claim.serial"), { maxlength: 64,
		autocomplete: "off" });
	const code = field(t("claim.code"), { maxlength: 64,
		autocomplete: "off" }, t("claim.hint"));
	return form(async () => {
		showFacts(person, await api("POST", "/v1/claims",
			{ serial: serial.input.value.trim(),
				claim_code: code.input.value.trim() }));
	}, [serial.row, code.row], button(t("continue")));
}

function showFacts(person, shown) {
	const said = h("div", { "aria-live": "assertive" });
	const decide = (decision) => busy(main, async () => {
		const digest = shown.digest;
		try {
			await api("POST", `/v1/approvals/${shown.id}/decision`, {
				decision, digest,
				touch: await touch(decision, `${shown.id} ${digest}`) });
		} catch (error) {
			// Over, or replaced by a newer one of the same device.
			if (error.code !== "already-decided" &&
				error.code !== "not-found")
				throw error;
			return showOver(person);
		}
		return (decision === "approve" ? showApproved : showDenied)(shown);
	}, said);
	const near = shown.same_network_required && shown.network !== "same";
	const main = h("div", {}, belongs(person),
		near ? notice("warn", h("p", {}, t("facts.near"))) : null,
		factRows([...deviceFacts(shown.facts), ...requestFacts(shown)]),
		h("h2", {}, t("asks.title")),
		h("ul", {}, shown.facts.asks.map((ask) =>
			h("li", {}, has(`asks.${ask}`) ? t(`asks.${ask}`) : ask))),
		checks("check.here", shown.kind === "claim" ? "check.sticker"
			: "check.code", "check.serial"),
		said, equals(["deny", "deny", () => decide("deny")],
			["approve", "approve", () => decide("approve")]),
		h("p", { class: "soft" }, t("decide.touch")));
	show(t("facts.title"), main);
}

function showApproved(shown) {
	show(t("approved.title"), notice("good", h("p", {}, t("approved.text",
		{ model: shown.facts.model }))),
	h("p", {}, h("a", { class: "button", href: "/devices" },
		t("approved.next"))));
}

function showDenied(shown) {
	const said = h("div", { "aria-live": "assertive" });
	const box = h("div", {}, h("p", {}, t("denied.report-lead")), said,
		h("button", { type: "button", class: "second", id: "report",
			onclick: () => busy(box, async () => {
				await api("POST", `/v1/approvals/${shown.id}/report`);
				box.replaceChildren(notice("good",
					h("p", {}, t("denied.reported"))));
			}, said) }, t("denied.report")));
	show(t("denied.title"), notice("good", h("p", {}, t("denied.text"))),
		box);
}

// The code has expired, or it was decided elsewhere.
function showOver(person) {
	linked = "";
	show(t("over.title"), notice("warn", h("p", {}, t("over.text"))),
		h("div", { class: "buttons" }, h("button", { type: "button",
			id: "again", onclick: () => showCode(person) },
		t("over.again"))));
}

start(showCode);
