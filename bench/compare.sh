#!/usr/bin/env bash
# Processor time for each request of two states of the sources: bench/compare.sh REF [WORKLOADS] [OPTIONS of bench/compare.ts]
# compares REF with the working tree; REF..OTHER compares two commits. WORKLOADS: letters such as A,B. Default: A.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH=$PWD/node_modules/.bin:$PATH

usage='usage: bench/compare.sh REF|REF..OTHER [WORKLOADS] [--rounds=5] [--seconds=4] [--warm-up=8]'
range=${1:?"$usage"}
shift
workloads=A
if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then workloads=$1; shift; fi

folder=$(mktemp -d)
cleanup() {
  for name in before after; do
    if [ -e "$folder/$name/.git" ]; then git worktree remove --force "$folder/$name"; fi
  done
  rm -rf "$folder"
}
trap cleanup EXIT

check_out() { git worktree add --quiet --detach "$folder/$1" "$2"; }

# As it is now: others may go on editing.
copy_working_tree() {
  mkdir "$folder/$1"
  git ls-files --cached --others --exclude-standard -z -- build cmd src package.json tsconfig.json |
    while IFS= read -r -d '' file; do if [ -e "$file" ]; then printf '%s\0' "$file"; fi; done |
    tar --create --null --files-from=- | tar --extract --directory "$folder/$1"
}

check_out before "${range%..*}"
if [ "$range" = "${range%..*}" ]; then copy_working_tree after; else check_out after "${range#*..}"; fi
for name in before after; do
  ln -s "$PWD/node_modules" "$folder/$name/node_modules"
  (cd "$folder/$name" && node build/bundle.ts)
done
node bench/compare.ts --before="$folder/before" --after="$folder/after" --workload="$workloads" "$@"
