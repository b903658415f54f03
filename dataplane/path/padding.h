/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_PADDING_H
#define SPATE_DATAPLANE_PATH_PADDING_H

/*
 * Sends padding to the viewers whose paths are being probed (tables/probing.h): on the SSRC of
 * mediasoup-client's probator where the viewer has one, else on a consumer's RTX SSRC. The media
 * SSRC never carries padding, because it would displace media in its sequence numbers.
 */

struct dp_worker;

/* Once per millisecond. */
void dp_padding(struct dp_worker *w);

#endif
