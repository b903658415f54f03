/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_CLUSTER_IDENTITY_H
#define SPATE_CONTROLPLANE_CLUSTER_IDENTITY_H

/*
 * Who this node is, and whom it believes: its certificate and key, and the authority (CA) that has
 * issued the certificates of all nodes. The common name of a node's certificate is its id.
 */

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "shared/config.h"

enum { CP_CERTIFICATE_MAX = 2048 }; /* bytes of a node's certificate in DER */

struct cp_identity {
	char node[SH_NODE_ID_MAX + 1];
	X509 *certificate;
	EVP_PKEY *key;
	X509_STORE *authority;
};

/*
 * Reads cluster.certificate, cluster.key and cluster.ca. 0, or EINVAL with the operator's message
 * in `err`: a file cannot be read, the key is another certificate's, the certificate is not the
 * authority's or not that of the node node.id. Then `identity` is empty.
 */
int cp_identity_read(struct cp_identity *identity, const struct sh_config *config, char *err,
	size_t err_size);
void cp_identity_free(struct cp_identity *identity);

/*
 * Whether `certificate` is valid now and issued by the authority; then `node` is its id. NULL is
 * returned, or the reason why not.
 */
const char *cp_identity_check(const struct cp_identity *identity, X509 *certificate,
	char node[SH_NODE_ID_MAX + 1]);

#endif
