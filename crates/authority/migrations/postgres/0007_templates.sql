-- A resident has a template of each kind that is kept: of several recognisers, or formats.
ALTER TABLE template DROP CONSTRAINT template_pkey;
ALTER TABLE template ADD PRIMARY KEY (person_key, kind);
-- Residents whom somebody else resembles (a twin, a sibling), by the holder's own word or an officer's: no face tells them
-- apart. marked_by: 1 the holder, 2 an officer.
CREATE TABLE look_alike (person_key BYTEA PRIMARY KEY, marked_by SMALLINT NOT NULL, marked_at BIGINT NOT NULL);
