// /devices: what the owner has, and one of them.
import { allDevices, api, busy, date, explain, h, has, notice, show, start, t, time,
	touch } from "/assets/app.js";

const stateOf = (d) => d.quarantined ? "quarantined" : d.lost ? "lost"
	: !d.certificate_not_after ? "waiting"
	: new Date(d.certificate_not_after) < new Date() ? "asleep" : "fine";

const badge = (d) => h("span", { class: `badge ${stateOf(d)}` },
	t(`state.${stateOf(d)}`));

function card(d) {
	return h("li", { class: "card" },
		h("h2", {}, h("a", { href: `#${d.id}` }, d.model_name)),
		h("p", { class: "soft" }, d.manufacturer_name,
			d.serial ? ` · ${d.serial}` : ""),
		h("p", {}, badge(d)));
}

async function showList() {
	const devices = await allDevices();
	show(t("devices.title"), devices.length
		? h("ul", { class: "cards" }, devices.map(card))
		: h("div", { class: "empty" }, h("p", {}, t("devices.none"))),
	h("p", {}, h("a", { class: "button", href: "/activate" },
		t("devices.add"))));
}

function history(events) {
	const known = events.filter((e) => has(`event.${e.kind}`));
	if (!known.length)
		return h("p", { class: "soft" }, t("history.none"));
	return h("ol", { class: "history" }, known.map((e) =>
		h("li", {}, h("time", { datetime: e.at, class: "soft" },
			time(e.at)), " ", t(`event.${e.kind}`))));
}

// One thing to do to a device: asked once more, then by a touch.
function deed(d, action, then) {
	const said = h("div", { "aria-live": "assertive" });
	const box = h("details", { class: "deed" },
		h("summary", {}, t(`${action}.to`)),
		h("p", {}, t(`${action}.text`)), said,
		h("button", { type: "button", id: action, class: "danger",
			onclick: () => busy(box, async () => {
				await api("POST", `/v1/devices/${d.id}/${action}`,
					await touch(action, d.id));
				await then();
			}, said) }, t(`${action}.go`)));
	return box;
}

async function showDevice(id) {
	const [d, log] = await Promise.all([api("GET", `/v1/devices/${id}`),
		api("GET", `/v1/devices/${id}/history`)]);
	// What the device itself did last.
	const seen = log.events.find((e) => /^(certificate|token)\./
		.test(e.kind))?.at;
	const row = (key, value) => value
		? h("div", {}, h("dt", {}, t(key)), h("dd", {}, value)) : null;
	show(d.model_name,
		h("p", {}, badge(d)), h("p", { class: "soft" },
			t(`state.${stateOf(d)}.text`)),
		h("dl", { class: "facts" },
			row("fact.maker", d.manufacturer_name),
			row("fact.serial", d.serial),
			row("fact.since", date(d.created_at)),
			row("fact.seen", seen && time(seen)),
			row("fact.limited", d.quarantined_at &&
				time(d.quarantined_at)),
			row("fact.limited.why", d.quarantine_reason &&
				(has(`limited.${d.quarantine_reason}`)
					? t(`limited.${d.quarantine_reason}`)
					: d.quarantine_reason)),
			row("fact.certificate", d.certificate_not_after &&
				time(d.certificate_not_after)),
			row("fact.support", d.support_until && date(d.support_until))),
		h("h2", {}, t("history.title")), history(log.events),
		h("h2", {}, t("deeds.title")),
		d.lost ? deed(d, "found", () => showDevice(id))
			: deed(d, "lost", () => showDevice(id)),
		deed(d, "release", () => {
			location.hash = "";
		}),
		h("p", {}, h("a", { href: "#" }, t("devices.back"))));
}

async function route() {
	const id = location.hash.slice(1);
	try {
		await (/^[0-9a-f-]{36}$/.test(id) ? showDevice(id) : showList());
	} catch (error) {
		if (error.status === 401)
			throw error;
		show(t("error.title"), notice("bad", h("p", {}, explain(error))),
			h("p", {}, h("a", { href: "#" }, t("devices.back"))));
	}
}

window.addEventListener("hashchange", () => start(route));
start(route);
