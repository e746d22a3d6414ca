// /account: passkeys, recovery codes, and leaving.
import { account, addPasskey, allDevices, allOf, api, button, busy, date, field, form, h, notice,
	show, signOut, start, t, time, touch } from "/assets/app.js";

function passkeys(a, again) {
	const said = h("div", { "aria-live": "assertive" });
	const box = h("section", {}, h("h2", {}, t("passkeys.title")),
		h("p", {}, t("passkeys.lead")),
		h("ul", { class: "cards" }, a.passkeys.map((p) =>
			h("li", { class: "card" }, h("h3", {}, p.name),
				h("p", { class: "soft" },
					t("passkeys.since", { at: date(p.created_at) }), " ",
					p.used_at ? t("passkeys.used",
						{ at: time(p.used_at) }) : "", " ",
					t(p.backed_up ? "passkeys.synced"
						: "passkeys.here")),
				a.passkeys.length > 1 && h("button", { type: "button",
					class: "danger",
					"aria-label": t("passkeys.remove-of",
						{ name: p.name }),
					onclick: () => busy(box, async () => {
						await api("POST",
							`/v1/account/passkeys/${p.id}/removal`,
							await touch("passkey-remove", p.id));
						await again();
					}, said) }, t("passkeys.remove")) || null))),
		said);
	const name = field(t("passkeys.name"), { maxlength: 64 });
	box.append(form(async () => {
		await addPasskey(name.input.value.trim());
		await again();
	}, [name.row], button(t("passkeys.add"), { class: "second" })));
	return box;
}

function codes(a) {
	const said = h("div", { "aria-live": "assertive" });
	const place = h("div", {}, h("p", {}, t(a.recovery_codes
		? "codes.left" : "codes.none", { n: a.recovery_codes })));
	const box = h("section", {}, h("h2", {}, t("codes.title")),
		h("p", {}, t("codes.lead")), place, said,
		h("button", { type: "button", class: "second", id: "codes",
			onclick: () => busy(box, async () => {
				const made = await api("POST", "/v1/account/recovery-codes",
					await touch("recovery-codes"));
				place.replaceChildren(notice("warn",
					h("p", {}, t("codes.once")),
					h("ul", { class: "codes" }, made.codes.map((c) =>
						h("li", {}, h("code", {}, c))))));
			}, said) }, t("codes.make")));
	return box;
}

// All that is kept of the owner, as a file.
async function save() {
	const devices = await allDevices();
	for (const d of devices)
		Object.assign(d, {
			history: await allOf(`/v1/devices/${d.id}/history`,
				"events"),
			attestations: await allOf(
				`/v1/devices/${d.id}/attestations`, "attestations"),
			...await api("GET", `/v1/devices/${d.id}/children`),
		});
	const text = JSON.stringify({ account: await account(true), devices,
		home: await api("GET", "/v1/home"),
		...await api("GET", "/v1/homes") }, null, "\t");
	const link = h("a", { download: "account.json", href:
		URL.createObjectURL(new Blob([text],
			{ type: "application/json" })) });
	link.click();
	URL.revokeObjectURL(link.href);
}

function leaving(again) {
	const said = h("div", { "aria-live": "assertive" });
	const box = h("section", {}, h("h2", {}, t("data.title")),
		h("p", {}, t("data.lead")),
		h("p", {}, h("button", { type: "button", class: "second",
			id: "export", onclick: () => busy(box, save, said) },
		t("data.export"))),
		h("details", { class: "deed" }, h("summary", {}, t("delete.to")),
			h("p", {}, t("delete.text")), said,
			h("button", { type: "button", class: "danger", id: "delete",
				onclick: () => busy(box, async () => {
					await api("POST", "/v1/account/deletion",
						await touch("account-delete"));
					show(t("delete.done-title"), notice("good",
						h("p", {}, t("delete.done"))));
				}, said) }, t("delete.go"))),
		h("div", { class: "buttons" }, h("button", { type: "button",
			class: "second", id: "sign-out", onclick: () => busy(box,
				async () => {
					await signOut();
					await again();
				}, said) }, t("signout"))));
	return box;
}

async function showAccount() {
	const a = await account(true);
	const again = () => start(showAccount);
	show(t("account.title"), h("p", { class: "lead" },
		t("account.lead", { name: a.name, at: date(a.created_at) })),
	passkeys(a, again), codes(a), leaving(again));
}

start(showAccount);
