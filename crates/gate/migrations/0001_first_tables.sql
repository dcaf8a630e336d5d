-- The tables of the first versions, as those made them. A store of theirs has them already. Nothing here may change: its
-- checksum is on record in every store.
CREATE TABLE IF NOT EXISTS clearance (
    id BLOB PRIMARY KEY, lane TEXT NOT NULL, port TEXT NOT NULL, origin TEXT NOT NULL, destination TEXT NOT NULL,
    sides TEXT NOT NULL, token BLOB NOT NULL, shown_at BIGINT NOT NULL, probe BLOB NOT NULL,
    asked_at BIGINT NOT NULL, stage TEXT NOT NULL, verdicts BLOB NOT NULL, passage TEXT, ended_at BIGINT);
CREATE TABLE IF NOT EXISTS chain (name TEXT PRIMARY KEY, number BIGINT NOT NULL, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS journal (number BIGINT PRIMARY KEY, clearance BLOB NOT NULL, signed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
    authority TEXT NOT NULL, clearance BLOB NOT NULL, passage TEXT NOT NULL, due_at BIGINT NOT NULL,
    verdicts BLOB NOT NULL, probe BLOB NOT NULL, number BIGINT, signed BLOB,
    PRIMARY KEY (authority, clearance));
CREATE TABLE IF NOT EXISTS showing (
    token BLOB NOT NULL, shown_at BIGINT NOT NULL, lane TEXT NOT NULL, PRIMARY KEY (token, shown_at));
