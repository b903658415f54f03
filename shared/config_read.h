/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_CONFIG_READ_H
#define SPATE_SHARED_CONFIG_READ_H

/* Reads the parsed JSON of a configuration file into struct sh_config. Used inside shared/ only. */

#include <cjson/cJSON.h>

#include "shared/config.h"

/* Copies every member of `root` into `c`. 0, or EINVAL with an operator's message in `err`. */
int sh_config_read(struct sh_config *c, const cJSON *root, char *err, size_t err_size);

#endif
