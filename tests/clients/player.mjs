// One case of a test: its facts come as one line of JSON, and what the owner
// is to do meanwhile is asked for by further lines, each with its answer.
import https from "node:https";
import fs from "node:fs";
import readline from "node:readline";

const lines = readline.createInterface({ input: process.stdin })[
	Symbol.asyncIterator]();

async function next() {
	return JSON.parse((await lines.next()).value);
}

/** What the test knows: url, clients, keys. */
export const facts = await next();

/** Has the owner do something, and says what came of it. */
export async function ask(what, argument = null) {
	process.stdout.write(JSON.stringify([what, argument]) + "\n");
	return next();
}

/** fetch with a TLS client certificate, which node's own cannot show. */
export function fetchAs({ cert, key }) {
	const agent = new https.Agent({ keepAlive: true,
		cert: fs.readFileSync(cert), key: fs.readFileSync(key) });

	return (url, { method, headers, body }) => new Promise((take, fail) => {
		const call = https.request(url, { agent, method, headers:
			Object.fromEntries(new Headers(headers)) }, (answer) => {
			const parts = [];

			answer.on("data", (part) => parts.push(part));
			answer.on("end", () => {
				agent.destroy();
				take(new Response(Buffer.concat(parts), {
					status: answer.statusCode,
					headers: answer.headers }));
			});
		});

		call.on("error", fail);
		call.end(body == null ? undefined : String(body));
	});
}

/** A key pair of a JWK, or its private key for signing. */
export function signingKey(jwk) {
	return crypto.subtle.importKey("jwk", jwk,
		{ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
}

/** The browser's part: to the owner's page, and back with the answer. */
export async function consent(url, decision = "allow") {
	const page = await fetch(url, { redirect: "manual" });
	const [, handle] = page.headers.get("location").split("#");

	return new URL(await ask(decision, handle));
}

/** Runs the case that the command line names. */
export async function play(cases) {
	await cases[process.argv[2]]();
	await ask("done");
	process.exit(0);
}
