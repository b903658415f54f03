/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/layers/receiver.h"

#include <math.h>
#include <string.h>

static const double group_ms = 5, throttle_ms = 200, start_ms = 5000;

void receiver_init(struct receiver *r)
{
	*r = (struct receiver){.error = 0.1, .noise = 50, .threshold = 12.5, .rtt = 100, .deviation = 0.4};
	r->group_first = r->detector_ms = r->first_ms = r->remb_ms = -1;
}

/* --- bitrate received -------------------------------------------------------------------- */

static void count(struct receiver *r, double now_ms, unsigned bytes)
{
	uint64_t now = (uint64_t)now_ms;

	for (uint64_t t = (uint64_t)r->counted_ms + 1; t <= now; t++) {
		r->sum -= r->bytes[t % 1000];
		r->bytes[t % 1000] = 0;
	}
	r->counted_ms = (double)now;
	r->bytes[now % 1000] += bytes;
	r->sum += bytes;
}

double receiver_kbps(struct receiver *r, double now_ms)
{
	double window = fmin(1000, now_ms - r->first_ms + 1);

	count(r, now_ms, 0);
	return (double)r->sum * 8 / fmax(window, 1);
}

/* --- delay: gcc-02, 5.3 and 5.4 ------------------------------------------------------------ */

static void filter(struct receiver *r, double delta_ms, double elapsed_ms)
{
	double residual = delta_ms - r->offset, limit = 3 * sqrt(r->noise), gain;
	double bounded = fmax(-limit, fmin(limit, residual));
	double alpha = pow(1 - 0.01, fmin(elapsed_ms, 100) / 33);

	r->noise = fmax(alpha * r->noise + (1 - alpha) * bounded * bounded, 1);
	gain = (r->error + 0.001) / (r->noise + r->error + 0.001);
	r->offset += gain * bounded;
	r->error = (1 - gain) * (r->error + 0.001);
}

static void detect(struct receiver *r, double elapsed_ms, double now_ms)
{
	double t = fmin(r->groups, 60) * r->offset, k;

	if (t > r->threshold) {
		r->over_ms += r->over_count ? elapsed_ms : elapsed_ms / 2;
		r->over_count++;
		if (r->over_ms > 10 && r->over_count > 1 && r->offset >= r->previous_offset) {
			r->over_ms = r->over_count = 0;
			r->usage = USAGE_OVER;
		}
	} else {
		r->over_ms = r->over_count = 0;
		r->usage = t < -r->threshold ? USAGE_UNDER : USAGE_NORMAL;
	}
	r->previous_offset = r->offset;
	if (fabs(t) <= r->threshold + 15) {
		k = fabs(t) < r->threshold ? 0.039 : 0.0087;
		r->threshold += k * (fabs(t) - r->threshold) * fmin(now_ms - r->detector_ms, 100);
		r->threshold = fmax(6, fmin(600, r->threshold));
	}
	r->detector_ms = now_ms;
}

static void group(struct receiver *r, double sent_ms, double now_ms)
{
	if (r->group_first >= 0 && sent_ms - r->group_first <= group_ms) {
		r->group_sent = sent_ms;
		r->group_arrived = now_ms;
		return;
	}
	if (r->groups++ > 1) {
		double sent = r->group_sent - r->before_sent;
		double arrived = r->group_arrived - r->before_arrived;

		filter(r, arrived - sent, sent);
		detect(r, sent, now_ms);
	}
	r->before_sent = r->group_sent;
	r->before_arrived = r->group_arrived;
	r->group_first = r->group_sent = sent_ms;
	r->group_arrived = now_ms;
}

/* --- rate control: gcc-02, 5.5 ------------------------------------------------------------- */

static double spread(const struct receiver *r)
{
	return 3 * sqrt(r->deviation * r->capacity);
}

static void learn_capacity(struct receiver *r, double received)
{
	double difference;

	if (!r->capacity_known)
		r->capacity = received;
	else
		r->capacity = 0.95 * r->capacity + 0.05 * received;
	r->capacity_known = true;
	difference = r->capacity - received;
	r->deviation = 0.95 * r->deviation + 0.05 * difference * difference / fmax(r->capacity, 1);
	r->deviation = fmax(0.4, fmin(2.5, r->deviation));
}

static void decrease(struct receiver *r, double received)
{
	double lower = 0.85 * received;

	if (r->capacity_known && received < r->capacity - spread(r))
		r->capacity_known = false;
	if (!r->valid || lower < r->estimate)
		r->estimate = lower;
	r->valid = true;
	r->hold = true;
	learn_capacity(r, received);
}

/* Near the capacity by half a packet per response time, else by 8 % a second. */
static void increase(struct receiver *r, double received, double now_ms)
{
	double limit = 1.5 * received + 10, seconds = fmin(1, (now_ms - r->changed_ms) / 1000);
	double frame = r->estimate * 1000 / 8 / 30, packet = frame / ceil(frame / 1200);
	double near = fmax(4, packet * 8 / (2 * (r->rtt + 100)));

	if (r->capacity_known && received > r->capacity + spread(r))
		r->capacity_known = false;
	if (r->estimate >= limit)
		return;
	if (r->capacity_known)
		r->estimate += near * seconds;
	else
		r->estimate += fmax(1, r->estimate * (pow(1.08, seconds) - 1));
	r->estimate = fmin(r->estimate, limit);
}

static void update(struct receiver *r, double now_ms)
{
	double received = receiver_kbps(r, now_ms);

	r->updated_ms = now_ms;
	if (!r->valid && r->usage != USAGE_OVER) {
		if (now_ms - r->first_ms < start_ms)
			return;
		r->valid = true;
		r->estimate = received;
	}
	if (r->usage == USAGE_OVER) {
		decrease(r, received);
	} else if (r->usage == USAGE_UNDER) {
		r->hold = true;
	} else {
		if (r->hold)
			r->changed_ms = now_ms;
		r->hold = false;
		increase(r, received, now_ms);
	}
	r->changed_ms = now_ms;
	r->estimate = fmax(r->estimate, 5);
}

static bool due(struct receiver *r, double now_ms)
{
	double interval = fmax(200, fmin(1000, 80 * 8 / (0.05 * fmax(r->estimate, 1))));

	if (now_ms - r->updated_ms > interval)
		return true;
	return r->usage == USAGE_OVER && (now_ms - r->changed_ms >= fmin(200, fmax(10, r->rtt)) ||
						 receiver_kbps(r, now_ms) < 0.5 * r->estimate);
}

bool receiver_packet(struct receiver *r, double sent_ms, double now_ms, unsigned bytes)
{
	if (r->first_ms < 0)
		r->first_ms = now_ms;
	count(r, now_ms, bytes);
	group(r, sent_ms, now_ms);
	if (!due(r, now_ms))
		return false;
	update(r, now_ms);
	if (!r->valid ||
		(r->remb_ms >= 0 && r->estimate * 1.03 > r->sent_kbps && now_ms - r->remb_ms < throttle_ms))
		return false;
	r->sent_kbps = r->estimate;
	r->remb_ms = now_ms;
	return true;
}
