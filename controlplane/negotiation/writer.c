/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/negotiation/writer.h"

#include <stdarg.h>
#include <stdio.h>

void cp_write(struct cp_writer *w, const char *format, ...)
{
	size_t room = (size_t)(w->end - w->at);
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(w->at, room, format, args);
	va_end(args);
	w->at = n >= 0 && (size_t)n < room ? w->at + n : w->end;
}
