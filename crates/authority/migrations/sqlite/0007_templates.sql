-- A resident has a template of each kind that is kept: of several recognisers, or formats.
CREATE TABLE templates (person_key BLOB NOT NULL, kind SMALLINT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (person_key, kind));
INSERT INTO templates (person_key, kind, sealed) SELECT person_key, kind, sealed FROM template;
DROP TABLE template;
ALTER TABLE templates RENAME TO template;
-- Residents whom somebody else resembles (a twin, a sibling), by the holder's own word or an officer's: no face tells them
-- apart. marked_by: 1 the holder, 2 an officer.
CREATE TABLE look_alike (person_key BLOB PRIMARY KEY, marked_by SMALLINT NOT NULL, marked_at BIGINT NOT NULL);
