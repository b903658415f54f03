/* SPDX-License-Identifier: Apache-2.0 */

/* Names of recorded files: whatever rooms and users are called, a file stays in its directory. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/ctl/record.h"

enum { PART_MAX = 80, NAMES_MAX = 1000 };

static bool is_plain(unsigned char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (!first && (c == '-' || c == '.'));
}

/* FNV-1a: it only has to tell names apart. */
static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

void ctl_record_part(char out[100], const char *text)
{
	size_t at = 0;

	for (const char *c = text; *c; c++) {
		size_t needs = is_plain((unsigned char)*c, c == text) ? 1 : 3;

		if (at + needs > PART_MAX) {
			snprintf(out + at, 100 - at, "~%08x", hash(text));
			return;
		}
		at += (size_t)snprintf(out + at, 100 - at, needs == 1 ? "%c" : "%%%02X", (unsigned char)*c);
	}
	out[at] = '\0';
}

int ctl_record_path(char out[CTL_FILE_MAX], const char *dir, const char *room, const char *user)
{
	char room_part[100], user_part[100], at[32];
	time_t now = time(NULL);
	struct tm utc;

	ctl_record_part(room_part, room);
	ctl_record_part(user_part, user);
	gmtime_r(&now, &utc);
	strftime(at, sizeof(at), "%Y%m%dT%H%M%SZ", &utc);
	for (unsigned i = 1; i < NAMES_MAX; i++) {
		char number[16] = "";

		if (i > 1)
			snprintf(number, sizeof(number), "-%u", i);
		if (snprintf(out, CTL_FILE_MAX, "%s/%s_%s%s%s%s.mkv", dir, room_part, user_part,
			    user[0] ? "_" : "", at, number) >= CTL_FILE_MAX)
			return ENAMETOOLONG;
		if (access(out, F_OK) != 0)
			return 0;
	}
	return EEXIST;
}
