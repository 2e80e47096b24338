#!/usr/bin/env bash
# Compiles a program for the Windows SDK against the compat headers: C11 and C++17, each compiler there is, both
# widths of wchar_t, warnings as errors. The headers count as the program's own, so their warnings show.
set -euo pipefail
include=$1
here=$(cd "$(dirname "$0")" && pwd)
warnings="-Wall -Wextra -Wpedantic -Wshadow -Wundef -Werror"
count=0
check() { # compiler, source, standard, what it does besides
  command -v "$1" >/dev/null || return 0
  for wide in "" -fshort-wchar; do
    for unicode in "" "-DUNICODE -D_UNICODE"; do
      # shellcheck disable=SC2086 # the variables hold several words
      "$1" -fsyntax-only "-std=$3" $warnings $wide $unicode -I"$include" -I"$include/peergroup/compat" "$here/$2"
      count=$((count + 1))
    done
  done
}
check gcc platform_compile.c c11
check clang platform_compile.c c11
check gcc platform_compile.c gnu17
check g++ platform_compile.cpp c++17
check clang++ platform_compile.cpp c++17
[ "$count" -gt 0 ] || { echo "no compiler found" >&2; exit 1; }
echo "compiled $count times"
