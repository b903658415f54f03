/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_WHEP_IDLE_H
#define SPATE_CONTROLPLANE_ENTRY_WHEP_IDLE_H

/*
 * Players that have nothing to play, because their publisher's streams have ended. For a moment
 * they wait for that publisher alone, which may have lost its connection; then they play whoever
 * publishes; and after the room's grace time they end, so that players learn that nobody is live.
 */

#include "controlplane/entry/whip_publication.h"

/* What the player plays may have changed. */
void cp_whep_idle_note(struct cp_publication *p);
/* It plays, or ends. */
void cp_whep_idle_forget(struct cp_publication *p);
/* Each second: those whose time is over. */
void cp_whep_idle_tick(struct cp_whip_site *site);

#endif
