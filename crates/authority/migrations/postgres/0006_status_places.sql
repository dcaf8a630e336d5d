-- A place of a status list is one token's at a time. place -1: the token ended, and its place is free for another one.
DROP INDEX token_place;
CREATE UNIQUE INDEX token_place ON token (list, place) WHERE place >= 0;
-- Tokens that still have a place, by their end.
CREATE INDEX token_expires ON token (expires) WHERE place >= 0;
