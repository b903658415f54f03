/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_KNOWN_H
#define SPATE_CONTROLPLANE_KNOWN_H

/*
 * rtpCapabilities that came before. All viewers with the same browser send the same bytes,
 * several kilobytes of them, for each consumer: here they are parsed once. A few texts are
 * kept, the least used goes for a new one. The loop's thread only.
 */

#include <stddef.h>

#include <cjson/cJSON.h>

enum {
	CP_KNOWN_MAX = 16, /* texts that are kept */
	CP_KNOWN_TEXT_MAX = 16384, /* bytes of the longest */
};

/*
 * The text as a JSON object, byte for byte the same, and a hold on it. NULL: it is none, it is
 * empty, too long, or there is no place for it now. What it points to is only read.
 */
const cJSON *cp_known_hold(const char *text, size_t len);
/* Ends one hold on the object whose first member this is. */
void cp_known_release(const cJSON *child);
/* Forgets all that nothing holds. */
void cp_known_forget(void);

#endif
