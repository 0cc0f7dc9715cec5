#!/usr/bin/env bash
# Instructions for each object, this library beside hand-written rusqlite: needs valgrind and a release build of `measure`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/measure "$@" 2>&1 |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

for work in insert load rows get query; do
    raw=$((($(count raw "$work" 3) - $(count raw "$work" 1)) / 20000))
    ours=$((($(count orm "$work" 3) - $(count orm "$work" 1)) / 20000))
    echo "$work: raw $raw instructions, orm $ours: $((100 * ours / raw))%"
done
