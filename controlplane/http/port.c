/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/port.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * 0 or errno. An IPv6 socket takes IPv6 only: what listens over IPv4 is found by the address of
 * that family.
 */
static int try_to_listen(const struct addrinfo *on)
{
	int fd = socket(on->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, error = 0;

	if (fd < 0)
		return errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		(on->ai_family == AF_INET6 &&
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0) ||
		bind(fd, on->ai_addr, on->ai_addrlen) < 0 || listen(fd, 1) < 0)
		error = errno;
	close(fd);
	return error;
}

/* Tries each family. 0 or errno; then `*failed` is the address on which it failed. */
static int try_all(const struct addrinfo *found, const struct addrinfo **failed)
{
	for (const struct addrinfo *on = found; on; on = on->ai_next) {
		int error = try_to_listen(on);

		/* A kernel without IPv6: the server then listens over IPv4 only. */
		if (error == EAFNOSUPPORT && found->ai_next)
			continue;
		*failed = on;
		if (error != 0)
			return error;
	}
	return 0;
}

/* The operator's message about an address on which it failed. */
static void explain(const struct cp_port *p, const struct addrinfo *failed, int error, char *err,
	size_t err_size)
{
	int len = snprintf(err, err_size, "cannot listen on %s port %u over IPv%c: %s", p->name, p->port,
		failed->ai_family == AF_INET6 ? '6' : '4', strerror(error));

	if (error == EADDRINUSE && len > 0 && (size_t)len < err_size)
		snprintf(err + len, err_size - (size_t)len,
			" (is another server running? %s takes another one)", p->other);
}

int cp_port_check(const struct cp_port *p, char *err, size_t err_size)
{
	const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	const struct addrinfo *failed = NULL;
	struct addrinfo *found = NULL;
	char service[8];
	int status, error;

	snprintf(service, sizeof(service), "%u", p->port);
	status = getaddrinfo(p->address[0] != '\0' ? p->address : NULL, service, &hints, &found);
	if (status != 0) {
		snprintf(err, err_size, "%s.address: \"%s\": %s", p->members, p->address,
			gai_strerror(status));
		return EADDRNOTAVAIL;
	}
	error = try_all(found, &failed);
	if (error != 0)
		explain(p, failed, error, err, err_size);
	freeaddrinfo(found);
	return error;
}
