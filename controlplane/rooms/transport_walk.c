/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/transport_walk.h"

#include "controlplane/rooms/model.h"
#include "controlplane/rooms/room_state.h"
#include "controlplane/rooms/transport.h"

enum { SLICE = 256 /* visits in one iteration of the event loop, over all walks */ };

void cp_transport_walk_begin(struct cp_model *m, struct cp_transport_walk *walk)
{
	walk->next = TAILQ_FIRST(&m->transport_list);
	TAILQ_INSERT_TAIL(&m->walks, walk, in_model);
	cp_model_schedule(m);
}

void cp_transport_walk_end(struct cp_model *m, struct cp_transport_walk *walk)
{
	TAILQ_REMOVE(&m->walks, walk, in_model);
}

void cp_transport_walks_skip(const struct cp_model *m, const struct cp_transport *t)
{
	struct cp_transport_walk *walk;

	TAILQ_FOREACH(walk, &m->walks, in_model)
	if (walk->next == t)
		walk->next = TAILQ_NEXT(t, in_model);
}

void cp_transport_walks_run(struct cp_model *m)
{
	struct cp_transport_walk *walk;

	for (unsigned i = 0; i < SLICE && (walk = TAILQ_FIRST(&m->walks)); i++) {
		if (walk->next) {
			walk->visit(walk, walk->next);
			walk->next = TAILQ_NEXT(walk->next, in_model);
			continue;
		}
		cp_transport_walk_end(m, walk);
		walk->done(walk);
	}
}
