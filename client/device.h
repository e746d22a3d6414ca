/*
 * The reference device: what the firmware of a maker does to get its
 * operational certificate and keep it, written to be read.
 *
 *	authorize   POST /oauth2/device_authorization, over TLS with the birth
 *	            certificate and the CSR of a new key (RFC 8628 section 3.1)
 *	poll        POST /oauth2/token until the owner has said yes (3.4)
 *	enroll      POST /.well-known/est/simpleenroll with that token
 *	            (RFC 7030 section 4.2.1); or, with EST alone, without a
 *	            token until the owner has claimed the device: 202 meanwhile
 *	connect     MQTT over TLS with the new certificate
 *	renew       POST /.well-known/est/simplereenroll before it ends
 *
 * Everything that must survive a power cut is in one directory, and every
 * file there is replaced by rename.  A key is durable before the request
 * that names it is sent, and a request whose answer was lost is sent again
 * as it was: the service answers a repeat with the same certificate.
 *
 *	birth.key  birth.crt   from the factory, never changed
 *	op.key  op.crt         the operational identity in use
 *	next.key  next.csr     the key being certified, and its request
 *	                       (a TPM's key, of a unit of client/device_tpm.h)
 *	next.crt               its certificate: complete once it is there
 *	state                  codes and tokens under way
 */
#ifndef CLIENT_DEVICE_H
#define CLIENT_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"
#include "client/api.h"
#include "client/mqtt.h"

/* The state file.  Texts are "" where there is none, times 0. */
struct device_state {
	char *serial, *client_id; /* from the factory */
	char *claim_code;         /* as printed on the device */
	char *device_code, *user_code;
	char *verification_uri, *verification_uri_complete;
	int64_t code_expires_at;
	int64_t interval;  /* seconds between polls; grows with slow_down */
	int64_t poll_at;   /* not before */
	char *ek;          /* rsa or ecc, of a unit with a TPM */
	char *event_log;   /* the file of its firmware's log */
	char *attestation; /* handle of evidence, of a unit with a TPM */
	char *token;
	int64_t token_expires_at;
	bool est_only; /* no device grant: the owner claims by the code */
	bool reissue;  /* ask for a certificate of a key approved before */
};

struct device {
	const char *dir;
	const char *url, *ca; /* the service, and the root it must end in */
	const char *mqtt_url;
	struct device_state state;
	struct far_key *far; /* op.key, of a unit with a TPM */
};

/* What is to be done next. */
enum device_phase {
	DEVICE_AUTHORIZE,
	DEVICE_POLL,
	DEVICE_ENROLL,
	DEVICE_CONNECT,
	DEVICE_RENEW,
};

/* How a step ended that was not refused. */
struct device_result {
	enum {
		DEVICE_DONE,
		DEVICE_WAIT,  /* the same step again after wait seconds */
		DEVICE_AGAIN, /* what is next has changed: see the phase */
	} next;
	int wait;
	bool busy;              /* wait is our own affair: back off */
	const char *request_id; /* of the service's answer */
};

/* Reads the directory's state; finishes a change of identity that was cut
 * off.  dev->dir, url, ca and mqtt_url are set by the caller. */
ERR_FN device_open(struct ctx *cx, struct device *dev);
void device_close(struct device *dev);

/* Makes the state durable. */
ERR_FN device_save(struct ctx *cx, const struct device *dev);

/* Replaces a text of the state. */
void device_set(char **field, const char *text);

/* Whether its keys are in a TPM (client/device_tpm.h). */
bool device_has_tpm(const struct device *dev);

/* A file of the directory: device_path(cx, dev, "op.crt"). */
const char *
device_path(struct ctx *cx, const struct device *dev, const char *name);

/* Puts a new unit into an empty directory: key and birth certificate. */
struct device_birth {
	const char *maker_dir; /* what `simulate maker` made */
	const char *serial, *client_id;
	const char *claim_code; /* or NULL */
	bool est_only;
	const char *ek, *event_log; /* of a unit with a TPM, or NULL */
};
ERR_FN
device_make(struct ctx *cx, const char *dir, const struct device_birth *birth);

/* The state of a new unit, whose directory has all else. */
ERR_FN
device_begin(struct ctx *cx, const char *dir, const struct device_birth *birth);

ERR_FN
device_phase(struct ctx *cx, const struct device *dev, enum device_phase *out);

/* The steps.  Network trouble is ERR_UNREACHABLE or ERR_MQTT_LOST: the step
 * may be repeated.  ERR_REFUSED is the service's last word. */
ERR_FN
device_authorize(struct ctx *cx, struct device *dev, struct device_result *out);
ERR_FN
device_poll(struct ctx *cx, struct device *dev, struct device_result *out);
ERR_FN
device_enroll(struct ctx *cx, struct device *dev, struct device_result *out);
/* same_key: renew instead of rekey. */
ERR_FN device_renew(struct ctx *cx, struct device *dev, bool same_key,
    struct device_result *out);
ERR_FN
device_connect(struct ctx *cx, const struct device *dev, struct mqtt **out);

/* The operational certificate in use. */
struct device_identity {
	const char *id; /* device id: CN, and urn:uuid: in the SAN */
	const char *subject, *uri;
	const char *serial; /* of the certificate, hex */
	int64_t not_before, not_after;
};
ERR_FN device_identity(
    struct ctx *cx, const struct device *dev, struct device_identity *out);

/* For the steps: the service as the birth or the operational identity; as
 * nobody where that has no certificate. */
struct api
device_api(struct ctx *cx, const struct device *dev, const char *identity);

/* For the steps: makes next.key if it is missing (a copy of op.key with
 * same_key) and next.csr, and reads the request.  With a TPM evidence makes
 * both. */
ERR_FN device_prepare(
    struct ctx *cx, const struct device *dev, bool same_key, struct bytes *csr);

/* For the steps: makes the certificate, PEM with its CA, the identity in
 * use. */
ERR_FN
device_promote(struct ctx *cx, const struct device *dev, const char *pem);

/* For the steps: 429 and 5xx are DEVICE_WAIT, other refusals ERR_REFUSED. */
ERR_FN device_judge(
    struct ctx *cx, const struct api_reply *reply, struct device_result *out);

/* The user code and where to type it, as its owner is told; with qr also the
 * link as a picture for a terminal. */
ERR_FN device_code_text(
    struct ctx *cx, const struct device_state *s, bool qr, const char **text);

/* The whole life: what is next, again and again, with jittered backoff when
 * the network or the service is away.  Ends when the device is connected and
 * has renewed as often as asked; with stay only by a refusal. */
struct device_run {
	int renewals;
	bool stay;    /* connected, renewing when it is due, until refused */
	int patience; /* seconds until it gives up without progress; 0: never */
	bool qr;      /* show the code as a picture, too */
	void (*say)(void *arg, const char *text);
	void *arg;
};
ERR_FN
device_run(struct ctx *cx, struct device *dev, const struct device_run *run);

#endif
