#include "http/routes.h"

#include "base/limits.h"
#include "domain/scope.h"
#include "http/handlers.h"

/* clang-format off */
#define STATUS_ROUTES \
	{ METHOD_GET, "/ocsp/{request}", WHO_ANYONE, 0, BODY_NONE, 0, AS_OCSP, get_ocsp, quick_ocsp }, \
	{ METHOD_POST, "/ocsp", WHO_ANYONE, 0, BODY_OCSP, LIMIT_OCSP, AS_OCSP, post_ocsp, quick_ocsp }, \
	{ METHOD_GET, "/crl/{issuer}", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_crl, quick_crl }, \
	{ METHOD_GET, "/crl/{issuer}/{list}", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_crl, quick_crl }

static const struct route status_routes[] = {
	STATUS_ROUTES,
};

const struct route routes[] = {
	{ METHOD_GET, "/sign-in", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_page, quick_page },
	{ METHOD_GET, "/authorize", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_page, quick_page },
	{ METHOD_GET, "/activate", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_page, quick_page },
	{ METHOD_GET, "/accept", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_page, quick_page },
	{ METHOD_GET, "/home", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_page, quick_page },
	{ METHOD_GET, "/join", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_page, quick_page },
	{ METHOD_GET, "/devices", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_page, quick_page },
	{ METHOD_GET, "/account", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_page, quick_page },
	{ METHOD_GET, "/docs", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_page, quick_page },
	{ METHOD_GET, "/assets/{file}", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_page, quick_page },

	{ METHOD_GET, "/.well-known/assetlinks.json", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_assetlinks, NULL },
	{ METHOD_GET, "/.well-known/apple-app-site-association", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_apple_association, NULL },
	{ METHOD_GET, "/.well-known/webauthn", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_related_origins, NULL },
	{ METHOD_GET, "/.well-known/oauth-authorization-server", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_oauth_metadata, NULL },
	{ METHOD_GET, "/oauth2/jwks", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_jwks, NULL },
	{ METHOD_POST, "/oauth2/device_authorization", WHO_GRANTEE, 0, BODY_FORM, LIMIT_BODY_EST, AS_OAUTH, post_device_authorization, NULL },
	{ METHOD_GET, "/.well-known/openid-configuration", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_oauth_metadata, NULL },
	{ METHOD_GET, "/oauth2/authorize", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_authorize, NULL },
	{ METHOD_POST, "/oauth2/authorize", WHO_ANYONE, 0, BODY_FORM, LIMIT_BODY_SMALL, AS_PROBLEM, post_authorize, NULL },
	{ METHOD_POST, "/oauth2/par", WHO_ANYONE, 0, BODY_FORM, LIMIT_BODY_SMALL, AS_OAUTH, post_par, NULL },
	{ METHOD_POST, "/oauth2/revoke", WHO_ANYONE, 0, BODY_FORM, LIMIT_BODY_SMALL, AS_OAUTH, post_revoke, NULL },
	{ METHOD_POST, "/oauth2/introspect", WHO_ANYONE, 0, BODY_FORM, LIMIT_BODY_SMALL, AS_OAUTH, post_introspect, quick_introspect },
	{ METHOD_POST, "/oauth2/token", WHO_ANYONE, 0, BODY_FORM, LIMIT_BODY_SMALL, AS_OAUTH, post_token, quick_token },

	{ METHOD_GET, "/.well-known/est/cacerts", WHO_ANYONE, 0, BODY_NONE, 0, AS_EST, get_cacerts, quick_cacerts },
	{ METHOD_POST, "/.well-known/est/simpleenroll", WHO_ENROLLEE, 0, BODY_PKCS10, LIMIT_BODY_EST, AS_EST, post_simpleenroll, NULL },
	{ METHOD_POST, "/.well-known/est/simplereenroll", WHO_DEVICE, 0, BODY_PKCS10, LIMIT_BODY_EST, AS_EST, post_simplereenroll, NULL },
	{ METHOD_GET, "/.well-known/est/csrattrs", WHO_ANYONE, 0, BODY_NONE, 0, AS_EST, get_csrattrs, quick_csrattrs },
	{ METHOD_POST, "/.well-known/est/serverkeygen", WHO_ENROLLEE, 0, BODY_PKCS10, LIMIT_BODY_EST, AS_EST, post_serverkeygen, NULL },
	{ METHOD_POST, "/.well-known/est/fullcmc", WHO_ANYONE, 0, BODY_ANY, LIMIT_BODY_EST, AS_EST, post_fullcmc, NULL },
	{ METHOD_GET, "/.well-known/est/{label}/cacerts", WHO_ANYONE, 0, BODY_NONE, 0, AS_EST, get_cacerts, quick_cacerts },
	{ METHOD_POST, "/.well-known/est/{label}/simpleenroll", WHO_ENROLLEE, 0, BODY_PKCS10, LIMIT_BODY_EST, AS_EST, post_simpleenroll, NULL },
	{ METHOD_POST, "/.well-known/est/{label}/simplereenroll", WHO_DEVICE, 0, BODY_PKCS10, LIMIT_BODY_EST, AS_EST, post_simplereenroll, NULL },
	{ METHOD_GET, "/.well-known/est/{label}/csrattrs", WHO_ANYONE, 0, BODY_NONE, 0, AS_EST, get_csrattrs, quick_csrattrs },
	{ METHOD_POST, "/.well-known/est/{label}/serverkeygen", WHO_ENROLLEE, 0, BODY_PKCS10, LIMIT_BODY_EST, AS_EST, post_serverkeygen, NULL },
	{ METHOD_POST, "/.well-known/est/{label}/fullcmc", WHO_ANYONE, 0, BODY_ANY, LIMIT_BODY_EST, AS_EST, post_fullcmc, NULL },

	STATUS_ROUTES,

	{ METHOD_POST, "/v1/attestation", WHO_ANYONE, 0, BODY_JSON, LIMIT_BODY_EVIDENCE, AS_PROBLEM, post_attestation, NULL },
	{ METHOD_POST, "/v1/attestation/nonce", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, post_attestation_nonce, NULL },
	{ METHOD_POST, "/v1/attestation/tpm", WHO_ANYONE, 0, BODY_JSON, LIMIT_BODY_EVIDENCE, AS_PROBLEM, post_tpm_challenge, NULL },
	{ METHOD_POST, "/v1/attestation/tpm/proof", WHO_ANYONE, 0, BODY_JSON, LIMIT_BODY_EVIDENCE, AS_PROBLEM, post_tpm_proof, NULL },

	{ METHOD_POST, "/v1/accounts/challenges", WHO_VISITOR, 0, BODY_NONE, 0, AS_PROBLEM, post_account_challenge, NULL },
	{ METHOD_POST, "/v1/accounts", WHO_VISITOR, 0, BODY_JSON, LIMIT_BODY_EST, AS_PROBLEM, post_account, NULL },
	{ METHOD_POST, "/v1/session/challenges", WHO_VISITOR, 0, BODY_NONE, 0, AS_PROBLEM, post_session_challenge, NULL },
	{ METHOD_POST, "/v1/session", WHO_VISITOR, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_session, NULL },
	{ METHOD_POST, "/v1/session/recovery", WHO_VISITOR, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_session_recovery, NULL },
	{ METHOD_GET, "/v1/session", WHO_SESSION, 0, BODY_NONE, 0, AS_PROBLEM, get_session, NULL },
	{ METHOD_DELETE, "/v1/session", WHO_SESSION, 0, BODY_NONE, 0, AS_PROBLEM, delete_session, NULL },
	{ METHOD_GET, "/v1/account", WHO_OWNER, 0, BODY_NONE, 0, AS_PROBLEM, get_account, NULL },
	{ METHOD_POST, "/v1/account/challenges", WHO_SESSION, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_own_challenge, NULL },
	{ METHOD_POST, "/v1/account/passkeys", WHO_SESSION, 0, BODY_JSON, LIMIT_BODY_EST, AS_PROBLEM, post_passkey, NULL },
	{ METHOD_POST, "/v1/account/passkeys/{id}/removal", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_passkey_removal, NULL },
	{ METHOD_POST, "/v1/account/recovery-codes", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_recovery_codes, NULL },
	{ METHOD_POST, "/v1/account/deletion", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_account_deletion, NULL },

	{ METHOD_POST, "/v1/authorizations/lookup", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_authorization_lookup, NULL },
	{ METHOD_POST, "/v1/authorizations/decision", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_authorization_decision, NULL },
	{ METHOD_GET, "/v1/events", WHO_OWNER, OWNER_APPROVALS, BODY_NONE, 0, AS_PROBLEM, get_events_of_owner, NULL },
	{ METHOD_GET, "/v1/approvals", WHO_OWNER, OWNER_APPROVALS, BODY_NONE, 0, AS_PROBLEM, get_approvals, NULL },
	{ METHOD_POST, "/v1/approvals/lookup", WHO_OWNER, OWNER_APPROVALS, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_approval_lookup, NULL },
	{ METHOD_POST, "/v1/approvals/{id}/challenges", WHO_OWNER, OWNER_APPROVALS, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_approval_challenge, NULL },
	{ METHOD_POST, "/v1/approvals/{id}/decision", WHO_OWNER, OWNER_APPROVALS, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_approval_decision, NULL },
	{ METHOD_POST, "/v1/approvals/{id}/report", WHO_OWNER, OWNER_APPROVALS, BODY_NONE, 0, AS_PROBLEM, post_approval_report, NULL },
	{ METHOD_POST, "/v1/claims", WHO_OWNER, OWNER_APPROVALS, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_claim, NULL },
	{ METHOD_GET, "/v1/devices", WHO_OWNER, OWNER_DEVICES, BODY_NONE, 0, AS_PROBLEM, get_devices, NULL },
	{ METHOD_GET, "/v1/devices/{id}", WHO_OWNER, OWNER_DEVICES, BODY_NONE, 0, AS_PROBLEM, get_device, NULL },
	{ METHOD_GET, "/v1/devices/{id}/attestations", WHO_OWNER, 0, BODY_NONE, 0, AS_PROBLEM, get_device_attempts, NULL },
	{ METHOD_DELETE, "/v1/devices/{id}", WHO_OWNER, 0, BODY_NONE, 0, AS_PROBLEM, delete_device, NULL },
	{ METHOD_POST, "/v1/devices/{id}/release", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_device_release, NULL },
	{ METHOD_POST, "/v1/devices/{id}/lost", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_device_lost, NULL },
	{ METHOD_POST, "/v1/devices/{id}/found", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_device_found, NULL },
	{ METHOD_POST, "/v1/devices/{id}/children", WHO_DEVICE, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_child, NULL },
	{ METHOD_GET, "/v1/devices/{id}/children", WHO_OWNER, OWNER_DEVICES, BODY_NONE, 0, AS_PROBLEM, get_children, NULL },
	{ METHOD_POST, "/v1/devices/{id}/children/{child}/decision", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_child_decision, NULL },
	{ METHOD_GET, "/v1/devices/{id}/history", WHO_OWNER, 0, BODY_NONE, 0, AS_PROBLEM, get_device_history, NULL },
	{ METHOD_POST, "/v1/devices/{id}/transfer", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_device_transfer, NULL },
	{ METHOD_DELETE, "/v1/devices/{id}/transfer", WHO_OWNER, 0, BODY_NONE, 0, AS_PROBLEM, delete_device_transfer, NULL },
	{ METHOD_POST, "/v1/transfers/lookup", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_transfer_lookup, NULL },
	{ METHOD_POST, "/v1/transfers/{id}/acceptance", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_transfer_acceptance, NULL },
	{ METHOD_GET, "/v1/home", WHO_OWNER, 0, BODY_NONE, 0, AS_PROBLEM, get_home, NULL },
	{ METHOD_POST, "/v1/home/invitations", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_invitation, NULL },
	{ METHOD_DELETE, "/v1/home/invitations/{id}", WHO_OWNER, 0, BODY_NONE, 0, AS_PROBLEM, delete_invitation, NULL },
	{ METHOD_DELETE, "/v1/home/members/{id}", WHO_OWNER, 0, BODY_NONE, 0, AS_PROBLEM, delete_member, NULL },
	{ METHOD_POST, "/v1/invitations/lookup", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_invitation_lookup, NULL },
	{ METHOD_POST, "/v1/invitations/{id}/acceptance", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_invitation_acceptance, NULL },
	{ METHOD_GET, "/v1/homes", WHO_OWNER, 0, BODY_NONE, 0, AS_PROBLEM, get_homes, NULL },
	{ METHOD_DELETE, "/v1/homes/{id}", WHO_OWNER, 0, BODY_NONE, 0, AS_PROBLEM, delete_home, NULL },
	{ METHOD_GET, "/v1/homes/{id}/devices", WHO_OWNER, 0, BODY_NONE, 0, AS_PROBLEM, get_home_devices, NULL },

	/* To the end: what the operators' listener has. */
	{ METHOD_GET, "/healthz", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_healthz, quick_healthz },
	{ METHOD_GET, "/readyz", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_readyz, NULL },

	{ METHOD_GET, "/v1/admin/manufacturers", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_manufacturers, NULL },
	{ METHOD_PUT, "/v1/admin/manufacturers/{id}", WHO_ADMIN, SCOPE_REGISTRY, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, put_manufacturer, NULL },
	{ METHOD_GET, "/v1/admin/manufacturers/{id}", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_manufacturer, NULL },
	{ METHOD_GET, "/v1/admin/manufacturers/{id}/anchors", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_anchors, NULL },
	{ METHOD_POST, "/v1/admin/manufacturers/{id}/anchors", WHO_ADMIN, SCOPE_REGISTRY, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_anchor, NULL },
	{ METHOD_DELETE, "/v1/admin/manufacturers/{id}/anchors/{anchor}", WHO_ADMIN, SCOPE_REGISTRY, BODY_NONE, 0, AS_PROBLEM, delete_anchor, NULL },
	{ METHOD_GET, "/v1/admin/manufacturers/{id}/crls", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_crls, NULL },
	{ METHOD_POST, "/v1/admin/manufacturers/{id}/crls", WHO_ADMIN, SCOPE_REGISTRY, BODY_JSON, LIMIT_BODY_CRL, AS_PROBLEM, post_crl, NULL },
	{ METHOD_DELETE, "/v1/admin/manufacturers/{id}/crls/{crl}", WHO_ADMIN, SCOPE_REGISTRY, BODY_NONE, 0, AS_PROBLEM, delete_crl, NULL },
	{ METHOD_GET, "/v1/admin/manufacturers/{id}/crl-sources", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_crl_sources, NULL },
	{ METHOD_POST, "/v1/admin/manufacturers/{id}/crl-sources", WHO_ADMIN, SCOPE_REGISTRY, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_crl_source, NULL },
	{ METHOD_DELETE, "/v1/admin/manufacturers/{id}/crl-sources/{source}", WHO_ADMIN, SCOPE_REGISTRY, BODY_NONE, 0, AS_PROBLEM, delete_crl_source, NULL },
	{ METHOD_GET, "/v1/admin/manufacturers/{id}/births", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_births, NULL },
	{ METHOD_GET, "/v1/admin/models", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_models, NULL },
	{ METHOD_PUT, "/v1/admin/models/{id}", WHO_ADMIN, SCOPE_REGISTRY, BODY_JSON, LIMIT_BODY_POLICY, AS_PROBLEM, put_model, NULL },
	{ METHOD_GET, "/v1/admin/models/{id}", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_model, NULL },
	{ METHOD_PUT, "/v1/admin/models/{id}/policy", WHO_ADMIN, SCOPE_REGISTRY, BODY_JSON, LIMIT_BODY_POLICY, AS_PROBLEM, put_policy, NULL },
	{ METHOD_GET, "/v1/admin/models/{id}/policy", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_policy, NULL },
	{ METHOD_POST, "/v1/admin/models/{id}/policy/endorsements", WHO_ADMIN, SCOPE_REGISTRY, BODY_JSON, LIMIT_BODY_POLICY, AS_PROBLEM, post_endorsement, NULL },
	{ METHOD_GET, "/v1/admin/models/{id}/policy/versions", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_policies, NULL },
	{ METHOD_GET, "/v1/admin/models/{id}/policy/versions/{version}", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_policy_version, NULL },
	{ METHOD_GET, "/v1/admin/attestations", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_attempts, NULL },
	{ METHOD_GET, "/v1/admin/attestations/{id}", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_attempt, NULL },
	{ METHOD_GET, "/v1/admin/labels", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_labels, NULL },
	{ METHOD_PUT, "/v1/admin/labels/{name}", WHO_ADMIN, SCOPE_REGISTRY, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, put_label, NULL },
	{ METHOD_GET, "/v1/admin/labels/{name}", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_label, NULL },
	{ METHOD_DELETE, "/v1/admin/labels/{name}", WHO_ADMIN, SCOPE_REGISTRY, BODY_NONE, 0, AS_PROBLEM, delete_label, NULL },
	{ METHOD_PUT, "/v1/admin/imports/{id}", WHO_ADMIN, SCOPE_IMPORT, BODY_ALLOWLIST, LIMIT_BODY_IMPORT, AS_PROBLEM, put_import, NULL },
	{ METHOD_GET, "/v1/admin/imports/{id}", WHO_ADMIN, SCOPE_READ | SCOPE_IMPORT, BODY_NONE, 0, AS_PROBLEM, get_import, NULL },
	{ METHOD_GET, "/v1/admin/owners", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_owners, NULL },
	{ METHOD_POST, "/v1/admin/owners", WHO_ADMIN, SCOPE_REGISTRY, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_owner, NULL },
	{ METHOD_DELETE, "/v1/admin/owners/{id}", WHO_ADMIN, SCOPE_REVOKE, BODY_NONE, 0, AS_PROBLEM, delete_owner, NULL },
	{ METHOD_GET, "/v1/admin/devices", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_admin_devices, NULL },
	{ METHOD_GET, "/v1/admin/devices/{id}", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_admin_device, NULL },
	{ METHOD_GET, "/v1/admin/devices/{id}/children", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_admin_children, NULL },
	{ METHOD_DELETE, "/v1/admin/devices/{id}", WHO_ADMIN, SCOPE_REVOKE, BODY_NONE, 0, AS_PROBLEM, delete_admin_device, NULL },
	{ METHOD_POST, "/v1/admin/devices/{id}/revoke", WHO_ADMIN, SCOPE_REVOKE, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_device_revoke, NULL },
	{ METHOD_POST, "/v1/admin/devices/{id}/decommission", WHO_ADMIN, SCOPE_REVOKE, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_device_decommission, NULL },
	{ METHOD_POST, "/v1/admin/certificates/{serial}/revoke", WHO_ADMIN, SCOPE_REVOKE, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_certificate_revoke, NULL },
	{ METHOD_POST, "/v1/admin/sets/count", WHO_ADMIN, SCOPE_REVOKE | SCOPE_LIFT, BODY_JSON, LIMIT_BODY_SET, AS_PROBLEM, post_set_count, NULL },
	{ METHOD_PUT, "/v1/admin/sets/{id}", WHO_ADMIN, SCOPE_REVOKE | SCOPE_LIFT, BODY_JSON, LIMIT_BODY_SET, AS_PROBLEM, put_set, NULL },
	{ METHOD_GET, "/v1/admin/sets/{id}", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_set, NULL },
	{ METHOD_DELETE, "/v1/admin/sets/{id}", WHO_ADMIN, SCOPE_REVOKE, BODY_NONE, 0, AS_PROBLEM, delete_set, NULL },
	{ METHOD_POST, "/v1/admin/devices/{id}/quarantine", WHO_ADMIN, SCOPE_REVOKE, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_device_quarantine, NULL },
	{ METHOD_POST, "/v1/admin/devices/{id}/lift", WHO_ADMIN, SCOPE_LIFT, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_device_lift, NULL },
	{ METHOD_GET, "/v1/admin/certificates/{serial}", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_admin_certificate, NULL },
	{ METHOD_GET, "/v1/admin/services", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_services, NULL },
	{ METHOD_PUT, "/v1/admin/services/{name}", WHO_ADMIN, SCOPE_KEYS, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, put_service, NULL },
	{ METHOD_DELETE, "/v1/admin/services/{name}", WHO_ADMIN, SCOPE_KEYS, BODY_NONE, 0, AS_PROBLEM, delete_service, NULL },
	{ METHOD_POST, "/v1/admin/services/{name}/certificates", WHO_ADMIN, SCOPE_KEYS, BODY_JSON, LIMIT_BODY_EST, AS_PROBLEM, post_service_certificate, NULL },
	{ METHOD_GET, "/v1/admin/clients", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_clients, NULL },
	{ METHOD_GET, "/v1/admin/clients/{id}", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_client, NULL },
	{ METHOD_PUT, "/v1/admin/clients/{id}", WHO_ADMIN, SCOPE_REGISTRY, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, put_client, NULL },
	{ METHOD_DELETE, "/v1/admin/clients/{id}", WHO_ADMIN, SCOPE_REGISTRY, BODY_NONE, 0, AS_PROBLEM, delete_client, NULL },
	{ METHOD_GET, "/v1/admin/bootstrap-tokens", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_bootstrap_tokens, NULL },
	{ METHOD_POST, "/v1/admin/bootstrap-tokens", WHO_ADMIN, SCOPE_TOKENS, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_bootstrap_tokens, NULL },
	{ METHOD_DELETE, "/v1/admin/bootstrap-tokens/{id}", WHO_ADMIN, SCOPE_TOKENS, BODY_NONE, 0, AS_PROBLEM, delete_bootstrap_token, NULL },
	{ METHOD_GET, "/v1/admin/proposals", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_proposals, NULL },
	{ METHOD_GET, "/v1/admin/proposals/{id}", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_proposal, NULL },
	{ METHOD_POST, "/v1/admin/proposals/{id}/confirmation", WHO_ADMIN, SCOPE_REGISTRY | SCOPE_REVOKE | SCOPE_LIFT, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_confirmation, NULL },
	{ METHOD_DELETE, "/v1/admin/proposals/{id}", WHO_ADMIN, SCOPE_REGISTRY | SCOPE_REVOKE | SCOPE_LIFT, BODY_NONE, 0, AS_PROBLEM, delete_proposal, NULL },
	{ METHOD_GET, "/v1/admin/status", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_plane_status, NULL },
	{ METHOD_DELETE, "/v1/admin/consumers/{kind}/{name}", WHO_ADMIN, SCOPE_REGISTRY, BODY_NONE, 0, AS_PROBLEM, delete_consumer, NULL },
	{ METHOD_GET, "/metrics", WHO_ADMIN, SCOPE_READ | SCOPE_METRICS, BODY_NONE, 0, AS_PROBLEM, get_metrics, NULL },
	{ METHOD_GET, "/v1/admin/events", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_events, NULL },
	{ METHOD_GET, "/v1/admin/enrollments", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_enrollments, NULL },
	{ METHOD_POST, "/v1/admin/enrollments/lookup", WHO_ADMIN, SCOPE_READ, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_enrollment_lookup, NULL },
	{ METHOD_GET, "/v1/admin/enrollments/{id}", WHO_ADMIN, SCOPE_READ, BODY_NONE, 0, AS_PROBLEM, get_enrollment, NULL },
};
/* clang-format on */

