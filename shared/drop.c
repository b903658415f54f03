/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/drop.h"

#include <stddef.h>

enum { REMOTE = false, LOCAL = true };

static const struct sh_drop_text texts[SH_DROP_COUNT] = {
#define DROP(reason, name, stage, cause, meaning) [reason] = {name, meaning, cause},
#include "shared/drop_reasons.def"
#undef DROP
};

const struct sh_drop_text *sh_drop_text(enum sh_drop reason)
{
	return (unsigned)reason < SH_DROP_COUNT ? &texts[reason] : NULL;
}

const char *sh_drop_name(enum sh_drop reason)
{
	return (unsigned)reason < SH_DROP_COUNT ? texts[reason].name : NULL;
}
