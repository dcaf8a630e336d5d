-- By which names a person is found: keyed hashes, each of a whole name. They go with the person.
CREATE TABLE person_name (person_key BLOB NOT NULL, tag BLOB NOT NULL, PRIMARY KEY (person_key, tag));
CREATE INDEX person_by_name ON person_name (tag);
