#!/bin/sh
# SQL stands in store/ alone, and libpq's types nowhere else.
cd "$(dirname "$0")/../.." || exit 1
! git grep -nE '"(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|COPY) |\bPG(conn|result)\b|\bPQ[a-z]' -- \
    'server/*.[ch]' 'client/*.[ch]' ':!server/store/*'
