// What the pages share: words, elements, calls, passkeys, signing in.
import strings from "/assets/strings.js";

// ---- words

const wished = localStorage.getItem("language") || navigator.language || "";
export const language = wished.startsWith("de") ? "de" : "en";
document.documentElement.lang = language;

// The text of a key, with {name}s filled in.
export function t(key, values = {}) {
	const text = strings[language][key] ?? strings.en[key] ?? key;
	return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const has = (key) => key in strings.en;

export const date = (iso) => new Intl.DateTimeFormat(language,
	{ dateStyle: "long", timeZone: "UTC" }).format(new Date(iso));
export const time = (iso) => new Intl.DateTimeFormat(language,
	{ dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));

// ---- elements

// h("p", {class: "soft"}, "text", child): texts are text, never markup.
export function h(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith("on"))
			element.addEventListener(name.slice(2), value);
		else if (value !== false && value != null)
			element.setAttribute(name, value === true ? "" : value);
	}
	element.append(...children.flat().filter((c) => c != null));
	return element;
}

// An image of our own making: a QR code, dark on light in either scheme.
export function qrCode({ size, path }, label) {
	const svg = (tag, attributes, ...children) => {
		const element = document.createElementNS(
			"http://www.w3.org/2000/svg", tag);
		for (const [name, value] of Object.entries(attributes))
			element.setAttribute(name, value);
		element.append(...children);
		return element;
	};
	return svg("svg", { class: "qr", role: "img", "aria-label": label,
		viewBox: `-4 -4 ${size + 8} ${size + 8}`,
		"shape-rendering": "crispEdges" }, svg("path", { d: path }));
}

const main = document.querySelector("main");

// Shows a view, says so to a screen reader, and starts it at its heading.
export function show(title, ...children) {
	const heading = h("h1", { tabindex: "-1" }, title);
	main.replaceChildren(heading, ...children.flat().filter((c) => c));
	document.title = `${title} – ${t("service")}`;
	heading.focus();
}

export const notice = (kind, ...children) =>
	h("div", { class: `notice ${kind}`,
		role: kind === "bad" ? "alert" : "status" }, ...children);

let fields = 0;

// A labelled field; hint is read with it.
export function field(label, attributes, hint) {
	const id = attributes.id ?? `field${++fields}`;
	const input = h("input", { id, required: true, ...attributes,
		"aria-describedby": hint ? `${id}-hint` : null });
	return { input, row: h("div", { class: "field" },
		h("label", { for: id }, label), input,
		hint && h("p", { id: `${id}-hint`, class: "soft" }, hint)) };
}

// A form whose failure is said above its buttons; run may throw.
export function form(run, rows, ...buttons) {
	const said = h("div", { "aria-live": "assertive" });
	const element = h("form", { onsubmit: (event) => {
		event.preventDefault();
		busy(element, () => run(event.submitter?.value), said);
	} }, rows, said, h("div", { class: "buttons" }, buttons));
	return element;
}

export const button = (text, attributes = {}) =>
	h("button", { type: "submit", ...attributes }, text);

// Runs with all buttons within element off; says what went wrong in place.
export async function busy(element, run, said) {
	const buttons = element.querySelectorAll("button");
	buttons.forEach((b) => { b.disabled = true; });
	element.setAttribute("aria-busy", "true");
	said.replaceChildren();
	try {
		await run();
	} catch (error) {
		said.replaceChildren(notice("bad", h("p", {}, explain(error))));
	} finally {
		element.removeAttribute("aria-busy");
		buttons.forEach((b) => { b.disabled = false; });
	}
}

// One thing to do: asked once more, and said in place if it fails.
export function deed(words, run, attributes = {}, values = {}) {
	const said = h("div", { "aria-live": "assertive" });
	const box = h("details", { class: "deed" },
		h("summary", {}, t(`${words}.to`, values)),
		h("p", {}, t(`${words}.text`)), said,
		h("div", { class: "buttons" }, h("button", { type: "button",
			id: words, class: "danger", ...attributes,
			onclick: () => busy(box, () => run(box), said) },
		t(`${words}.go`))));
	return box;
}

// A code for somebody else, with its link as a picture for their phone.
export const handed = (link, words) => notice("good",
	h("p", {}, t(`${words}.made`, { until: time(link.expires_at) })),
	h("p", { class: "handed" }, h("code", {}, link.code)),
	qrCode(link.qr, t("qr.label")),
	h("p", { class: "soft" }, t("qr.once")));

// A one-time code that came by link, taken out of the address bar at once.
export function linkedCode(path) {
	const code = location.hash.slice(1);
	history.replaceState(null, "", path);
	window.addEventListener("hashchange", () => location.reload());
	return code;
}

