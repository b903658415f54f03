/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_CLUSTER_RECORD_H
#define SPATE_CONTROLPLANE_CLUSTER_RECORD_H

/*
 * A record is what a node says in the directory about itself or about one of its rooms. Whoever can
 * write to the directory can delete and repeat records, but not make or change one: a record is
 * signed with the key of its node, together with the name (key in Redis) under which it is kept.
 * The text is four parts with dots between them: the version, and in base64 the JSON of the
 * content, the node's certificate (DER), the signature of all that precedes it. It has no secret.
 */

#include <stddef.h>

#include <cjson/cJSON.h>

#include "controlplane/cluster/identity.h"

enum { CP_RECORD_MAX = 8192 }; /* characters; one that is longer is not read */

/*
 * Signs `content` for the name `name`. The caller frees the text. NULL: no memory, or it would be
 * longer than CP_RECORD_MAX.
 */
char *cp_record_write(const struct cp_identity *identity, const char *name, const cJSON *content);

/*
 * Reads a record that was found under `name`. Returns its content, which the caller deletes, and
 * the node that has signed it. NULL, with the reason in `why`: it is damaged, of another version,
 * signed by a node without a valid certificate, or for another name.
 */
cJSON *cp_record_read(const struct cp_identity *identity, const char *name, const char *text, size_t len,
	char node[SH_NODE_ID_MAX + 1], const char **why);

#endif
