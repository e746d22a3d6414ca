// The facts of a device, each with how it is known (activate, accept).
import { date, h, has, t, time } from "/assets/app.js";

const LISTED = { bootstrap: "how.list", none: "how.list" };

const word = (kind, value) => value == null ? t("fact.unknown")
	: has(`${kind}.${value}`) ? t(`${kind}.${value}`) : value;
const measured = (value) => value == null ? "how.none" : "how.measured";

// What the device and its maker say.
export function deviceFacts(f) {
	const a = f.attestation;
	const proved = LISTED[a.format] ?? "how.certificate";
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
		["fact.support", f.support_until ? date(f.support_until)
			: t("fact.unknown"), f.support_until ? "how.list"
			: "how.unsaid"],
	].filter((row) => row);
}

// What this service knows of a request.
export const requestFacts = (shown) => [
	["fact.network", t(`network.${shown.network ?? "unknown"}`),
		`how.network-${shown.network ?? "unknown"}`],
	["fact.first", shown.first_seen ? date(shown.first_seen)
		: t("first.now"), "how.service"],
	["fact.before", t(shown.owned_before ? "before.yes" : "before.no"),
		"how.service"],
	["fact.asked", time(shown.asked_at), "how.service"],
	["fact.until", time(shown.expires_at), "how.service"],
];

// Together what is known in the same way, which is said once.
export function factRows(rows) {
	const groups = [];
	for (const [key, value, how] of rows) {
		if (groups.at(-1)?.how !== how)
			groups.push({ how, rows: [] });
		groups.at(-1).rows.push(h("div", {}, h("dt", {}, t(key)),
			h("dd", {}, value)));
	}
	return groups.map((group) => h("div", { class: "facts", role: "group",
		"aria-label": t(group.how) }, h("p", { class: "how" },
		t(group.how)), h("dl", {}, group.rows)));
}

export const belongs = (person) => h("p", { class: "belongs" },
	t("facts.belongs"), " ", h("strong", {}, person.name));

export const checks = (...keys) => [h("h2", {}, t("check.title")),
	h("ol", { class: "check" }, keys.map((key) => h("li", {}, t(key))))];

// Two answers of the same size and weight: nothing pushes.
export const equals = (...pairs) => h("div", { class: "buttons equal" },
	pairs.map(([id, key, run]) => h("button", { type: "button", id,
		class: "second", onclick: run }, t(key))));
