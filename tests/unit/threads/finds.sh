#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# finds.sh PROGRAM: whether ThreadSanitizer reports a data race in a program that has one.
output=$("$1" 2>&1)
status=$?
printf '%s\n' "$output" | grep -q 'WARNING: ThreadSanitizer: data race' && [ "$status" -ne 0 ] && exit
printf '%s\nno data race was reported; exit code %s\n' "$output" "$status"
exit 1
