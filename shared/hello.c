/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/hello.h"

#include <errno.h>
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

bool sh_connection_ended(int socket)
{
	char byte;
	ssize_t n = recv(socket, &byte, 1, MSG_DONTWAIT);

	/* recv() sets errno only when it fails: after 0, errno has an older value. */
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}
