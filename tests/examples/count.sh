#!/usr/bin/env bash
# Instructions for each object, this library beside hand-written rusqlite: needs valgrind and release builds of `measure` and `eager`.
# Arguments are the work to count; without them it is all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
examples=${CARGO_TARGET_DIR:-target}/release/examples

count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

# A name, how many objects there are, and what is run for `raw` and for `orm`, with a number of repetitions behind it.
compare() {
    local name=$1 objects=$2 raw ours
    shift 2
    raw=$((($(count "${@/WHO/raw}" 3) - $(count "${@/WHO/raw}" 1)) / 2 / objects))
    ours=$((($(count "${@/WHO/orm}" 3) - $(count "${@/WHO/orm}" 1)) / 2 / objects))
    echo "$name: raw $raw instructions, orm $ours: $((100 * ours / raw))%"
}

for work in ${*:-insert load rows get query update delete each eager}; do
    case $work in
        eager) compare eager 1100 "$examples/eager" WHO ;;
        *) compare "$work" 10000 --toggle-collect='*only_this*' "$examples/measure" WHO "$work" ;;
    esac
done
