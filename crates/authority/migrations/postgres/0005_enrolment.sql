-- The device key to which a wallet's secret is bound: its thumbprint (RFC 7638). NULL: a secret of the version before, which
-- its first request with a proof binds.
ALTER TABLE pass ADD COLUMN device BYTEA;
-- One-time invitations: a keyed hash of the code, NULL where it was used. replaces 1: an officer saw the holder, and a pass
-- in force ends when it is used. made: how many there were.
CREATE TABLE invitation (
    person_key BYTEA PRIMARY KEY,
    tag BYTEA,
    made_at BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    replaces SMALLINT NOT NULL,
    made BIGINT NOT NULL
);
-- Second enrolments that wait for the word of the wallet in force, or for an officer's.
CREATE TABLE pending_pass (
    person_key BYTEA PRIMARY KEY,
    session BYTEA NOT NULL,
    device BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX pending_pass_session ON pending_pass (session);
CREATE INDEX pending_pass_due ON pending_pass (due_at);
