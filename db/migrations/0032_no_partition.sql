-- A table without any partition takes no rows: /readyz says so, as it does once
-- the last one is over.

SET LOCAL latchkey.works_from = 26;

CREATE OR REPLACE FUNCTION partition_days_ahead() RETURNS int
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT min(n)::int FROM (SELECT
		coalesce(max(to_date(right(c.relname, 8), 'YYYYMMDD')) -
		(now() AT TIME ZONE 'UTC')::date, -1) AS n
		FROM pg_class p LEFT JOIN pg_inherits i ON p.oid = i.inhparent
		LEFT JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind = 'r'
		WHERE p.relname IN ('certificate', 'event', 'attestation') AND
		p.relkind = 'p'
		GROUP BY p.relname) AS per_table
$$;