// Asks for a long code; then(code) with what was typed or linked.
export function askCode(words, linked, then) {
	const code = field(t("long.label"), { id: "code", class: "code long",
		autocomplete: "off", autocapitalize: "characters",
		spellcheck: "false", maxlength: 32, value: linked || null },
	t("long.hint"));
	show(t(`${words}.title`), h("p", { class: "lead" }, t(`${words}.lead`)),
		form(() => then(code.input.value), [code.row],
			button(t("continue"), { id: "continue" })),
		h("section", {}, h("h2", {}, t(`${words}.careful`)),
			h("p", {}, t(`${words}.careful-text`))));
}

// ---- calls

export class Refusal extends Error {
	constructor(problem, status) {
		super(problem.title);
		this.code = (problem.type || "").split(":").pop();
		this.status = status;
		this.id = (problem.instance || "").split(":").pop();
	}
}

// The camera is none of ours to use.
export class Unseen extends Error {}

// What went wrong, in plain words.
export function explain(error) {
	if (error instanceof Unseen)
		return t("error.camera");
	if (error instanceof Refusal)
		return has(`error.${error.code}`) ? t(`error.${error.code}`)
			: t("error.other", { id: error.id });
	if (error.name === "NotAllowedError" || error.name === "AbortError")
		return t("error.passkey-cancelled");
	if (error.name === "InvalidStateError")
		return t("error.passkey-known");
	if (error instanceof TypeError)
		return t("error.network");
	return t("error.passkey");
}

let session = null;

export async function api(method, path, body) {
	const headers = {};
	if (body !== undefined)
		headers["Content-Type"] = "application/json";
	if (session)
		headers["X-CSRF-Token"] = session.csrf;
	const answer = await fetch(path, { method, headers,
		body: body === undefined ? undefined : JSON.stringify(body),
		credentials: "same-origin", redirect: "error" });
	if (answer.status === 204)
		return null;
	const json = await answer.json();
	if (!answer.ok)
		throw new Refusal(json, answer.status);
	return json;
}

// ---- passkeys

const decode = (text) => Uint8Array.from(
	atob(text.replace(/-/g, "+").replace(/_/g, "/")),
	(c) => c.charCodeAt(0));
const encode = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
	.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function answer(asked, known = []) {
	const { rawId, response } = await navigator.credentials.get({ publicKey: {
		challenge: decode(asked.challenge), rpId: asked.rp_id,
		userVerification: "required",
		allowCredentials: known.map((id) =>
			({ type: "public-key", id: decode(id) })),
	} });
	return { challenge: asked.challenge, credential_id: encode(rawId),
		client_data: encode(response.clientDataJSON),
		authenticator_data: encode(response.authenticatorData),
		signature: encode(response.signature) };
}

async function make(asked, account, name, known = []) {
	const { response } = await navigator.credentials.create({ publicKey: {
		challenge: decode(asked.challenge),
		rp: { id: asked.rp_id, name: t("service") },
		user: { id: new TextEncoder().encode(account), name,
			displayName: name },
		pubKeyCredParams: [-7, -8, -257].map((alg) =>
			({ type: "public-key", alg })),
		authenticatorSelection: { residentKey: "required",
			requireResidentKey: true, userVerification: "required" },
		excludeCredentials: known.map((id) =>
			({ type: "public-key", id: decode(id) })),
		attestation: "none",
	} });
	return { challenge: asked.challenge,
		client_data: encode(response.clientDataJSON),
		attestation: encode(response.attestationObject) };
}

let own = null;

// The signed-in account, once a page.
export async function account(again = false) {
	if (!own || again)
		own = await api("GET", "/v1/account");
	return own;
}

// The owner's touch for one action on one target.
export async function touch(action, target = "") {
	const known = (await account()).passkeys.map((p) => p.credential_id);
	return answer(await api("POST", "/v1/account/challenges",
		{ action, target }), known);
}

// A further passkey: by the touch of one that there is, unless a recovery
// code opened this session.
export async function addPasskey(name) {
	const asked = await api("POST", "/v1/account/challenges",
		{ action: "passkey-add" });
	const body = { name };
	let known = [];
	if (!session.recovery) {
		known = (await account()).passkeys.map((p) => p.credential_id);
		body.touch = await answer(asked, known);
	}
	body.made = await make(asked, session.account, session.name, known);
	await api("POST", "/v1/account/passkeys", body);
}

export const allDevices = () => allOf("/v1/devices", "devices");

// Every row of a listing, page by page.
export async function allOf(path, rows) {
	const all = [];
	let next = "";
	do {
		const page = await api("GET", `${path}?limit=100${next}`);
		all.push(...page[rows]);
		next = page.next ? `&after=${page.next}` : "";
	} while (next);
	return all;
}

