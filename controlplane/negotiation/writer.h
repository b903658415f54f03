/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_NEGOTIATION_WRITER_H
#define SPATE_CONTROLPLANE_NEGOTIATION_WRITER_H

/* Text into a buffer, piece by piece, that may turn out too small for it. */

struct cp_writer {
	char *at; /* where the next piece goes; `end`: it did not fit, and nothing more is written */
	char *end;
};

void cp_write(struct cp_writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
