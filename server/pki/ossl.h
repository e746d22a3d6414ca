/*
 * OpenSSL's handles as owned variables (base/auto.h), and nothing else: the
 * library is named in this folder only.
 */
#ifndef PKI_OSSL_H
#define PKI_OSSL_H

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/auto.h"

AUTO_DEFINE(ASN1_OBJECT, ASN1_OBJECT_free);
AUTO_DEFINE(ASN1_OCTET_STRING, ASN1_OCTET_STRING_free);
AUTO_DEFINE(AUTHORITY_KEYID, AUTHORITY_KEYID_free);
AUTO_DEFINE(BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free);
AUTO_DEFINE(BIGNUM, BN_free);
AUTO_DEFINE(BIO, BIO_free_all);
AUTO_DEFINE(CERTIFICATEPOLICIES, CERTIFICATEPOLICIES_free);
AUTO_DEFINE(CMS_ContentInfo, CMS_ContentInfo_free);
AUTO_DEFINE(ECDSA_SIG, ECDSA_SIG_free);
AUTO_DEFINE(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free);
AUTO_DEFINE(EVP_MD_CTX, EVP_MD_CTX_free);
AUTO_DEFINE(EVP_PKEY, EVP_PKEY_free);
AUTO_DEFINE(EVP_PKEY_CTX, EVP_PKEY_CTX_free);
AUTO_DEFINE(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free);
AUTO_DEFINE(GENERAL_NAMES, GENERAL_NAMES_free);
AUTO_DEFINE(PKCS7, PKCS7_free);
AUTO_DEFINE(X509, X509_free);
AUTO_DEFINE(X509_ALGOR, X509_ALGOR_free);
AUTO_DEFINE(X509_NAME, X509_NAME_free);
AUTO_DEFINE(X509_REQ, X509_REQ_free);
AUTO_DEFINE(X509_STORE, X509_STORE_free);
AUTO_DEFINE(X509_STORE_CTX, X509_STORE_CTX_free);

#endif
