/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/hello.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "shared/stats.h"

void sh_hello_init(struct sh_hello *hello, enum sh_client client)
{
	*hello = (struct sh_hello){
		.magic = SH_ABI_MAGIC,
		.version = SH_ABI_VERSION,
		.client = client,
		.cmd_size = sizeof(struct sh_cmd),
		.event_size = sizeof(struct sh_event),
		.packet_size = sizeof(struct sh_packet),
		.stats_version = SH_STATS_VERSION,
		.object_size = sizeof(struct sh_object),
	};
}

bool sh_hello_differs(const void *record, size_t len, const char *ours, const char *theirs, char *reason,
	size_t size)
{
	uint32_t head[2]; /* magic and version */

	if (len < sizeof(head))
		return false;
	memcpy(head, record, sizeof(head));
	if (head[0] != SH_ABI_MAGIC || head[1] == SH_ABI_VERSION)
		return false;
	snprintf(reason, size, "%s speaks version %u, %s %u: run both from one release", ours, SH_ABI_VERSION,
		theirs, head[1]);
	return true;
}

bool sh_connection_ended(int socket)
{
	char byte;
	ssize_t n = recv(socket, &byte, 1, MSG_DONTWAIT);

	/* recv() sets errno only when it fails: after 0, errno has an older value. */
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}
