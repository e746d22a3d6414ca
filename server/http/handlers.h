/*
 * The handlers that the route table names, by the file that holds them.
 * A handler decodes, calls the domain and encodes; it decides nothing.
 */
#ifndef HTTP_HANDLERS_H
#define HTTP_HANDLERS_H

#include "http/http.h"

/* h_ops.c: the operator's probes, and the pages. */
handler_fn get_healthz;
quick_fn quick_healthz;
handler_fn get_readyz;
handler_fn get_page; /* files of web_dir, read once at start */
quick_fn quick_page;

/* h_admin_plane.c: who follows the feed of refusals. */
handler_fn get_plane_status;
handler_fn delete_consumer;
handler_fn get_metrics;

/* h_oauth.c: RFC 8628, RFC 8414. */
handler_fn post_device_authorization;
together_fn device_authorization_together; /* the same, many at once */
handler_fn post_token;
quick_fn quick_token;      /* pending codes, without the database */
quick_fn quick_introspect; /* what is kept */
handler_fn get_oauth_metadata;
handler_fn get_jwks;

/* h_app.c: OAuth for apps, and the page that asks for them. */
handler_fn get_authorize;
handler_fn post_authorize;
handler_fn post_par;
handler_fn post_revoke;
handler_fn post_introspect;
together_fn introspect_together; /* the same, many at once */
handler_fn post_authorization_lookup;
handler_fn post_authorization_decision;

/* h_association.c: which apps this host says are its own: Digital Asset Links
 * (Android), associated domains (iOS), related origins (WebAuthn section
 * 5.11). */
handler_fn get_assetlinks;
handler_fn get_apple_association;
handler_fn get_related_origins;

/* h_est.c: RFC 7030, RFC 8951. */
handler_fn get_cacerts;
quick_fn quick_cacerts;
handler_fn post_simpleenroll;
together_fn simpleenroll_together; /* the same, many at once */
handler_fn post_simplereenroll;
handler_fn post_serverkeygen;
handler_fn post_fullcmc;

/* h_est_more.c: the operations that a client can do without. */
handler_fn get_csrattrs;
quick_fn quick_csrattrs;

/* h_status.c: RFC 6960, RFC 5019, RFC 5280. */
handler_fn get_ocsp;
handler_fn post_ocsp;
quick_fn quick_ocsp; /* what is kept, without the database */
handler_fn get_crl;
quick_fn quick_crl;

/* h_events.c: what an owner's apps are told, as it happens. */
handler_fn get_events_of_owner;

/* h_owner.c: companion apps, and the pages. */
handler_fn get_approvals;
handler_fn post_approval_lookup;
handler_fn post_approval_challenge;
handler_fn post_approval_decision;
handler_fn post_claim;
handler_fn get_devices;
handler_fn get_device;
handler_fn delete_device;
handler_fn post_device_release;
handler_fn get_device_history;
handler_fn post_device_lost;
handler_fn post_device_found;
handler_fn post_approval_report;

/* h_child.c: sensors behind a hub. */
handler_fn post_child;
handler_fn get_children;
handler_fn get_admin_children;
handler_fn post_child_decision;

/* h_transfer.c: from owner to owner. */
handler_fn post_device_transfer;
handler_fn delete_device_transfer;
handler_fn post_transfer_lookup;
handler_fn post_transfer_acceptance;

/* h_home.c: who sees a home, and what they see. */
handler_fn get_home;
handler_fn post_invitation;
handler_fn delete_invitation;
handler_fn delete_member;
handler_fn post_invitation_lookup;
handler_fn post_invitation_acceptance;
handler_fn get_homes;
handler_fn delete_home;
handler_fn get_home_devices;

/* h_account.c: signing up and in, passkeys, recovery codes. */
handler_fn post_account_challenge;
handler_fn post_account;
handler_fn post_session_challenge;
handler_fn post_session;
handler_fn post_session_recovery;
handler_fn get_session;
handler_fn delete_session;
handler_fn get_account;
handler_fn post_own_challenge;
handler_fn post_passkey;
handler_fn post_passkey_removal;
handler_fn post_recovery_codes;
handler_fn post_account_deletion;

/* h_attestation.c, h_tpm.c: evidence ahead of what it is for. */
handler_fn post_attestation;
handler_fn post_attestation_nonce;
handler_fn post_tpm_challenge;
handler_fn post_tpm_proof;
struct attestation_out; /* domain/attestation.h */
ERR_FN answer_attestation(
    struct ctx *cx, struct reply *rs, const struct attestation_out *out);

/* h_admin*.c: operators. */
handler_fn get_manufacturers;
handler_fn put_manufacturer;
handler_fn get_manufacturer;
handler_fn get_anchors;
handler_fn post_anchor;
handler_fn delete_anchor;
handler_fn get_crls;
handler_fn post_crl;
handler_fn delete_crl;
handler_fn get_crl_sources;
handler_fn post_crl_source;
handler_fn delete_crl_source;
handler_fn get_births;
handler_fn get_models;
handler_fn put_model;
handler_fn put_policy;
handler_fn get_policy;
handler_fn get_policy_version;
handler_fn get_policies;
handler_fn post_endorsement;
handler_fn get_attempts;
handler_fn get_attempt;
handler_fn get_device_attempts;
handler_fn get_model;
handler_fn get_labels;
handler_fn put_label;
handler_fn get_label;
handler_fn delete_label;
handler_fn put_import;
handler_fn get_import;
handler_fn get_owners;
handler_fn post_owner;
handler_fn delete_owner;
handler_fn get_admin_devices;
handler_fn get_admin_device;
handler_fn delete_admin_device;
handler_fn post_device_revoke;
handler_fn post_device_decommission;
handler_fn post_certificate_revoke;
handler_fn post_set_count;
handler_fn put_set;
handler_fn get_set;
handler_fn delete_set;
handler_fn post_device_quarantine;
handler_fn post_device_lift;
handler_fn get_admin_certificate;
handler_fn get_services;
handler_fn put_service;
handler_fn post_service_certificate;
handler_fn delete_service;
handler_fn get_events;
handler_fn get_enrollments;
handler_fn get_enrollment;
handler_fn post_enrollment_lookup;
handler_fn get_clients;
handler_fn get_client;
handler_fn put_client;
handler_fn delete_client;
handler_fn post_bootstrap_tokens;
handler_fn get_bootstrap_tokens;
handler_fn delete_bootstrap_token;
handler_fn get_proposals;
handler_fn get_proposal;
handler_fn post_confirmation;
handler_fn delete_proposal;
/* Of a call that its operator may not do alone: 202, and it is kept. */
ERR_FN answer_proposed(struct ctx *cx, struct request *rq, struct reply *rs);

#endif
