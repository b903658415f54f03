/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_TRANSPORT_LIST_H
#define SPATE_CONTROLPLANE_OPERATOR_TRANSPORT_LIST_H

/* Answers the command "transports". There can be very many, so the list is written in slices. */

#include "controlplane/operator/commands.h"

/* Calls asker->answer later, unless the list is abandoned before. */
void cp_admin_list_transports(const struct cp_view *v, struct cp_admin_asker *asker);
/* Does nothing if the asker waits for no list. */
void cp_admin_abandon_transports(const struct cp_view *v, struct cp_admin_asker *asker);

#endif
