#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Both processes as services: they tell systemd that they are ready, that they work and that they
# stop, also after they have become users of their own with few system calls.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/launcher.sh"

notify=$root/tests/smoke/notify_socket.py
ok "the data plane reports to systemd" \
	inside "$notify" "$root/build/dataplane/spate-dataplane" --run-dir "$rundir"
ok "the control plane does so without a data plane" \
	inside "$notify" "$root/build/controlplane/spate-controlplane" --run-dir "$rundir"
