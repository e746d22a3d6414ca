// /home: who sees this account's devices, and whose devices it sees.
import { api, busy, date, deed, h, handed, notice, show, start, t, time, touch }
	from "/assets/app.js";

// One row with one thing to do to it.
function row(title, soft, words, run) {
	const said = h("div", { "aria-live": "assertive" });
	const box = h("li", { class: "card" }, h("h3", {}, title),
		h("p", { class: "soft" }, soft), said,
		h("button", { type: "button", class: "danger",
			"aria-label": `${t(words)}: ${title}`,
			onclick: () => busy(box, run, said) }, t(words)));
	return box;
}

function members(home, again) {
	const rows = [...home.members.map((m) => row(m.name,
		t("home.since", { at: date(m.since) }), "home.remove", async () => {
			await api("DELETE", `/v1/home/members/${m.id}`);
			await again();
		})), ...home.invitations.map((i) => row(t("home.invited"),
		t("home.until", { at: time(i.expires_at) }), "home.uninvite",
		async () => {
			await api("DELETE", `/v1/home/invitations/${i.id}`);
			await again();
		}))];
	return rows.length ? h("ul", { class: "cards" }, rows)
		: h("div", { class: "empty" }, h("p", {}, t("home.nobody")));
}

const invitation = () => deed("invite", async (box) => {
	const link = await api("POST", "/v1/home/invitations",
		await touch("invite"));
	box.replaceWith(handed(link, "invite"));
}, { class: null });

const seen = (homes, again) => homes.map((home) => row(
	t("home.of", { name: home.name }),
	t("home.since", { at: date(home.since) }), "home.leave", async () => {
		await api("DELETE", `/v1/homes/${home.id}`);
		await again();
	}));

async function showHome() {
	const again = () => start(showHome);
	const [home, { homes }] = await Promise.all([api("GET", "/v1/home"),
		api("GET", "/v1/homes")]);
	show(t("home.title"), h("p", { class: "lead" }, t("home.lead")),
		h("h2", {}, t("home.members")), members(home, again), invitation(),
		h("section", {}, h("h2", {}, t("home.others")),
			homes.length ? h("ul", { class: "cards" }, seen(homes, again))
				: h("p", {}, t("home.none")),
			h("p", {}, h("a", { href: "/join" }, t("join.to")))));
}

start(showHome);
