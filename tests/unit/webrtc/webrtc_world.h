/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_WEBRTC_WEBRTC_WORLD_H
#define SPATE_TESTS_UNIT_WEBRTC_WEBRTC_WORLD_H

/* A transport between a data plane and a browser that are both played here: what each of them saw. */

#include <cjson/cJSON.h>
#include <uv.h>

#include "controlplane/webrtc/internal.h"
#include "tests/unit/ice/request.h"
#include "tests/unit/webrtc/browser.h"

extern uv_loop_t loop;
extern struct fake fake;
extern struct cp_dp *dp;
extern struct cp_webrtc_server *server;
extern struct cp_webrtc *transport; /* made by start(); NULL: it was closed */
extern struct sh_config config;
extern struct browser browser;
extern cJSON *parameters; /* of the transport */
extern struct request request; /* a check for the transport */

/* what was said: to the owner of the server, and of the transport */
extern unsigned connections, losses, created, states;
extern unsigned reached[CP_WEBRTC_REPORTED + 1]; /* by milestone */
extern int created_error;
extern enum cp_webrtc_state last_state;
extern char reason[200];
extern bool close_in_callback;
extern const struct cp_webrtc_events events;

/* what the data plane was told, and how it answers */
extern struct sh_cmd cmds[64];
extern unsigned cmd_count;
extern bool hold_acks;
extern int refuse_op, refuse_error;

/* Setup and teardown of each test. */
int start(void **state);
int stop(void **state);

/* The data plane takes commands and answers them; the browser takes its packets. */
void serve(void);
/* Serves until there is one of what is counted; until the transport is in that state; for a while. */
void wait_for(unsigned *count);
void wait_for_state(enum cp_webrtc_state state);
void settle(void);
/* The last command of a kind, or NULL. */
const struct sh_cmd *last(enum sh_op op);

/* Reads the transport's parameters, for checks from now on. */
void take_parameters(void);
void close_it(struct cp_webrtc *t);
/* Sends a check from the browser. */
void check(void);
/* Calls cp_webrtc_connect() with a fingerprint; with the browser's, which must succeed. */
int connect_with(const char *role, const char *algorithm, const char *value, char *err, size_t size);
void connect_dtls(const char *role);
/* Checked, nominated, bound: as far as a browser gets before it says hello. */
void do_ice(void);
void do_everything(void);

#endif
