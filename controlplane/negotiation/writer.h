/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_NEGOTIATION_WRITER_H
#define SPATE_CONTROLPLANE_NEGOTIATION_WRITER_H

/* Writes text piece by piece into a buffer that may turn out too small. */

struct cp_writer {
	/*
	 * where the next piece goes; equal to `end` once a piece did not fit, and nothing more is
	 * written
	 */
	char *at;
	char *end;
};

/* Appends formatted text. If it does not fit, `at` becomes `end`. */
void cp_write(struct cp_writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
