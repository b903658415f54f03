/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/codec/point.h"

static bool has_target(uint32_t mask, const struct dp_point *p)
{
	return mask >> p->target & 1;
}

static bool passes(const struct dp_point *p, const struct dp_frame_info *f)
{
	if (!(f->flags & DP_FRAME_LAYERS))
		return true;
	switch ((enum dp_point_rule)p->rule) {
	case DP_POINT_ALL:
		return true;
	case DP_POINT_TEMPORAL:
		return f->temporal <= p->temporal;
	case DP_POINT_SVC:
		return f->temporal <= p->temporal && f->spatial <= p->spatial;
	case DP_POINT_KEY_SVC:
		if (f->temporal > p->temporal)
			return false;
		return f->flags & DP_FRAME_INTER_PICTURE ? f->spatial == p->spatial
							 : f->spatial <= p->spatial;
	case DP_POINT_TARGET:
		return !(f->flags & DP_FRAME_DEPENDENCIES) || has_target(f->targets, p);
	}
	return false;
}

enum dp_verdict dp_point_packet(const struct dp_point *p, const struct dp_frame_info *f)
{
	bool layered = p->rule != DP_POINT_ALL && p->rule != DP_POINT_TEMPORAL && f->flags & DP_FRAME_LAYERS;

	if (!passes(p, f))
		return DP_POINT_DROP;
	return layered && f->flags & DP_FRAME_END && f->spatial == p->spatial ? DP_POINT_PASS_END
									      : DP_POINT_PASS;
}

static bool temporal_may_change(const struct dp_point *from, const struct dp_point *to,
	const struct dp_frame_info *f)
{
	if (to->temporal <= from->temporal)
		return true;
	if (!(f->flags & DP_FRAME_SWITCH))
		return false;
	/* The frame is the first one of its layer, and needs none but those of layer 0. */
	return f->temporal == to->temporal && to->temporal == from->temporal + 1;
}

/* VP9, at the first packet of a picture that is not a key picture. */
static bool svc_may_change(const struct dp_point *from, const struct dp_point *to,
	const struct dp_frame_info *f)
{
	if (to->spatial > from->spatial || (to->spatial < from->spatial && from->rule == DP_POINT_KEY_SVC))
		return false;
	/* The picture is one of `from`; those after it with higher layers need nothing that `from` lacks. */
	return to->temporal <= from->temporal ||
	       (f->flags & DP_FRAME_SWITCH && f->temporal <= from->temporal);
}

/*
 * The frame is a switch point to the target and decodes, because the viewer has all that it refers
 * to. Its picture has not ended for the viewer: of that, `from` has passed lower spatial layers
 * only, and all of them that `to` has.
 */
static bool target_may_change(const struct dp_point *from, const struct dp_point *to,
	const struct dp_frame_info *f, uint16_t since)
{
	if (f->flags & DP_FRAME_INTER_PICTURE &&
		(!has_target(f->reachable, from) || f->oldest > (uint16_t)(f->frame_number - since)))
		return false;
	return has_target(f->switches, to) && f->spatial <= from->spatial && f->spatial <= to->spatial;
}

bool dp_point_may_change(const struct dp_point *from, const struct dp_point *to,
	const struct dp_frame_info *f, uint16_t since)
{
	if (from->rule != to->rule || !(f->flags & DP_FRAME_START))
		return false;
	switch ((enum dp_point_rule)from->rule) {
	case DP_POINT_ALL:
		return true;
	case DP_POINT_TEMPORAL:
		return f->flags & DP_FRAME_KEY || temporal_may_change(from, to, f);
	case DP_POINT_SVC:
	case DP_POINT_KEY_SVC:
		if (f->spatial > 0 || !(f->flags & DP_FRAME_LAYERS))
			return false;
		return f->flags & DP_FRAME_KEY || svc_may_change(from, to, f);
	case DP_POINT_TARGET:
		return f->flags & DP_FRAME_DEPENDENCIES && target_may_change(from, to, f, since);
	}
	return false;
}

bool dp_point_needs_key(const struct dp_point *from, const struct dp_point *to)
{
	/* Down at the next picture: every spatial layer depends on all below it, which the viewer has. */
	return from->rule == DP_POINT_SVC ? to->spatial > from->spatial : to->spatial != from->spatial;
}
