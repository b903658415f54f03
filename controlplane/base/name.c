/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/base/name.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "controlplane/base/utf8.h"
#include "shared/log.h"

/*
 * True if a control character begins at `p`, which is UTF-8: Unicode's category Cc (C0, DEL, C1),
 * and the separators of lines and paragraphs, U+2028 and U+2029.
 */
static bool is_control(const unsigned char *p)
{
	if (p[0] < ' ' || p[0] == 0x7f)
		return true;
	if (p[0] == 0xc2)
		return p[1] < 0xa0;
	return p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9);
}

bool cp_name_valid(const char *name)
{
	size_t length = strnlen(name, CP_NAME_SIZE);

	if (length == 0 || length == CP_NAME_SIZE || !cp_utf8_valid(name, length))
		return false;
	for (size_t i = 0; i < length; i++)
		if (is_control((const unsigned char *)name + i))
			return false;
	return true;
}

void cp_name_encode(char *out, size_t size, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	char *end = out + size;

	for (; *text && end - out > 3; text++)
		out += snprintf(out, (size_t)(end - out), strchr(plain, *text) ? "%c" : "%%%02X",
			(unsigned char)*text);
	*out = '\0';
}

const char *cp_name_log(char out[CP_NAME_LOG_SIZE], const char *name)
{
	if (name[0] == '\0')
		return strcpy(out, "-");
	return sh_log_text(out, CP_NAME_LOG_SIZE, name, strlen(name));
}
