/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_CLUSTER_FIXTURE_H
#define SPATE_TESTS_UNIT_CLUSTER_FIXTURE_H

/* Authorities and nodes with certificates, made anew for each test. A failure ends the test. */

#include "controlplane/cluster/identity.h"

struct authority {
	EVP_PKEY *key;
	X509 *certificate;
};

struct authority make_authority(void);
void free_authority(struct authority *a);

/* `type`: "EC", "ED25519" or "RSA". `days`: of validity from yesterday on; -1: it has expired. */
struct cp_identity make_node(const struct authority *a, const char *node, const char *type, int days);

/* Writes a PEM file into a new directory, which `end_files` removes. Returns its path, static. */
enum pem { PEM_CA, PEM_CERTIFICATE, PEM_KEY, PEM_FILES };
void begin_files(void);
const char *write_certificate(enum pem which, X509 *certificate);
const char *write_key(enum pem which, EVP_PKEY *key);
const char *write_text(enum pem which, const char *text);
void end_files(void);

#endif
