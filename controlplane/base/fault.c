/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/base/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What the wire contract calls a code, and the errno that cp_refuse returns for it. */
static const struct {
	const char *name;
	int error;
} codes[CP_CODE_COUNT] = {
	[CP_OK] = {"ok", 0},
	[CP_BAD_REQUEST] = {"bad-request", EINVAL},
	[CP_NOT_FOUND] = {"not-found", ENOENT},
	[CP_FORBIDDEN] = {"forbidden", EACCES},
	[CP_CONFLICT] = {"conflict", EEXIST},
	[CP_UNSUPPORTED] = {"unsupported", ENOTSUP},
	[CP_TOO_MANY] = {"too-many", EDQUOT},
	[CP_UNAVAILABLE] = {"unavailable", EAGAIN},
	[CP_INTERNAL] = {"internal", EIO},
};

const char *cp_code_name(enum cp_code code)
{
	return codes[code < CP_CODE_COUNT ? code : CP_INTERNAL].name;
}

int cp_fault_errno(const struct cp_fault *f)
{
	return codes[f->code].error;
}

int cp_refuse(struct cp_fault *f, enum cp_code code, const char *format, ...)
{
	va_list args;

	f->code = code;
	va_start(args, format);
	vsnprintf(f->message, sizeof(f->message), format, args);
	va_end(args);
	return codes[code].error;
}

int cp_refuse_errno(struct cp_fault *f, int error)
{
	switch (error) {
	case ENOSPC:
	case ENOMEM:
	case EAGAIN:
	case ENOBUFS:
	case EMFILE:
		return cp_refuse(f, CP_UNAVAILABLE, "the data plane is full");
	case ENOTCONN:
	case ECONNRESET:
	case EPIPE:
	case ESHUTDOWN:
	case ECANCELED:
	case ETIMEDOUT:
		return cp_refuse(f, CP_UNAVAILABLE, "the data plane is away");
	case EADDRINUSE:
		return cp_refuse(f, CP_CONFLICT, "port: a plain transport has it, or had it a moment ago");
	case ERANGE:
		return cp_refuse(f, CP_BAD_REQUEST,
			"port: must be one of network.udp_port_base to udp_port_last that is no worker's");
	case EADDRNOTAVAIL:
		return cp_refuse(f, CP_UNAVAILABLE,
			"port: none is free in network.udp_port_base to udp_port_last, or there is no "
			"address to send from");
	case EEXIST:
		return cp_refuse(f, CP_CONFLICT, "the data plane has such a stream already");
	default:
		return cp_refuse(f, CP_INTERNAL, "the data plane refused: %s", strerror(error));
	}
}
