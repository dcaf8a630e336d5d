-- Whose pass may be on whose phone (docs/carer.md). person_key: the ward; carer_tag: a keyed hash of the carer's own key. Under the
-- ward's key is sealed who carries, on what ground, until when, and who ended it. ended_at: 0 until its end was noticed. session: the
-- hash of the secret that the pass had on that phone, so that its wallet is told why it ended.
CREATE TABLE carer (
    id BYTEA PRIMARY KEY,
    person_key BYTEA NOT NULL,
    carer_tag BYTEA NOT NULL,
    session BYTEA,
    ended_at BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX carer_person ON carer (person_key);
CREATE INDEX carer_carer ON carer (carer_tag);
CREATE UNIQUE INDEX carer_session ON carer (session) WHERE session IS NOT NULL;
-- The relation by which a pass is on a carer's phone; NULL: it is on its holder's own.
ALTER TABLE pass ADD COLUMN carer BYTEA;
ALTER TABLE pending_pass ADD COLUMN carer BYTEA;
CREATE INDEX pass_carer ON pass (carer) WHERE carer IS NOT NULL;
