// node's oidc-provider as the platform's own identity provider: its metadata,
// its keys, and access tokens (RFC 9068) from its token endpoint, for owners
// who signed in as the settings say; a code each goes out.
import https from "node:https";
import fs from "node:fs";
import readline from "node:readline";
import Provider from "oidc-provider";

console.info = console.error;

const lines = readline.createInterface({ input: process.stdin })[
	Symbol.asyncIterator]();
const { port, cert, key, audience, logins } = JSON.parse(
	(await lines.next()).value);
const redirectUri = "https://platform.example/done";
const scope = "openid approvals devices";
const provider = new Provider(`https://localhost:${port}`, {
	clients: [{ client_id: "platform", client_secret: "secret-of-platform",
		token_endpoint_auth_method: "client_secret_post",
		redirect_uris: [redirectUri] }],
	scopes: scope.split(" "),
	pkce: { required: () => false },
	findAccount: (_, id) => ({ accountId: id,
		claims: () => ({ sub: id }) }),
	extraTokenClaims: ({ oidc }) => ({
		auth_time: oidc.entities.AuthorizationCode.authTime,
		acr: oidc.entities.AuthorizationCode.acr }),
	features: { devInteractions: { enabled: false },
		resourceIndicators: { enabled: true,
			defaultResource: () => audience,
			useGrantedResource: () => true,
			getResourceServerInfo: () => ({ audience, scope,
				accessTokenFormat: "jwt" }) } } });

/** What a sign-in and a yes at its pages would have led to. */
async function code({ sub, auth_time: authTime, acr }) {
	const client = await provider.Client.find("platform");
	const grant = new provider.Grant({ accountId: sub,
		clientId: "platform" });

	grant.addOIDCScope(scope);
	grant.addResourceScope(audience, scope);
	return new provider.AuthorizationCode({ accountId: sub, client, scope,
		redirectUri, authTime, acr, resource: audience,
		grantId: await grant.save(), gty: "authorization_code",
	}).save();
}

https.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) },
	provider.callback()).listen(port, "127.0.0.1", async () => {
	const codes = [];

	for (const login of logins)
		codes.push(await code(login));
	process.stdout.write(JSON.stringify(codes) + "\n");
});
