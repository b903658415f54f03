/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_CONFIG_READ_H
#define SPATE_SHARED_CONFIG_READ_H

/* Inside shared/ only. */

#include <cjson/cJSON.h>

#include "shared/config.h"

/* Takes every member of `root` over into `c`. 0, or -1 with a sentence in `err`. */
int sh_config_read(struct sh_config *c, const cJSON *root, char *err, size_t err_size);

#endif