const size_t routes_n = sizeof(routes) / sizeof(routes[0]);

static size_t
index_of(handler_fn *handler)
{
	size_t i = 0;

	while (routes[i].handler != handler)
		i++;
	return i;
}

struct route_table
routes_of(enum listener_kind kind)
{
	size_t probes = index_of(get_healthz);
	size_t operators = index_of(get_manufacturers);

	switch (kind) {
	case LISTENER_STATUS:
		return (struct route_table){ status_routes,
			sizeof(status_routes) / sizeof(status_routes[0]) };
	case LISTENER_PUBLIC:
		return (struct route_table){ routes, operators };
	case LISTENER_OPERATORS:
		return (
		    struct route_table){ routes + probes, routes_n - probes };
	case LISTENER_ALL:
		break;
	}
	return (struct route_table){ routes, routes_n };
}

/* What an app's token opens, and how it gets one. */
bool
route_is_for_apps(const struct route *r)
{
	static handler_fn *const others[] = { get_oauth_metadata, get_jwks,
		post_par, post_token, post_revoke };
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (r->handler == others[i])
			return true;
	return r->who == WHO_OWNER && r->scope != 0;
}

together_fn *
route_together(const struct route *r)
{
	if (r->handler == post_simpleenroll)
		return simpleenroll_together;
	if (r->handler == post_device_authorization)
		return device_authorization_together;
	if (r->handler == post_introspect)
		return introspect_together;
	return NULL;
}
