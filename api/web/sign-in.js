// /sign-in: then on to a page of ours.
import { start } from "/assets/app.js";

// Where ?next= leads, if that is here.
function next() {
	const asked = new URLSearchParams(location.search).get("next");
	try {
		const url = new URL(asked || "/devices", location.origin);
		return url.origin === location.origin ? url.href : "/devices";
	} catch {
		return "/devices";
	}
}

start(() => location.replace(next()));
