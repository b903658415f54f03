/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_FAULT_H
#define SPATE_CONTROLPLANE_BASE_FAULT_H

/*
 * A fault says why a request fails: a code of the wire contract, and a client's message that names
 * the member.
 */

enum cp_code {
	CP_OK,
	CP_BAD_REQUEST,
	CP_NOT_FOUND,
	CP_FORBIDDEN,
	CP_CONFLICT,
	CP_UNSUPPORTED,
	CP_TOO_MANY,
	CP_UNAVAILABLE,
	CP_INTERNAL,
	CP_CODE_COUNT,
};

struct cp_fault {
	enum cp_code code;
	char message[200];
};

/* The code's name in both dialects, such as "bad-request". */
const char *cp_code_name(enum cp_code code);

/* Fills in `f` and returns the errno that goes with `code`, so that a check can `return cp_refuse(...)`. */
int cp_refuse(struct cp_fault *f, enum cp_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The errno that goes with a fault's code. */
int cp_fault_errno(const struct cp_fault *f);

/*
 * Fills in `f` with what the errno of a data plane operation means to a client; returns as
 * cp_refuse() does.
 */
int cp_refuse_errno(struct cp_fault *f, int error);

#endif
