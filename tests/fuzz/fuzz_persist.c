/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The blob of an object as the data plane gives it back. It is of one kind of object at most; what
 * is read is within the limits of its members, and written again it is the same blob.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/persist/persist.h"

static void require(int truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_saved_transport transport;
	struct cp_saved_producer producer;
	struct cp_saved_consumer consumer;
	uint8_t again[SH_BLOB_MAX];
	int readers = 0;

	if (size > SH_BLOB_MAX)
		return 0;
	if (cp_saved_transport_read(&transport, CP_SAVED_VERSION, data, size) == 0) {
		readers++;
		require(cp_saved_transport_write(&transport, again) == size);
		require(memcmp(again, data, size) == 0);
		require(cp_name_valid(transport.peer.room) && transport.ice.tuple_count <= SH_MAX_TUPLES);
		require(transport.ice.selected < transport.ice.tuple_count);
	}
	if (cp_saved_producer_read(&producer, CP_SAVED_VERSION, data, size) == 0) {
		readers++;
		require(cp_saved_producer_write(&producer, again) == size);
		require(memcmp(again, data, size) == 0);
		require(producer.signalled.count >= 1 && producer.signalled.count <= SH_MAX_ENCODINGS);
	}
	if (cp_saved_consumer_read(&consumer, CP_SAVED_VERSION, data, size) == 0) {
		readers++;
		require(cp_saved_consumer_write(&consumer, again) == size);
		require(memcmp(again, data, size) == 0);
	}
	require(readers <= 1);
	return 0;
}
