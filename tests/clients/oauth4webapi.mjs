// oauth4webapi against the service, one function a case: each answer is read
// by its strict reader.
import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";
import { ask, consent, facts, fetchAs, play, signingKey } from "./player.mjs";

const issuer = new URL(facts.url);
const none = oauth.None();
const app = { client_id: facts.app };

async function discover(algorithm = "oidc") {
	return oauth.processDiscoveryResponse(issuer,
		await oauth.discoveryRequest(issuer, { algorithm }));
}

/** Sends, and once more where the first was told a nonce. */
async function withNonce(send) {
	try {
		return await send();
	} catch (e) {
		if (!oauth.isDPoPNonceError(e))
			throw e;
		return send();
	}
}

/** From the question to the tokens; options say how the key is shown. */
async function obtain(as, options, scope = "openid devices") {
	const verifier = oauth.generateRandomCodeVerifier();
	const state = oauth.generateRandomState();
	const nonce = oauth.generateRandomNonce();
	const challenge = await oauth.calculatePKCECodeChallenge(verifier);
	const pushed = await withNonce(async () =>
		oauth.processPushedAuthorizationResponse(as, app,
			await oauth.pushedAuthorizationRequest(as, app, none, {
				response_type: "code", scope, state, nonce,
				redirect_uri: facts.redirect,
				code_challenge: challenge,
				code_challenge_method: "S256" }, options)));
	const url = new URL(as.authorization_endpoint);

	assert.ok(pushed.expires_in > 0);
	url.searchParams.set("client_id", facts.app);
	url.searchParams.set("request_uri", pushed.request_uri);
	const answer = oauth.validateAuthResponse(as, app, await consent(url),
		state);

	return withNonce(async () => {
		const got = await oauth.authorizationCodeGrantRequest(as, app,
			none, answer, facts.redirect, verifier, options);
		const tokens = await oauth.processAuthorizationCodeResponse(
			as, app, got, { expectedNonce: nonce,
				requireIdToken: true });

		await oauth.validateApplicationLevelSignature(as, got);
		return tokens;
	});
}

function refresh(as, token, options) {
	return withNonce(async () => oauth.processRefreshTokenResponse(as, app,
		await oauth.refreshTokenGrantRequest(as, app, none, token,
			options)));
}

/** The call to a resource as it leaves, for what a resource server checks. */
async function call(token, options) {
	let sent;

	const answer = await withNonce(() => oauth.protectedResourceRequest(
		token, "GET", new URL("/v1/devices", issuer), new Headers(),
		null, { ...options, [oauth.customFetch]: (url, init) => {
			sent = new Request(url, { method: init.method,
				headers: init.headers });
			return (options[oauth.customFetch] ?? fetch)(url, init);
		} }));

	assert.equal(answer.status, 200);
	return sent;
}

/** RFC 9068 section 4, by another resource server than ours. */
async function accessToken() {
	const as = await discover();
	const keys = await oauth.generateKeyPair("ES256");
	const DPoP = oauth.DPoP(app, keys);
	const bound = await obtain(as, { DPoP });
	const claims = await oauth.validateJwtAccessToken(as,
		await call(bound.access_token, { DPoP }), facts.url,
		{ requireDPoP: true, signingAlgorithms: ["ES256"] });

	assert.equal(claims.sub, facts.owner);
	assert.equal(claims.client_id, facts.app);
	assert.equal(claims.scope, "openid devices");
	assert.equal(claims.cnf.jkt, await DPoP.calculateThumbprint());

	const plain = await obtain(as, {});

	await oauth.validateJwtAccessToken(as,
		await call(plain.access_token, {}), facts.url);
	await assert.rejects(oauth.validateJwtAccessToken(as, new Request(
		facts.url, { headers: { authorization:
			`Bearer ${plain.id_token}` } }), facts.url));
	assert.equal(oauth.getValidatedIdTokenClaims(bound).sub, facts.owner);
}

/** An old refresh token ends the family, at the second use by another. */
async function refreshRotation() {
	const as = await discover();
	const DPoP = oauth.DPoP(app, await oauth.generateKeyPair("ES256"));
	const first = await obtain(as, { DPoP });
	const second = await refresh(as, first.refresh_token, { DPoP });
	const third = await refresh(as, second.refresh_token, { DPoP });
	const dead = (e) => e.error === "invalid_grant" && e.status === 400;

	await assert.rejects(refresh(as, third.refresh_token, {}), dead);
	await call(third.access_token, { DPoP });
	await assert.rejects(refresh(as, first.refresh_token, { DPoP }), dead);
	await assert.rejects(refresh(as, third.refresh_token, { DPoP }), dead);
}

async function revocationAndIntrospection() {
	const as = await discover();
	const checker = { client_id: facts.checker.id };
	const proof = oauth.PrivateKeyJwt(await signingKey(facts.checker.jwk));
	const introspect = async (token) =>
		oauth.processIntrospectionResponse(as, checker,
			await oauth.introspectionRequest(as, checker, proof,
				token));
	const tokens = await obtain(as, {});

	assert.equal((await introspect(tokens.access_token)).active, true);
	assert.equal((await introspect(tokens.refresh_token)).active, true);
	await assert.rejects(oauth.revocationRequest(as, app, none,
		tokens.access_token).then(oauth.processRevocationResponse),
	{ error: "unsupported_token_type" });
	for (const token of ["unknown", tokens.refresh_token])
		await oauth.processRevocationResponse(
			await oauth.revocationRequest(as, app, none, token));
	for (const token of [tokens.access_token, tokens.refresh_token])
		assert.deepEqual({ ...await introspect(token) },
			{ active: false });
}

async function mtlsBound() {
	const as = await discover();
	const options = { [oauth.customFetch]: fetchAs(facts.tls) };
	const tokens = await obtain(as, options);
	const next = await refresh(as, tokens.refresh_token, options);

	assert.equal(as.tls_client_certificate_bound_access_tokens, true);
	await call(next.access_token, options);
	await assert.rejects(refresh(as, next.refresh_token, {}),
		{ error: "invalid_grant" });
	await assert.rejects(call(next.access_token, {}), { status: 401 });
}

/** One poll a call: what is said to each. */
async function deviceGrant() {
	const as = await discover("oauth2");
	const device = { client_id: facts.deviceClient };
	const options = { [oauth.customFetch]: fetchAs(facts.birth) };
	const grant = await oauth.processDeviceAuthorizationResponse(as, device,
		await oauth.deviceAuthorizationRequest(as, device, none,
			{ csr: facts.csr }, options));
	const poll = async () => oauth.processDeviceCodeResponse(as, device,
		await oauth.deviceCodeGrantRequest(as, device, none,
			grant.device_code, options));

	await assert.rejects(poll(), { error: "authorization_pending" });
	await assert.rejects(poll(), { error: "slow_down" });
	await ask("approve", grant.user_code);
	for (;;) {
		try {
			const tokens = await poll();

			assert.equal(tokens.scope, "enroll");
			return;
		} catch (e) {
			assert.ok(["slow_down", "authorization_pending"]
				.includes(e.error), e);
			await ask("wait");
		}
	}
}

await play({ accessToken, deviceGrant, mtlsBound, refreshRotation,
	revocationAndIntrospection });
