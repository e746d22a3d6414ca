// openid-client against the service, one function a case.
import assert from "node:assert/strict";
import * as client from "openid-client";
import { ask, consent, facts, fetchAs, play, signingKey } from "./player.mjs";

const home = new URL(facts.url);
const devices = new URL("/v1/devices", home);

function discover(id, authentication = client.None(), options = {}) {
	return client.discovery(home, id, {}, authentication, options);
}

/** A device: its birth certificate in TLS; remembers what polls are told. */
async function deviceConfig(told = []) {
	const shown = fetchAs(facts.birth);

	return discover(facts.deviceClient, client.None(), {
		algorithm: "oauth2",
		[client.customFetch]: async (url, options) => {
			const answer = await shown(url, options);

			if (url.endsWith("/oauth2/token") && !answer.ok) {
				const { error } = await answer.clone().json();

				told.push(error);
				await ask("told", [error, told.length]);
			}
			return answer;
		} });
}

async function deviceGrant(then) {
	const told = [], config = await deviceConfig(told);
	const grant = await client.initiateDeviceAuthorization(config,
		{ scope: "enroll", csr: facts.csr });

	assert.ok(grant.verification_uri_complete.startsWith(
		grant.verification_uri));
	await ask("code", grant.user_code);
	return then({ config, grant, told });
}

function refusedWith(error) {
	return (e) => e.error === error && e.status === 400;
}

async function devicePending() {
	await deviceGrant(async ({ config, grant, told }) => {
		const tokens = await client.pollDeviceAuthorizationGrant(
			config, grant);

		assert.equal(told[0], "authorization_pending");
		assert.equal(tokens.scope, "enroll");
		assert.ok(tokens.expires_in > 0);
	});
}

/** A device that polls ten times too often learns to wait. */
async function deviceSlowDown() {
	await deviceGrant(async ({ config, grant, told }) => {
		const hasty = { ...grant, interval: grant.interval / 10 };

		await client.pollDeviceAuthorizationGrant(config, hasty);
		assert.ok(told.includes("slow_down"));
	});
}

function deviceRefused(error) {
	return () => deviceGrant(({ config, grant }) => assert.rejects(
		client.pollDeviceAuthorizationGrant(config, grant),
		refusedWith(error)));
}

async function authorize(config, DPoP, { push = true, decision } = {}) {
	const verifier = client.randomPKCECodeVerifier();
	const state = client.randomState(), nonce = client.randomNonce();
	const parameters = { redirect_uri: facts.redirect, state, nonce,
		scope: "openid devices", code_challenge_method: "S256",
		code_challenge: await client.calculatePKCECodeChallenge(verifier) };
	const url = push
		? await client.buildAuthorizationUrlWithPAR(config, parameters,
			{ DPoP })
		: client.buildAuthorizationUrl(config, parameters);

	if (push)
		assert.deepEqual([...url.searchParams.keys()].sort(),
			["client_id", "request_uri"]);
	return client.authorizationCodeGrant(config,
		await consent(url, decision), { pkceCodeVerifier: verifier,
			expectedState: state, expectedNonce: nonce,
			idTokenExpected: true }, {}, { DPoP });
}

async function appConfig() {
	const config = await discover(facts.app);

	client.enableNonRepudiationChecks(config);
	return config;
}

async function dpopHandle(config) {
	return client.getDPoPHandle(config,
		await client.randomDPoPKeyPair("ES256"));
}

async function introspect(token) {
	const config = await discover(facts.checker.id,
		client.PrivateKeyJwt(await signingKey(facts.checker.jwk)));

	return client.tokenIntrospection(config, token);
}

