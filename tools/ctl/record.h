/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_CTL_RECORD_H
#define SPATE_TOOLS_CTL_RECORD_H

/* The parts of "spatectl record": names of files, and FFmpeg on plain transports. */

#include <stdbool.h>
#include <sys/types.h>

#include "tools/ctl/spatectl.h"

enum {
	CTL_STREAMS_MAX = 2, /* a video and an audio stream */
	CTL_ID_SIZE = 40,
	CTL_FILE_MAX = 1024, /* bytes of a path */
};

/* --- names (record_name.c) -------------------------------------------------------------------- */

/*
 * Writes `text` as a part of a file's name: bytes that are no ASCII letter or digit, nor "-", nor a
 * full stop behind the first one, become %XX. What is longer than 80 bytes is cut, and a hash of
 * all of it is appended, so that two names stay two.
 */
void ctl_record_part(char out[100], const char *text);
/* Makes the path of a new file: DIR/ROOM_USER_TIME.mkv, or with a number where that exists. 0 or errno. */
int ctl_record_path(char out[CTL_FILE_MAX], const char *dir, const char *room, const char *user);

/* --- FFmpeg (record_ffmpeg.c) ----------------------------------------------------------------- */

struct ctl_stream {
	char producer[CTL_ID_SIZE], transport[CTL_ID_SIZE]; /* "": none */
	const cJSON *description; /* of the producer, as the control plane lists it */
	unsigned port; /* where FFmpeg receives it */
};

struct ctl_recorder {
	const struct ctl_options *o;
	char address[64]; /* where FFmpeg receives, and the data plane sends to */
	struct ctl_stream stream[CTL_STREAMS_MAX];
	unsigned streams;
	pid_t ffmpeg; /* 0: it does not run */
	char file[CTL_FILE_MAX];
};

/*
 * Finds the address of this machine from which the data plane is reached. False: there is none, and
 * `err` says so.
 */
bool ctl_record_address(struct ctl_recorder *r, char err[CTL_ERR_MAX]);
/* Starts FFmpeg and lets the streams be sent to it. 0, or errno with the message in `err`. */
int ctl_record_begin(struct ctl_recorder *r, const char *dir, char err[CTL_ERR_MAX]);
/* True as long as FFmpeg runs. */
bool ctl_record_runs(struct ctl_recorder *r);
/* Lets FFmpeg finish its file, and ends the plain transports. */
void ctl_record_end(struct ctl_recorder *r);

#endif
