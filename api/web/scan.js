// Reading a QR code with this phone's camera, where the browser can.
import { Unseen, busy, h, t } from "/assets/app.js";

const able = () => "BarcodeDetector" in window &&
	navigator.mediaDevices?.getUserMedia;

// Looks at the camera until it sees a link of ours; then what follows "#".
async function watch(box, path) {
	const stream = await navigator.mediaDevices.getUserMedia(
		{ video: { facingMode: "environment" } }).catch(() => {
		throw new Unseen();
	});
	const video = h("video", { class: "scan", playsinline: true,
		"aria-label": t("scan.video") });
	const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
	let over = false;
	try {
		video.muted = true;
		video.srcObject = stream;
		box.replaceChildren(video, h("button", { type: "button",
			class: "quiet", id: "scan-end", onclick: () => {
				over = true;
			} }, t("scan.end")));
		await video.play();
		while (!over) {
			for (const { rawValue } of await detector.detect(video)) {
				const url = URL.canParse(rawValue) && new URL(rawValue);
				if (url && url.origin === location.origin &&
					url.pathname === path && url.hash)
					return url.hash.slice(1);
			}
			await new Promise((done) => setTimeout(done, 200));
		}
		return null;
	} finally {
		stream.getTracks().forEach((track) => track.stop());
	}
}

// A button that scans, or what to do in a browser that cannot.
export function scanner(path, then) {
	const box = h("div", { class: "scanner" });
	const said = h("div", { "aria-live": "assertive" });
	const start = h("button", { type: "button", class: "second", id: "scan",
		onclick: () => busy(start.parentElement, async () => {
			const found = await watch(box, path);
			box.replaceChildren(start);
			if (found)
				then(found);
		}, said).finally(() => box.isConnected &&
			box.replaceChildren(start)) }, t("scan.go"));
	box.append(able() ? start : h("p", { class: "soft" }, t("scan.unable")));
	return h("div", {}, box, said);
}
