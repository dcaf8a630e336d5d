-- What a place of a status list is held for. purpose: 0 a border token, 1 a credential for venues.
ALTER TABLE token ADD COLUMN purpose SMALLINT NOT NULL DEFAULT 0;
