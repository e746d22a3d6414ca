// Sensors behind a device of the owner's: what waits, what was let in.
import { api, busy, deed, h, language, notice, t, time, touch }
	from "/assets/app.js";

const stateOf = (c) => new Date(c.expires_at) < new Date() ? "ended" : c.state;

// What it may, or would: in words.
const what = (c) => new Intl.ListFormat(language).format(
	c.scope.split(" ").map((scope) => t(`child.${scope}`)));

const word = async (hub, c, decision) => api("POST",
	`/v1/devices/${hub}/children/${c.id}/decision`,
	{ decision, touch: await touch(decision, c.id) });

// Yes or no, alike.
function ask(hub, c, again) {
	const said = h("div", { "aria-live": "assertive" });
	const choice = (decision) => h("button", { type: "button",
		class: "second", id: `${decision}-${c.id}`,
		"aria-label": `${t(`child.${decision}`)}: ${c.name}`,
		onclick: () => busy(box, async () => {
			await word(hub, c, decision);
			await again();
		}, said) }, t(`child.${decision}`));
	const box = h("div", {}, said, h("div", { class: "buttons equal" },
		choice("deny"), choice("approve")));
	return box;
}

function row(d, c, again) {
	const hub = d.id, good = !d.lost && !d.quarantined;
	const state = stateOf(c);
	const at = { at: time(c.created_at), until: time(c.expires_at) };
	return h("li", { class: "card" }, h("h3", {}, c.name),
		h("p", { class: "soft" }, c.serial),
		h("p", {}, h("span", { class: `badge ${state}` },
			t(`child.${state}`))),
		h("p", {}, t(state === "pending" ? "child.wants" : "child.may",
			{ what: what(c) })),
		h("p", { class: "soft" }, t(`child.${state}.text`, at)),
		state === "pending" && good ? ask(hub, c, again) : null,
		state === "approved" ? deed("child.remove", async () => {
			await word(hub, c, "release");
			await again();
		}, { id: `remove-${c.id}` }, { name: c.name }) : null);
}

// Nothing, for what is no hub.
export function sensors(d, children, again) {
	const alive = children.filter((c) =>
		["pending", "approved"].includes(c.state));
	return alive.length ? [h("h2", {}, t("children.title")),
		h("p", { class: "soft" }, t("children.lead")),
		d.lost || d.quarantined
			? notice("warn", h("p", {}, t("children.paused"))) : null,
		h("ul", { class: "cards" }, alive.map((c) => row(d, c, again)))]
		: null;
}
