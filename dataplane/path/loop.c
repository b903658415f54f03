/* SPDX-License-Identifier: Apache-2.0 */

/* Runs the stages in a loop, and lets the worker's thread sleep when there is nothing to do. */

#include "dataplane/path/loop.h"

#include <sched.h>
#include <time.h>

#include <rte_pause.h>

#include "dataplane/path/capture.h"
#include "dataplane/path/catch_up.h"
#include "dataplane/path/exception.h"
#include "dataplane/path/stages.h"
#include "dataplane/send/tx.h"
#include "dataplane/tables/apply.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

enum {
	RX_BURSTS = 8, /* per loop: enough for what arrives during a fan-out, and a limit in a flood */
	IDLE_LOOPS = 512, /* empty loops before the first nap */
	SHORT_NAPS = 2000, /* naps of idle_sleep_us: as long as gaps between the packets of a call */
	LONG_NAP = 10, /* the naps after those are so many times as long */
};

/* Passes a burst of parsed datagrams of this worker through the stages for its kinds of packet. */
static void process(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	struct dp_capture *c = dp_capture_of(w);
	struct dp_batch b;

	dp_classify(w, pkts, n, &b);
	dp_stun(w, b.stun, b.stuns);
	dp_dtls(w, b.dtls, b.dtlses);
	dp_rtcp_in(w, b.rtcp, b.rtcps);
	b.rtps = dp_unprotect(w, b.rtp, b.rtps);
	dp_route(w, b.rtp, b.rtps);
	if (unlikely(c))
		dp_capture_processed(c);
}

/*
 * Receives and processes one burst from the devices and one from other workers. Adds the number of
 * packets to `done`. True: a burst was full, so more packets may be waiting.
 */
static bool receive(struct dp_worker *w, unsigned *done)
{
	struct rte_mbuf *pkts[DP_BURST];
	unsigned received, handed, n;

	received = dp_rx(w, pkts);
	n = dp_parse(w, pkts, received);
	n = dp_steer(w, pkts, n);
	process(w, pkts, n);
	handed = dp_handoff_rx(w, pkts);
	process(w, pkts, handed);
	*done += received + handed;
	return received == DP_BURST || handed == DP_BURST;
}

/* Runs each stage once, except the flush of the TX queues. Returns how much there was to do. */
static unsigned iterate(struct dp_worker *w)
{
	unsigned done = 0;

	for (unsigned i = 0; i < RX_BURSTS && receive(w, &done); i++)
		w->now_ns = dp_clock_now(&w->clock);
	done += dp_fanout(w);
	done += dp_catch_up(w);
	done += dp_inject(w);
	done += dp_exception_in(w);
	done += dp_apply_ops(w);
	dp_housekeeping(w);
	return done;
}

/* Pauses or sleeps after `empty` loops in a row without work. idle_sleep_us 0: never sleeps. */
static void idle(struct dp_worker *w, unsigned empty)
{
	struct timespec nap = {.tv_nsec = (long)w->config->dataplane.idle_sleep_us * 1000};

	if (nap.tv_nsec == 0 || empty < IDLE_LOOPS) {
		rte_pause();
		return;
	}
	if (empty > IDLE_LOOPS + SHORT_NAPS)
		nap.tv_nsec *= LONG_NAP;
	w->stats->cpu = (uint32_t)sched_getcpu();
	nanosleep(&nap, NULL);
}

int dp_worker_run(void *worker)
{
	struct dp_worker *w = worker;
	uint64_t begun;
	unsigned done, empty = 0;

	w->stats->cpu = (uint32_t)sched_getcpu();
	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		begun = rte_rdtsc();
		w->now_ns = dp_clock_now(&w->clock);
		done = iterate(w);
		/* Waiting for a device is not work: if there was no other, count only the flush. */
		if (!done)
			begun = rte_rdtsc();
		done += dp_tx_flush(w);
		empty = done ? 0 : empty + 1;
		w->stats->loops++;
		if (!empty) {
			w->stats->busy_loops++;
			w->stats->busy_cycles += rte_rdtsc() - begun;
		}
		atomic_store_explicit(&w->quiescent, w->stats->loops, memory_order_release);
		if (empty)
			idle(w, empty);
	}
	return 0;
}
