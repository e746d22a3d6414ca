#include "base/explain.h"

/* clang-format off */
const struct explanation explain_devices[] = {
	{ "attestation-refused",
	  "The birth certificate is not accepted: its chain leads to no "
	  "anchor, the unit is not listed, its maker revoked it, its "
	  "key is not the one that was pinned, or the unit was lost, "
	  "revoked or decommissioned.",
	  "Ask the seller or the platform's support, with the request "
	  "id; a unit that was reported lost is found again on the "
	  "owner's page.",
	  "The record says which: list the unit (`latchkey allowlist "
	  "import`), add the anchor, or lift what is wrongly flagged. A "
	  "second key for one unit is a sign of a clone: look before "
	  "anything is lifted." },
	{ "bad-evidence",
	  "Evidence came and was not good enough, or none came where "
	  "the model asks for it.",
	  "Update the device's software and start again; a device that "
	  "was opened or runs other software stays out.",
	  "`latchkey attest show ID` lists each finding; "
	  "docs/attestation.md says what each means. Change the model's "
	  "policy only if the finding is acceptable on every unit." },
	{ "attest-again",
	  "What the device proved before is too old or too little for "
	  "what its model asks by now.",
	  "Nothing: a device that can sends evidence again by itself. "
	  "If it stays away from the network, restart it.",
	  "Expected after a policy was tightened. Devices that do not "
	  "come back need software that sends evidence: `latchkey "
	  "attest log --model ID`." },
	{ "client-certificate-required",
	  "The device came without a certificate where one says who it "
	  "is.",
	  "Restart the device; if it stays so, its identity was lost "
	  "and the maker has to restore it.",
	  "Check that the proxy, if there is one, hands on the client "
	  "certificate, and that the device's TLS stack offers it." },
	{ "two-units",
	  "The client certificate and the token name different devices.",
	  "Reset the device and connect it anew.",
	  "One device uses another's token: look for a clone, or for a "
	  "factory image with credentials inside." },
	{ "enrollment-refused",
	  "The device is known and may not enroll now: its owner said "
	  "no, its unit is quarantined, a bootstrap token was used, or "
	  "what it was allowed changed while it asked.",
	  "If you said no by mistake, start again on the device. If the "
	  "device was put aside by the operator, ask them.",
	  "The record has the reason. A quarantine ends by `latchkey "
	  "device lift`; a used token is replaced by `latchkey "
	  "bootstrap add`." },
	{ "second-key",
	  "The device has an owner and came with another key, as after "
	  "a factory reset.",
	  "Approve the device again, with the code it shows; if you did "
	  "not reset it, say no and report it.",
	  "Nothing, unless it repeats without a reset: then two devices "
	  "share a birth key." },
	{ "away-too-long",
	  "The device's last certificate ended more than four weeks "
	  "ago.",
	  "Approve the device again, with the code it shows.",
	  "Nothing. If many come at once, look why they could not renew "
	  "(`latchkey audit --kind device.away_too_long`)." },
	{ "certificate-refused",
	  "The certificate is not accepted: it was revoked or "
	  "superseded, is not the one that was stored, or its device "
	  "was released, revoked or put aside.",
	  "If you removed the device, that is why; add it again to use "
	  "it. Else ask the operator.",
	  "The record has the reason. A superseded certificate that "
	  "still comes is a lost reply or a copy: `latchkey audit "
	  "--device ID`." },
	{ "certificate-expired",
	  "The certificate has ended.",
	  "Leave the device online: it comes back by itself with the "
	  "same key, for four weeks.",
	  "Nothing for one device; many at once mean that renewals "
	  "fail." },
	{ "bad-identity",
	  "A certificate of ours does not name one device or service in "
	  "the form we give.",
	  "Reset the device and connect it anew.",
	  "A certificate of the wrong profile is used as a device's: "
	  "`latchkey inspect FILE` says whose it is." },
	{ "key-refused",
	  "The key may not be certified: it is another unit's, a birth "
	  "key, or one that was used before a release.",
	  "Reset the device, so that it makes a new key.",
	  "A key that two units have is a defect of the maker's random "
	  "numbers or a clone: `latchkey audit --request ID` names the "
	  "unit." },
	{ "key-type-refused",
	  "The label does not take keys of this type or size.",
	  "Update the device's software.",
	  "Allow the type in the label (`latchkey label set NAME "
	  "--key-types`), or have the device read `csrattrs`." },
	{ "key-not-allowed",
	  "The request is for a key of a kind that is certified nowhere "
	  "here.",
	  "Update the device's software.",
	  "The device's maker must use P-256, P-384, Ed25519 or RSA of "
	  "2048 to 4096 bits with exponent 65537." },
	{ "same-key",
	  "The label wants a new key for each certificate, and the old "
	  "one came.",
	  "Update the device's software.",
	  "The device's maker makes a key for each renewal, or the "
	  "label allows the same one." },
	{ "new-key",
	  "The label renews a certificate for its own key alone.",
	  "Approve the device again if it was reset; else update its "
	  "software.",
	  "The device's maker keeps the key, or the label allows new "
	  "ones." },
	{ "renewed-already",
	  "The certificate was renewed before, for another key: a reply "
	  "was lost, or there are two of this device.",
	  "Reset the device and approve it again, if it stays offline.",
	  "One such event is a lost reply. More of the same device mean "
	  "a copy: the models' policy decides what follows (`latchkey "
	  "audit --device ID`)." },
	{ "renewal-too-early",
	  "There is more than enough time left on the certificate.",
	  "Nothing.",
	  "Nothing; a device that asks all the time ignores Retry-After "
	  "and has a defect." },
	{ "changed-meanwhile",
	  "The device's state changed while it was renewing.",
	  "Nothing: the device tries again.",
	  "Nothing." },
	{ "other-names",
	  "The renewal asks for other names than the certificate has.",
	  "Update the device's software.",
	  "The device's maker sends the certificate's own names, or "
	  "none." },
	{ "names-are-ours",
	  "The request asks to choose its names, which are given here.",
	  "Update the device's software.",
	  "The device's maker leaves ChangeSubjectName out (RFC 6402 "
	  "section 2.8)." },
	{ "label-refused",
	  "The unit's model does not enroll under this label, or not by "
	  "this kind of proof.",
	  "Update the device's software.",
	  "Name the label in the model (`latchkey model add ID "
	  "--label`), or correct the device's EST URL." },
	{ "no-such-label",
	  "Nothing is enrolled under this label.",
	  "Update the device's software.",
	  "`latchkey label list` shows those there are; the device's "
	  "EST URL names another." },
	{ "link-missing",
	  "The label wants the request tied to its connection, and it "
	  "is not.",
	  "Update the device's software.",
	  "The device's maker puts the channel binding into "
	  "`challengePassword` (RFC 7030 section 3.5), or the label "
	  "does without." },
	{ "link-failed",
	  "The request is tied to another connection than it came by.",
	  "Update the device's software. On a network that opens TLS, "
	  "use another.",
	  "Somebody between opens TLS, or the device repeats a request "
	  "on a new connection. Behind a proxy, see its page on channel "
	  "binding." },
	{ "csr-lacks-san",
	  "The label wants a subjectAltName in the request.",
	  "Update the device's software.",
	  "The device's maker reads `csrattrs`, or the label asks for "
	  "less." },
	{ "csr-lacks-key-usage",
	  "The label wants a keyUsage in the request.",
	  "Update the device's software.",
	  "The device's maker reads `csrattrs`, or the label asks for "
	  "less." },
	{ "csr-lacks-eku",
	  "The label wants an extendedKeyUsage in the request.",
	  "Update the device's software.",
	  "The device's maker reads `csrattrs`, or the label asks for "
	  "less." },
	{ "bad-csr",
	  "The certificate request cannot be read, or its signature is "
	  "not by its own key.",
	  "Update the device's software.",
	  "A defect of the device: `latchkey inspect FILE` says what is "
	  "wrong with one." },
	{ "csr-policy",
	  "The certificate request asks for what no device is given: a "
	  "CA, a server, a wildcard.",
	  "Update the device's software.",
	  "A defect of the device, or somebody who tries: `latchkey "
	  "inspect FILE`." },
	{ "bad-base64",
	  "The body is not the base64 of what the path takes.",
	  "Update the device's software.",
	  "A defect of the device or relying party; the record names "
	  "the place." },
	{ "no-cmc",
	  "Full CMC is not offered.",
	  "Nothing.",
	  "The client uses simpleenroll, simplereenroll or serverkeygen "
	  "(docs/est.md)." },
	{ "no-serverkeygen",
	  "The label makes no keys for devices.",
	  "Update the device's software.",
	  "Switch it on in the label if devices without a good source "
	  "of randomness need it." },
	{ "owner-needs-the-key",
	  "A key made by the service cannot wait for an owner's yes.",
	  "Update the device's software.",
	  "The device makes its own key and uses simpleenroll." },
	{ "key-not-encrypted",
	  "A key made by the service has to travel encrypted, and the "
	  "request says not how.",
	  "Update the device's software.",
	  "The device's maker names a key in the request (RFC 7030 "
	  "section 4.4.1)." },
	{ "name-refused",
	  "The unit's record holds a value that no certificate may "
	  "name.",
	  "Ask the platform's support.",
	  "Correct the unit's listing: the serial number has characters "
	  "beyond the alphabet (SECURITY.md V2)." },
	{ "bad-credentials",
	  "The bootstrap token is unknown, wrong, expired or withdrawn, or the "
	  "Authorization header holds none.",
	  "Get a new token from who installs the device.",
	  "`latchkey bootstrap list` shows it; make another. A device with a "
	  "birth certificate sends none." },
	{ "bootstrap-refused",
	  "The token is not for this device, or the label takes none.",
	  "Get a token for this device.",
	  "The record says which unit or key the token is for." },
	{ "invalid_token",
	  "The enroll token is unknown, expired, used, or for another "
	  "device or key.",
	  "Start again on the device and approve it.",
	  "Nothing; if it repeats, the device loses its key between "
	  "approval and enrollment." },
	{ "not-admitted",
	  "The model takes no new unit now: it is closed, or as many "
	  "came as it may have in this time.",
	  "Try later; the seller knows when.",
	  "`latchkey model show ID`: its policy says when and how many." },
	{ "crls",
	  "The maker's revocation lists do not let the unit in: it "
	  "stands on one, or none is current.",
	  "Ask the maker.",
	  "`latchkey crl list MANUFACTURER`: fetch or add a current "
	  "list; a unit that stands on one is the maker's to clear." },
	{ "issuer-missing",
	  "This node does not have the issuing CA that the label names.",
	  "Nothing: the device tries again.",
	  "Bring the CA to `issuers_dir` of each node "
	  "(docs/rotation.md)." },
	{ "ca-expired",
	  "The issuing CA's own certificate does not last long enough "
	  "any more.",
	  "Nothing: the device tries again.",
	  "Issue a new issuing CA at once (docs/rotation.md)." },
	{ "database-older",
	  "The database was restored to an earlier time than what was "
	  "seen of it, so nothing is issued.",
	  "Nothing: devices keep what they have and try again.",
	  "Run `latchkey recover` (docs/rotation.md)." },
	{ "not-noted",
	  "The change is made and not yet noted outside the database.",
	  "Nothing: the device repeats and gets the same answer.",
	  "If it stays, the node's `state_dir` cannot be written: look "
	  "at its disk." },
	{ "invalid_request",
	  "A parameter is missing, repeated or malformed, or the key in "
	  "the request is taken; or an app asks to be answered where it "
	  "is not at home.",
	  "Reset the device, so that it makes a new key, or use another "
	  "app.",
	  "The record names the parameter. For an app: `latchkey client "
	  "show ID`." },
	{ "invalid_client",
	  "The `client_id` is not the one of the device's model, or an "
	  "app could not prove itself.",
	  "Update the device's software or the app.",
	  "`latchkey model show ID` names the `client_id`; an app's key "
	  "is set by `latchkey client add`." },
	{ "unauthorized_client",
	  "The client may not use this grant.",
	  "Update the device's software or the app.",
	  "The device's `client_id` belongs to another model; an app is "
	  "not registered for this." },
	{ "invalid_scope",
	  "Another scope was asked for than is given here.",
	  "Update the device's software or the app.",
	  "Devices ask for enroll; what an app may ask for is in "
	  "`latchkey client show ID`." },
	{ "invalid_grant",
	  "The code or token is unknown, used, expired, or another "
	  "client's.",
	  "Start again on the device, or sign in to the app again.",
	  "Nothing; a refresh token that comes twice ends its family, "
	  "which is an event (app.token_reused)." },
	{ "unsupported_grant_type",
	  "The grant type is none of those that are offered.",
	  "Update the device's software or the app.",
	  "The metadata lists them: "
	  "`/.well-known/oauth-authorization-server`." },
	{ "authorization_pending",
	  "The owner has not decided yet.",
	  "Look at the device's code and decide.",
	  "Nothing." },
	{ "slow_down",
	  "The device asks more often than it was told to.",
	  "Nothing.",
	  "Nothing; a device that never slows down has a defect." },
	{ "access_denied",
	  "The owner said no, or the unit is put aside.",
	  "If you said no by mistake, start again on the device.",
	  "The record says which; a quarantine ends by `latchkey device "
	  "lift`." },
	{ "expired_token",
	  "The code was not approved in time.",
	  "Start again on the device, and approve within the time it "
	  "shows.",
	  "Nothing; the setting `code_lifetime` says how long that is." },
	{ "too-many-requests",
	  "The unit, or the network of a unit or an app, asks too often.",
	  "Wait some minutes.",
	  "A unit that never waits has a defect; a whole network of "
	  "units behind one address may need higher limits." },
	{ "bad-certificate",
	  "A certificate cannot be read, or is of a kind that is not "
	  "accepted.",
	  "Ask the maker.",
	  "`latchkey inspect FILE` says what is wrong with it." },
	{ "chain-shape",
	  "A certificate chain is empty, too long or cannot be read.",
	  "Ask the maker.",
	  "The device sends its leaf and intermediates in order, at "
	  "most five certificates." },
	{ "chain-untrusted",
	  "A certificate chain leads to no CA that is known here.",
	  "Ask the maker.",
	  "Add the maker's anchor (`latchkey anchor add`), if it is "
	  "theirs by a way you trust." },
	{ "chain-expired",
	  "A certificate of the chain is not valid at this time.",
	  "Ask the maker.",
	  "The maker's intermediate has ended, or the clocks differ: "
	  "`latchkey inspect FILE`." },
	{ "chain-weak",
	  "A key or signature in the chain is too weak.",
	  "Ask the maker.",
	  "The maker has to issue under a stronger CA." },
	{ "chain-purpose",
	  "A certificate of the chain is not made for what it was used "
	  "for.",
	  "Ask the maker.",
	  "A server's or signer's certificate was used as a device's." },
	{ "chain-scope",
	  "The chain ends in the right anchor, outside the part of it "
	  "that is the manufacturer's.",
	  "Ask the maker.",
	  "The anchor was added for one intermediate; add the other if "
	  "it is that maker's as well." },
	{ "matter-certificate",
	  "A certificate is none of Matter's device attestation.",
	  "Ask the maker.",
	  "The device's DAC or PAI is not made as the Matter "
	  "specification has it." },
	{ "path-certificate",
	  "A certificate of the chain cannot be read.",
	  "Ask the maker.",
	  "`latchkey inspect FILE` says what is wrong with it." },
	{ "path-names",
	  "A name in the chain lies outside of what its issuers may "
	  "vouch for.",
	  "Ask the maker.",
	  "The maker's CA has name constraints that this certificate "
	  "breaks (RFC 5280 section 4.2.1.10)." },
	{ "path-policy",
	  "The chain was not issued under a policy that is asked for.",
	  "Ask the maker.",
	  "The policy OIDs of the maker's CA do not lead to the one "
	  "asked for (RFC 5280 section 6.1)." },
	{ "path-profile",
	  "A certificate of the chain is not made as RFC 5280 asks.",
	  "Ask the maker.",
	  "The maker's CA has to issue correct certificates." },
	{ "path-revoked",
	  "A certificate of the chain was revoked by its issuer.",
	  "Ask the maker.",
	  "`latchkey crl list MANUFACTURER` names the list; only the "
	  "maker can clear it." },
	{ "path-no-crl",
	  "No current revocation list speaks for a certificate of the "
	  "chain.",
	  "Nothing: try later.",
	  "Fetch or add the maker's list (`latchkey crl add`), or ask "
	  "for none in the policy." },
	{ "bad-purpose",
	  "Evidence was sent for a purpose that is neither enroll nor "
	  "renew.",
	  "Update the device's software.",
	  "A defect of the device." },
	{ "bad-cbor",
	  "CBOR is malformed, too deep or too large.",
	  "Update the device's software.",
	  "A defect of the device: `latchkey inspect FILE` names the "
	  "place." },
	{ "bad-cose",
	  "A COSE message is malformed.",
	  "Update the device's software.",
	  "A defect of the device: `latchkey inspect FILE` names the "
	  "place." },
	{ "bad-cose-key",
	  "A COSE key is malformed or not of an accepted kind.",
	  "Update the device's software.",
	  "A defect of the device: `latchkey inspect FILE` names the "
	  "place." },
	{ "bad-dice",
	  "A DICE chain is malformed.",
	  "Update the device's software.",
	  "A defect of the device: `latchkey inspect FILE` names the "
	  "place." },
	{ "bad-matter",
	  "A Matter attestation record is malformed.",
	  "Update the device's software.",
	  "A defect of the device: `latchkey inspect FILE` names the "
	  "place." },
	{ "bad-tpm",
	  "A TPM structure is malformed or of a kind that is not "
	  "accepted.",
	  "Update the device's software.",
	  "A defect of the device: `latchkey inspect FILE` names the "
	  "place." },
	{ "bad-cms",
	  "A CMS message is not certificates alone.",
	  "Nothing.",
	  "A defect of who made it." },
	{ "bad-signed-data",
	  "A signed CMS message is not of the accepted form.",
	  "Nothing.",
	  "A defect of who made it, a Certification Declaration for "
	  "example." },
	{ "bad-signature",
	  "A signature does not verify.",
	  "Start again; if it stays so, use another app or device.",
	  "What was signed is not what came: a wrong key, or a defect "
	  "of the app or device." },
	{ "bad-key",
	  "The key is of a kind or size that is not accepted.",
	  "Update the device's software or the app.",
	  "Use P-256, P-384, Ed25519 or RSA of 2048 to 4096 bits with "
	  "exponent 65537." },
	{ "too-many-children",
	  "The hub has as many devices behind it as it may have.",
	  "Remove one of them on the hub's page.",
	  "The limit is fixed: a hub with more is to be several." },
	{ "bad-child",
	  "What the hub says of a device behind it cannot be like that.",
	  "Update the hub's software.",
	  "The record names the member." },
	{ .code = NULL },
};
/* clang-format on */
