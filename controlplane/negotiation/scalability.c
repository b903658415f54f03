/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/negotiation/scalability.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Reads a number of layers, which has one or two digits and does not begin with 0. False: there is none. */
static bool take_count(const char **at, unsigned *out)
{
	if (**at < '1' || **at > '9')
		return false;
	*out = (unsigned)(*(*at)++ - '0');
	if (isdigit((unsigned char)**at))
		*out = *out * 10 + (unsigned)(*(*at)++ - '0');
	return true;
}

static bool take(const char **at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*at, word, len) != 0)
		return false;
	*at += len;
	return true;
}

int cp_scalability_parse(struct cp_scalability *out, const char *text)
{
	bool independent = text[0] == 'S', key, shifted;
	unsigned spatial, temporal;

	if (!take(&text, independent ? "S" : "L") || !take_count(&text, &spatial) || !take(&text, "T") ||
		!take_count(&text, &temporal))
		return EINVAL;
	key = take(&text, "_KEY");
	shifted = key && take(&text, "_SHIFT");
	take(&text, "h");
	if (*text != '\0' || (independent && key))
		return EINVAL;
	if (independent || shifted || spatial > SH_MAX_LAYERS || temporal > SH_MAX_LAYERS)
		return ENOTSUP;
	out->spatial = (uint8_t)spatial;
	out->temporal = (uint8_t)temporal;
	if (spatial == 1)
		out->svc = SH_SVC_NONE;
	else
		out->svc = key ? SH_SVC_KEY : SH_SVC_FULL;
	return 0;
}