/** What every kind of binding has in common, from code to revocation. */
async function lifeOf(config, DPoP, tokens, stranger) {
	const claims = tokens.claims();
	const call = (token, options) => client.fetchProtectedResource(config,
		token, devices, "GET", null, undefined, options);
	const next = await client.refreshTokenGrant(config,
		tokens.refresh_token, {}, { DPoP });

	assert.equal(claims.sub, facts.owner);
	assert.ok(claims.auth_time <= claims.iat);
	assert.notEqual(next.refresh_token, tokens.refresh_token);
	assert.equal((await call(next.access_token, { DPoP })).status, 200);
	if (stranger)
		await assert.rejects(stranger(next), (e) => e.status === 401 ||
			e.error === "invalid_grant");

	const active = await introspect(next.access_token);

	assert.equal(active.active, true);
	assert.equal(active.sub, facts.owner);
	assert.equal(active.client_id, facts.app);
	await client.tokenRevocation(config, next.refresh_token);
	assert.deepEqual({ ...await introspect(next.access_token) },
		{ active: false });
	await assert.rejects(client.refreshTokenGrant(config,
		next.refresh_token, {}, { DPoP }), refusedWith("invalid_grant"));
	return active;
}

async function codeBearer() {
	const config = await appConfig();
	const tokens = await authorize(config, undefined, { push: false });

	assert.equal(tokens.token_type, "bearer");
	await lifeOf(config, undefined, tokens);
}

async function codeDpop() {
	const config = await appConfig(), DPoP = await dpopHandle(config);
	const other = await dpopHandle(config);
	const tokens = await authorize(config, DPoP);

	assert.equal(tokens.token_type, "dpop");
	const active = await lifeOf(config, DPoP, tokens, (next) =>
		client.fetchProtectedResource(config, next.access_token,
			devices, "GET", null, undefined, { DPoP: other }));

	assert.equal(active.token_type, "DPoP");
	assert.equal(active.cnf.jkt, await DPoP.calculateThumbprint());
}

async function codeMtls() {
	const config = await discover(facts.app, client.None(), {
		[client.customFetch]: fetchAs(facts.tls) });
	const plain = await appConfig();

	client.enableNonRepudiationChecks(config);
	const tokens = await authorize(config, undefined);
	const active = await lifeOf(config, undefined, tokens, (next) =>
		client.refreshTokenGrant(plain, next.refresh_token));

	assert.equal(active.cnf["x5t#S256"], facts.tls.x5t);
}

/** An owner's no comes back with the state, from this issuer. */
async function codeDenied() {
	const config = await appConfig();

	await assert.rejects(authorize(config, undefined,
		{ decision: "refuse" }), (e) => e.error === "access_denied" &&
		e.cause.get("iss") === facts.url);
}

/** RFC 9207: an answer that says another issuer is not taken. */
async function codeMixUp() {
	const config = await appConfig();
	const verifier = client.randomPKCECodeVerifier();
	const url = client.buildAuthorizationUrl(config, {
		redirect_uri: facts.redirect, scope: "devices", state: "s",
		code_challenge_method: "S256",
		code_challenge: await client.calculatePKCECodeChallenge(verifier) });
	const answer = await consent(url);
	const checks = { pkceCodeVerifier: verifier, expectedState: "s" };
	const forged = new URL(answer);

	forged.searchParams.set("iss", "https://other.example");
	await assert.rejects(client.authorizationCodeGrant(config, forged,
		checks), { code: "OAUTH_INVALID_RESPONSE" });
	forged.searchParams.delete("iss");
	await assert.rejects(client.authorizationCodeGrant(config, forged,
		checks), { code: "OAUTH_INVALID_RESPONSE" });
	await client.authorizationCodeGrant(config, answer, checks);
}

/** Both documents say the same, and what they say suffices. */
async function discovery() {
	const documents = await Promise.all(["oidc", "oauth2"].map(
		async (algorithm) => (await discover(facts.app, client.None(),
			{ algorithm })).serverMetadata()));

	assert.deepEqual(documents[0], documents[1]);
	assert.equal(documents[0].supportsPKCE(), true);
}

await play({ codeBearer, codeDenied, codeDpop, codeMixUp, codeMtls,
	deviceDenied: deviceRefused("access_denied"),
	deviceExpired: deviceRefused("expired_token"),
	devicePending, deviceSlowDown, discovery });
