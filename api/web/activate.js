// /activate: enter the code, see the facts, decide.
import { api, busy, button, date, field, form, h, has, notice, show, start, t,
	time, touch } from "/assets/app.js";

// A code that came by link is half of what is needed: the person types the
// other half from the device's display (SECURITY.md P1).  Neither half stays
// in the address bar.
const linked = location.hash.slice(1).toUpperCase().replace(/[^A-Z]/g, "");
const half = linked.slice(0, Math.floor(linked.length / 2));
history.replaceState(null, "", "/activate");
window.addEventListener("hashchange", () => location.reload());

function showCode(person) {
	const code = half
		? field(t("code.rest"), { id: "code", autocomplete: "off",
			autocapitalize: "characters", spellcheck: "false",
			class: "code", maxlength: 16 },
		t("code.rest-hint", { half }))
		: field(t("code.label"), { id: "code", autocomplete: "off",
			autocapitalize: "characters", spellcheck: "false",
			class: "code", maxlength: 16 }, t("code.hint"));
	code.row.querySelector("label").htmlFor = "code";
	show(t("code.title"), h("p", { class: "lead" },
		t(half ? "code.lead-linked" : "code.lead")),
	form(async () => {
		const typed = half ? half + code.input.value.toUpperCase()
			.replace(/[^A-Z]/g, "").slice(-(linked.length - half.length))
			: code.input.value;
		showFacts(person, await api("POST", "/v1/approvals/lookup",
			{ user_code: typed }));
	}, [code.row], button(t("continue"), { id: "continue" })),
	h("details", {}, h("summary", {}, t("claim.to")), claimForm(person)),
	h("section", {}, h("h2", {}, t("careful.title")),
		h("p", {}, t("careful.text"))));
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

// ---- the facts

const CERTIFIED = { bootstrap: "how.list", none: "how.list" };

function facts(shown) {
	const f = shown.facts, a = f.attestation;
	const proved = CERTIFIED[a.format] ?? "how.certificate";
	const word = (kind, value) => value == null ? t("fact.unknown")
		: has(`${kind}.${value}`) ? t(`${kind}.${value}`) : value;
	const measured = (value) => value == null ? "how.none"
		: "how.measured";
	return [
		["fact.maker", f.manufacturer, proved],
		["fact.model", f.model, proved],
		["fact.serial", f.serial ?? t("fact.unknown"), proved],
		["fact.firmware", a.sw_version ?? t("fact.unknown"),
			measured(a.sw_version)],
		["fact.boot", word("boot", a.secure_boot), measured(a.secure_boot)],
		["fact.debug", word("debug", a.debug), measured(a.debug)],
		["fact.grade", word("grade", a.grade), `how.grade-${a.grade}`],
		f.made_at && ["fact.made", date(f.made_at), "how.list"],
		f.support_until && ["fact.support", date(f.support_until),
			"how.list"],
		shown.first_seen && ["fact.first", date(shown.first_seen), null],
		["fact.before", t(shown.owned_before ? "before.yes" : "before.no"),
			null],
		["fact.until", time(shown.expires_at), null],
	].filter((row) => row);
}

function factRows(shown) {
	return h("dl", { class: "facts" }, facts(shown).map(([key, value, how]) =>
		h("div", {}, h("dt", {}, t(key)), h("dd", {}, value,
			how && has(how) ? h("span", { class: "how" }, t(how))
				: null))));
}

function showFacts(person, shown) {
	const said = h("div", { "aria-live": "assertive" });
	const decide = (decision) => busy(main, async () => {
		const digest = shown.digest;
		await api("POST", `/v1/approvals/${shown.id}/decision`, { decision,
			digest, touch: await touch(decision, `${shown.id} ${digest}`) });
		(decision === "approve" ? showApproved : showDenied)(shown);
	}, said);
	const main = h("div", {},
		h("p", { class: "belongs" }, t("facts.belongs"), " ",
			h("strong", {}, person.name)),
		factRows(shown),
		h("h2", {}, t("asks.title")),
		h("ul", {}, shown.facts.asks.map((ask) =>
			h("li", {}, has(`asks.${ask}`) ? t(`asks.${ask}`) : ask))),
		h("h2", {}, t("check.title")),
		h("ol", { class: "check" }, h("li", {}, t("check.here")),
			h("li", {}, t("check.code")), h("li", {}, t("check.serial"))),
		said,
		h("div", { class: "buttons equal" },
			h("button", { type: "button", id: "deny", class: "second",
				onclick: () => decide("deny") }, t("deny")),
			h("button", { type: "button", id: "approve", class: "second",
				onclick: () => decide("approve") }, t("approve"))),
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

start(showCode);
