-- Nodes are replaced one after another while others serve: a program works with
-- the schemas of later versions for as long as they say so.  A migration that
-- leaves the programs before it whole says, at its start,
--	SET LOCAL latchkey.works_from = N;
-- with the schema version of the oldest such program.

ALTER TABLE schema_migration
	-- NULL: with no program before it
	ADD COLUMN works_from int DEFAULT
		nullif(current_setting('latchkey.works_from', true), '')::int
		CHECK (works_from <= version);
