/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_LOG_LEVEL_H
#define SPATE_SHARED_LOG_LEVEL_H

/* Changes the level of the log (log.h) while the process runs. */

#include "shared/log.h"

/* From now on events of this level and more important ones are logged. Any thread. */
void sh_log_set_level(enum sh_log_level level);

#endif
