#!/bin/sh
# Python: syntax, unused names, tabs and length of lines.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck disable=SC2046
/usr/bin/python3 -m pyflakes $(git ls-files '*.py') || exit 1
! git grep -nE '.{81,}|	' -- '*.py'
