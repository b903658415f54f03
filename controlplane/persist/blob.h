/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_PERSIST_BLOB_H
#define SPATE_CONTROLPLANE_PERSIST_BLOB_H

/* What the blobs of all kinds of objects have in common. Used inside persist/ only. */

#include "controlplane/persist/fields.h"
#include "controlplane/persist/persist.h"

/* Runs `fields` over the structure, between the kind of the object and the end. */
size_t cp_blob_write(enum sh_object_kind kind, void (*fields)(struct cp_fields *f, void *object),
	void *object, uint8_t out[SH_BLOB_MAX]);
int cp_blob_read(enum sh_object_kind kind, void (*fields)(struct cp_fields *f, void *object), void *object,
	uint16_t version, const uint8_t *blob, size_t len);

#endif
