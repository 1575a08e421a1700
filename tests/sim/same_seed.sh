#!/bin/sh
# same_seed.sh PROGRAM... - every program, run twice with the same seeds, must tell the same hash of all that happened.
set -eu
first=
for program in "$@" "$@"; do
    hash=$("$program" 1 --count 300 --hash | tail -n 1)
    echo "$hash  $program"
    [ -n "$first" ] || first=$hash
    [ "$hash" = "$first" ]
done
other=$("$1" 301 --count 300 --hash | tail -n 1)
echo "$other  other seeds"
[ "$other" != "$first" ]
