#!/bin/sh
# clang-format decides how C looks (make fmt).
cd "$(dirname "$0")/../.." || exit 1
git ls-files -z '*.c' '*.h' |
    xargs -0 -n 8 -P "$(nproc)" clang-format --dry-run -Werror
