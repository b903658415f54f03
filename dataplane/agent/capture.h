/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_CAPTURE_H
#define SPATE_DATAPLANE_AGENT_CAPTURE_H

/*
 * Begins and ends captures (docs/capture.md): finds the worker that a client's HELLO is about,
 * gives it the memory, and takes it away when the client has gone or the transport has. One at a
 * time.
 */

struct dp_agent;
struct dp_capture;
struct sh_capture_hello;
struct sh_hello_reply;

/* Makes what the HELLO asks for. NULL: r->error and r->reason say why not. */
struct dp_capture *dp_agent_capture_new(struct dp_agent *a, const struct sh_capture_hello *h,
	struct sh_hello_reply *r);
/* The client has been told: its worker captures from now on. */
void dp_agent_capture_begin(struct dp_agent *a, struct dp_capture *c);
/* Ends a capture that is over, and frees the memory of those that no worker uses any more. */
void dp_agent_capture_serve(struct dp_agent *a);
/* The workers have stopped. */
void dp_agent_capture_close(struct dp_agent *a);

#endif
