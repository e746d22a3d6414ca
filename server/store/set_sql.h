/*
 * What every statement that issues or mints looks at: no open set has the
 * unit (SECURITY.md R3).  b is the unit's row of birth.  Without an open set
 * it costs a look at an empty index.
 */
#ifndef STORE_SET_SQL_H
#define STORE_SET_SQL_H

#define SET_SPARES(b)                               \
	"NOT EXISTS (SELECT FROM unit_set s WHERE " \
	"s.finished_at IS NULL AND "                \
	"s.action NOT IN ('lift', 'reenroll') AND " \
	"unit_set_has(s, " b ")) "

#endif