// ---- who is signed in

export async function signOut() {
	await api("DELETE", "/v1/session");
	session = own = null;
}

const deviceName = () => /Android/.test(navigator.userAgent) ? "Android"
	: /iPhone|iPad/.test(navigator.userAgent) ? "iPhone, iPad"
	: /Windows/.test(navigator.userAgent) ? "Windows"
	: /Mac/.test(navigator.userAgent) ? "Mac" : "Linux";

async function signIn() {
	session = await api("POST", "/v1/session",
		await answer(await api("POST", "/v1/session/challenges")));
}

async function signUp(name) {
	const asked = await api("POST", "/v1/accounts/challenges");
	session = await api("POST", "/v1/accounts", { account: asked.account,
		name, passkey: deviceName(),
		made: await make(asked.touch, asked.account, name) });
}

function showSignUp(then) {
	const name = field(t("signup.name"), { maxlength: 64,
		autocomplete: "name" }, t("signup.name-hint"));
	show(t("signup.title"), h("p", { class: "lead" }, t("signup.lead")),
		form(async () => {
			await signUp(name.input.value.trim());
			await start(then);
		}, [name.row], button(t("signup.go"), { id: "sign-up" }),
			button(t("back"), { type: "button", class: "quiet",
				onclick: () => showSignIn(then) })));
}

function showRecovery(then) {
	const code = field(t("recover.code"), { autocomplete: "off",
		autocapitalize: "characters", spellcheck: "false", maxlength: 32 },
	t("recover.hint"));
	show(t("recover.title"), h("p", { class: "lead" }, t("recover.lead")),
		form(async () => {
			session = await api("POST", "/v1/session/recovery",
				{ code: code.input.value });
			await start(then);
		}, [code.row], button(t("continue")),
			button(t("back"), { type: "button", class: "quiet",
				onclick: () => showSignIn(then) })));
}

function showEnrol(then) {
	show(t("enrol.title"), h("p", { class: "lead" }, t("enrol.lead")),
		form(async () => {
			await addPasskey(deviceName());
			await signOut();
			await start(then);
		}, [], button(t("enrol.go"))));
}

function showSignIn(then) {
	chrome();
	show(t("signin.title"), h("p", { class: "lead" }, t("signin.lead")),
		window.PublicKeyCredential ? null
			: notice("bad", h("p", {}, t("signin.unable"))),
		form(async () => {
			await signIn();
			await start(then);
		}, [], button(t("signin.go"), { id: "sign-in" })),
		h("section", {}, h("h2", {}, t("signin.new")),
			h("p", {}, t("signin.new-lead")),
			h("button", { type: "button", class: "second", id: "to-sign-up",
				onclick: () => showSignUp(then) }, t("signup.to"))),
		h("p", {}, h("button", { type: "button", class: "link",
			onclick: () => showRecovery(then) }, t("recover.to"))));
}

// Runs then(session) for who is signed in; everybody else signs in first.
export async function start(then) {
	try {
		session = session ?? await api("GET", "/v1/session");
	} catch (error) {
		session = null;
		if (error.status === 401)
			return showSignIn(then);
		show(t("error.title"), notice("bad", h("p", {}, explain(error))));
		return undefined;
	}
	if (session.recovery)
		return showEnrol(then);
	chrome();
	try {
		return await then(session);
	} catch (error) {
		if (error.status === 401) {
			session = own = null;
			return showSignIn(then);
		}
		show(t("error.title"), notice("bad", h("p", {}, explain(error))));
		return undefined;
	}
}

// ---- what is around every view

function chrome() {
	const here = location.pathname;
	const link = (to, text) => h("a", { href: to,
		"aria-current": to === here ? "page" : null }, text);
	document.querySelector("header").replaceChildren(
		h("a", { href: "/devices", class: "brand" }, t("service")),
		session && h("nav", { "aria-label": t("nav") },
			link("/devices", t("nav.devices")),
			link("/activate", t("nav.add")),
			link("/account", t("nav.account"))) || "");
	const other = language === "de" ? "en" : "de";
	document.querySelector("footer").replaceChildren(
		h("button", { type: "button", class: "link", lang: other,
			onclick: () => {
				localStorage.setItem("language", other);
				location.reload();
			} }, strings[other].language));
	const old = document.querySelector("#held");
	if (old)
		old.remove();
	if (session?.held_until)
		main.before(h("div", { id: "held" }, notice("warn", h("p", {},
			t("held", { at: time(session.recovered_at),
				until: time(session.held_until) })))));
}

chrome();
