// /sign-in: then on to a page of ours.
import { start } from "/assets/app.js";

const next = new URL(new URLSearchParams(location.search).get("next") ||
	"/devices", location.origin);

start(() => location.replace(next.origin === location.origin ? next.href
	: "/devices"));
