/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_PATH_MTU_H
#define SPATE_DATAPLANE_TABLES_PATH_MTU_H

/* The MTU of a transport's path, where a router has said that it is smaller than the port's. */

#include <stdint.h>

struct dp_transport;
struct dp_worker;
struct sh_path;

/*
 * A router says that packets along `path` (`local` is ours) must not be longer than `mtu` bytes.
 * Believed if media is sent along exactly that path; a larger MTU than before is not.
 */
void dp_path_mtu_learn(struct dp_worker *w, const struct sh_path *path, uint16_t mtu);

/* Forgets what was learnt 10 minutes ago (RFC 1191, 6.3; RFC 8201, 4): the path may have changed. */
void dp_path_mtu_expire(struct dp_worker *w, struct dp_transport *t);

#endif
