/*
 * Reading the feed from its start to its end, a page a statement.  A page is
 * for FROM, begins after ($1, $2) and is read along the index that has the
 * feed's order.  Where reading is to end is asked of the page, not in it: of
 * entries between two bounds Postgres expects to find few, and would for each
 * page read and sort all that are left.
 */
#ifndef STORE_FEED_PAGE_H
#define STORE_FEED_PAGE_H

#define FEED_PAGE(and_where, entries)                          \
	"(SELECT * FROM revocation WHERE (epoch, position) > " \
	"($1::int, $2::bigint) " and_where                     \
	" ORDER BY epoch, position LIMIT " entries ") r "

/* Of a page's entries those up to and with ($3, $4). */
#define FEED_PAGE_END "(r.epoch, r.position) <= ($3::int, $4::bigint) "

#endif
