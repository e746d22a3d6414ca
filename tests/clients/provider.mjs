// node's oidc-provider, with its state in memory: the peer of "make bench".
// Its settings come as a line of JSON; what it has given, and that it
// listens, goes out as one.
import https from "node:https";
import fs from "node:fs";
import readline from "node:readline";
import Provider from "oidc-provider";

// Its notices are not for our reader.
console.info = console.error;

const lines = readline.createInterface({ input: process.stdin })[
	Symbol.asyncIterator]();
const settings = JSON.parse((await lines.next()).value);
const { port, cert, key, chains } = settings;
const client = { client_id: "app", client_secret: "secret-of-the-app",
	token_endpoint_auth_method: "client_secret_post",
	redirect_uris: ["https://app.example/done"],
	grant_types: ["authorization_code", "refresh_token",
		"urn:ietf:params:oauth:grant-type:device_code"] };
const provider = new Provider(`https://localhost:${port}`, {
	clients: [client],
	features: { deviceFlow: { enabled: true },
		introspection: { enabled: true },
		devInteractions: { enabled: false } },
	rotateRefreshToken: true,
	findAccount: (_, id) => ({ accountId: id,
		claims: () => ({ sub: id }) }) });

/** What an owner's yes would have led to. */
async function give() {
	const accountId = "owner", scope = "openid offline_access";
	const app = await provider.Client.find("app");
	const grant = new provider.Grant({ accountId, clientId: "app" });

	grant.addOIDCScope(scope);
	const common = { accountId, client: app, scope,
		grantId: await grant.save(), gty: "authorization_code" };
	const refresh = await new provider.RefreshToken(common).save();
	const access = await new provider.AccessToken(common).save();

	return { refresh, access };
}

https.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) },
	provider.callback()).listen(port, "127.0.0.1", async () => {
	const given = [];

	for (let i = 0; i < chains; i++)
		given.push(await give());
	process.stdout.write(JSON.stringify(given) + "\n");
});
