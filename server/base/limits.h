/*
 * Every maximum in one place.  A limit has a name so that a refusal, a test
 * and the documentation mean the same number.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define KIB 1024
#define MIB (1024 * 1024)

#define LIMIT_ARENA (1 * MIB)   /* memory of one request */
#define LIMIT_HEADERS (8 * KIB) /* request line and headers together */
/* The same behind a proxy, with the client's chain in base64. */
#define LIMIT_HOP_HEADERS (64 * KIB)
#define LIMIT_PATH 512 /* path of a request target */
#define LIMIT_HEADER_FIELDS 64
#define LIMIT_DISCARD (1 * MIB)        /* body read for nothing after a 4xx */
#define LIMIT_BODY_SMALL (16 * KIB)    /* JSON and form bodies */
#define LIMIT_BODY_EST (64 * KIB)      /* base64 of a CSR */
#define LIMIT_BODY_EVIDENCE (96 * KIB) /* JSON with evidence in base64url */
#define LIMIT_POLICY (512 * KIB)       /* of a model, JSON */
#define LIMIT_POLICY_ARENA (64 * MIB)  /* memory while one is applied */
#define LIMIT_BODY_POLICY (576 * KIB)  /* JSON with one */
#define LIMIT_BODY_IMPORT (1024 * MIB) /* an allowlist, spooled to disk */
#define LIMIT_IMPORT_LINE (16 * KIB)   /* one birth */
#define LIMIT_IMPORT_ERRORS 100        /* bad lines named in the answer */
#define LIMIT_JSON_DEPTH 16
#define LIMIT_FORM_FIELDS 32
#define LIMIT_CSR (32 * KIB)  /* DER */
#define LIMIT_CERT (16 * KIB) /* DER */
#define LIMIT_CHAIN 5         /* client chain (SECURITY.md E4) */
#define LIMIT_PATH_CERTS 10   /* certificates of a path, anchor included */
#define LIMIT_PATH_POOL 24    /* certificates a path is looked for in */
#define LIMIT_PATH_CHECKS 64  /* signatures verified on the way */
#define LIMIT_DN 1024         /* a distinguished name, where it is compared */
#define LIMIT_NAME_CHECKS (1024 * 1024) /* names times constraints */
#define LIMIT_POLICIES 64 /* policies or mappings of a certificate */

#define LIMIT_CRL (4 * MIB)      /* DER */
#define LIMIT_CRL_HEAD (4 * KIB) /* of one, without its entries */
#define LIMIT_CRL_POINTS 16      /* distribution points of a certificate */
#define LIMIT_CRLS 24            /* that one path is judged with */
#define LIMIT_OCSP (4 * KIB)     /* a request, DER */
#define LIMIT_OCSP_CERTS 8       /* certificates one asks about */
#define LIMIT_OCSP_NONCE 32      /* of it, repeated in the answer */
#define LIMIT_EXTENSIONS 32      /* of a certificate or CSR */
#define LIMIT_SAN 32             /* names in a subjectAltName */
#define LIMIT_RSA_BITS 4096      /* E4 */
#define LIMIT_URL 256            /* of a certificate's extension */
#define LIMIT_SLUG 63            /* manufacturer, model, service names */
#define LIMIT_SERIAL 64          /* a unit's serial number, characters */
#define LIMIT_NAME 200           /* display names */
#define LIMIT_UEID 33            /* RFC 9711 section 4.2.1 */
#define LIMIT_PAGE 100           /* rows of one answer: they fit the arena */
#define LIMIT_PROPOSALS 20       /* of one operator, pending */
#define LIMIT_ANCHORS 32         /* of one manufacturer */
#define LIMIT_MAKER_CRLS 64      /* revocation lists of one manufacturer */
#define LIMIT_SET_SERIALS 5000
#define LIMIT_BODY_SET (384 * KIB)  /* JSON with so many serial numbers */
#define LIMIT_BODY_CRL (6 * MIB)    /* one of them, PEM, in JSON */
#define LIMIT_KEY_ID 64             /* of a public key, bytes */
#define LIMIT_SECRET 64             /* of a maker's MACs, bytes */
#define LIMIT_SEALED (64 * KIB)     /* encrypted in the database */
#define LIMIT_LABELS 1000           /* enrollment labels */
#define LIMIT_MODEL_LABELS 16       /* further labels of one model */
#define LIMIT_CONSUMERS 500         /* of the feed: nodes and brokers */
#define LIMIT_SERVICE_PAGE 10       /* services, each with its topics */
#define LIMIT_TOPICS 64             /* topic patterns of one service */
#define LIMIT_TOPIC 256             /* bytes of one topic pattern */
#define LIMIT_TOPIC_FILE (64 * KIB) /* rules of devices, at the broker */
#define LIMIT_TOPIC_PROFILES 64
#define LIMIT_TOPIC_RULES 32 /* of one profile */
#define LIMIT_TOKEN 512      /* bearer token, characters */
#define LIMIT_JWS (8 * KIB)
#define LIMIT_TLV_DEPTH 8         /* of Matter's records */
#define LIMIT_MATTER_PIDS 100     /* products of one declaration */
#define LIMIT_MATTER_PAAS 10      /* authorities that it allows */
#define LIMIT_TOGETHER 16         /* requests that share a commit */
#define LIMIT_EVIDENCE (64 * KIB) /* of a device, all parts together */
#define LIMIT_CBOR_DEPTH 16
#define LIMIT_CBOR_ITEMS 2048 /* of one message, all levels */
#define LIMIT_DICE_LAYERS 10
#define LIMIT_SUBMODS 16                 /* of one claims set of an EAT */
#define LIMIT_COSE_SIGNERS 4             /* of a COSE_Sign */
#define LIMIT_FINDINGS 32                /* of one verdict */
#define LIMIT_MEASUREMENTS 32            /* components that one unit measured */
#define LIMIT_REFERENCES 2048            /* that one policy allows */
#define LIMIT_REFERENCE_ITEMS (64 * KIB) /* of CBOR, in one file of them */
#define LIMIT_POLICY_LIST 16             /* choices in one field of a policy */
#define LIMIT_PCRS 24                    /* of a TPM bank */
#define LIMIT_EVENT_LOG (48 * KIB)       /* of what firmware measured */
#define LIMIT_EVENTS 1024                /* in it */
#define LIMIT_BOOT_EVENTS 64             /* shown, or allowed by a policy */
#define LIMIT_WEBAUTHN_CLIENT (4 * KIB)  /* client data, JSON */
#define LIMIT_WEBAUTHN_DATA (4 * KIB)    /* authenticator data */
#define LIMIT_WEBAUTHN_OBJECT (16 * KIB) /* attestation object */
#define LIMIT_CREDENTIAL_ID 1023         /* WebAuthn section 5.8.3, bytes */
#define LIMIT_PASSKEYS 20                /* of one account */
#define LIMIT_MEMBERS 20         /* of a home, and its open invitations */
#define LIMIT_COLUMN (512 * KIB) /* one parameter over many rows */

#endif
