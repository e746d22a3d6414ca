// /devices: what the owner has, what they see of others', and one of theirs.
import { allDevices, allOf, api, busy, date, deed, explain, h, handed, has,
	notice, show, start, t, time, touch } from "/assets/app.js";
import { sensors } from "/assets/children.js";

const stateOf = (d) => d.quarantined ? "quarantined" : d.lost ? "lost"
	: !d.certificate_not_after ? "waiting"
	: new Date(d.certificate_not_after) < new Date() ? "asleep" : "fine";

const badge = (d) => h("span", { class: `badge ${stateOf(d)}` },
	t(`state.${stateOf(d)}`));

const card = (d, link) => h("li", { class: "card" },
	h("h2", {}, link ? h("a", { href: `#${d.id}` }, d.model_name)
		: d.model_name),
	h("p", { class: "soft" }, d.manufacturer_name,
		d.serial ? ` · ${d.serial}` : ""),
	h("p", {}, badge(d), d.transfer_until ? [" ",
		h("span", { class: "badge" }, t("transfer.badge"))] : null,
	d.children_waiting ? [" ", h("span", { class: "badge pending" },
		t("children.waiting"))] : null));

// A home of somebody else's: to look at.
async function homeOf(home) {
	const devices = await allOf(`/v1/homes/${home.id}/devices`,
		"devices");
	return h("section", {}, h("h2", {}, t("home.of", { name: home.name })),
		devices.length
			? h("ul", { class: "cards" }, devices.map((d) => card(d, false)))
			: h("p", { class: "soft" }, t("home.empty")));
}

async function showList() {
	const [devices, { homes }] = await Promise.all([allDevices(),
		api("GET", "/v1/homes")]);
	const others = await Promise.all(homes.map(homeOf));
	show(t("devices.title"), devices.length
		? h("ul", { class: "cards" }, devices.map((d) => card(d, true)))
		: h("div", { class: "empty" }, h("p", {}, t("devices.none"))),
	h("p", {}, h("a", { class: "button", href: "/activate" },
		t("devices.add"))),
	others, h("p", { class: "after" }, h("a", { href: "/home" },
		t("home.to"))));
}

function history(events) {
	const known = events.filter((e) => has(`event.${e.kind}`));
	if (!known.length)
		return h("p", { class: "soft" }, t("history.none"));
	return h("ol", { class: "history" }, known.map((e) =>
		h("li", {}, h("time", { datetime: e.at, class: "soft" },
			time(e.at)), " ", t(`event.${e.kind}`),
		e.code && has(`why.${e.code}`) ? `: ${t(`why.${e.code}`)}` : "")));
}

// What is done to a device by a touch for it.
const byTouch = (d, action, then) => deed(action, async () => {
	await api("POST", `/v1/devices/${d.id}/${action}`,
		await touch(action, d.id));
	await then();
});

// To somebody else: the code, once; or that it is offered, and back.
function transfer(d, again) {
	if (!d.transfer_until)
		return deed("transfer", async (box) => {
			const link = await api("POST", `/v1/devices/${d.id}/transfer`,
				await touch("transfer", d.id));
			const made = handed(link, "transfer");
			box.replaceWith(made, transfer(
				{ ...d, transfer_until: link.expires_at }, again));
			made.scrollIntoView();
		}, { class: null });
	const said = h("div", { "aria-live": "assertive" });
	const box = h("div", {}, notice("warn", h("p", {}, t("transfer.open",
		{ until: time(d.transfer_until) }))), said,
	h("div", { class: "buttons" }, h("button", { type: "button",
		class: "second", id: "withdraw", onclick: () => busy(box,
			async () => {
				await api("DELETE", `/v1/devices/${d.id}/transfer`);
				await again();
			}, said) }, t("transfer.back"))));
	return box;
}

async function showDevice(id) {
	const [d, log, { children }] = await Promise.all([
		api("GET", `/v1/devices/${id}`),
		api("GET", `/v1/devices/${id}/history?limit=100`),
		api("GET", `/v1/devices/${id}/children`)]);
	// What the device itself did last.
	const seen = log.events.find((e) => /^(certificate|token)\./
		.test(e.kind))?.at;
	const row = (key, value) => value
		? h("div", {}, h("dt", {}, t(key)), h("dd", {}, value)) : null;
	const again = () => showDevice(id);
	show(d.model_name,
		h("p", {}, badge(d)), h("p", { class: "soft" },
			t(`state.${stateOf(d)}.text`)),
		h("div", { class: "facts" }, h("dl", {},
			row("fact.maker", d.manufacturer_name),
			row("fact.serial", d.serial),
			row("fact.since", date(d.created_at)),
			row("fact.seen", seen ? time(seen) : t("seen.never")),
			row("fact.limited", d.quarantined_at &&
				time(d.quarantined_at)),
			row("fact.limited.why", d.quarantine_reason &&
				(has(`limited.${d.quarantine_reason}`)
					? t(`limited.${d.quarantine_reason}`)
					: d.quarantine_reason)),
			row("fact.certificate", d.certificate_not_after &&
				time(d.certificate_not_after)),
			row("fact.support", d.support_until ? date(d.support_until)
				: t("fact.unknown")))),
		sensors(d, children, again),
		h("h2", {}, t("history.title")), history(log.events),
		h("h2", {}, t("deeds.title")),
		byTouch(d, d.lost ? "found" : "lost", again),
		transfer(d, again),
		byTouch(d, "release", () => {
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
