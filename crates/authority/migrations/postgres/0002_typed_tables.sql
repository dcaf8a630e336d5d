-- Typed tables, and an index for every statement of a lane, a wallet or an officer. The tables of the first versions
-- are put aside as before_*: a step of the program reads them, encrypts what names a person, and drops them.
ALTER TABLE person RENAME TO before_person;
ALTER TABLE photo RENAME TO before_photo;
ALTER TABLE person_hold RENAME TO before_person_hold;
ALTER TABLE person_tag RENAME TO before_person_tag;
ALTER TABLE enrol_try RENAME TO before_enrol_try;
ALTER TABLE device RENAME TO before_device;
ALTER TABLE token RENAME TO before_token;
ALTER TABLE reservation RENAME TO before_reservation;
ALTER TABLE movement RENAME TO before_movement;
ALTER TABLE verdict RENAME TO before_verdict;
ALTER TABLE gate_event RENAME TO before_gate_event;
ALTER TABLE notice_out RENAME TO before_notice_out;
ALTER TABLE notice_in RENAME TO before_notice_in;
ALTER TABLE weekly_key RENAME TO before_weekly_key;
ALTER TABLE handed_over RENAME TO before_handed_over;
ALTER TABLE watch RENAME TO before_watch;

-- Words of the store itself: the check of the master key, steps that wait.
CREATE TABLE setting (name TEXT PRIMARY KEY, value BYTEA NOT NULL);
-- When a recurring job last ran to its end, in seconds since the epoch.
CREATE TABLE job (name TEXT PRIMARY KEY, ran_at BIGINT NOT NULL);

-- A person. kind: 1 registered here, 2 seen at the border, 3 erased. wrapped_key is their key under the master key;
-- sealed holds name, birth date and standing under that key. NULL: nothing is known, or it was erased.
CREATE TABLE person (
    person_key BYTEA PRIMARY KEY,
    kind SMALLINT NOT NULL,
    wrapped_key BYTEA,
    sealed BYTEA,
    changed_at BIGINT NOT NULL
);
-- One narrow row a person, written to hold them until a transaction ends.
CREATE TABLE person_hold (person_key BYTEA PRIMARY KEY, holds BIGINT NOT NULL);
-- Keyed hashes (HMAC-SHA-256) of document numbers, and of who somebody is by name, birth date and nationality.
CREATE TABLE person_tag (tag BYTEA PRIMARY KEY, person_key BYTEA NOT NULL);
CREATE INDEX person_tag_person ON person_tag (person_key);
-- kind: the code of the kind of document. lost_at 0: not reported lost. ordinal: the order of registration.
CREATE TABLE document (
    person_key BYTEA NOT NULL,
    tag BYTEA NOT NULL,
    ordinal SMALLINT NOT NULL,
    kind SMALLINT NOT NULL,
    lost_at BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (person_key, tag)
);
CREATE TABLE endorsement (
    person_key BYTEA NOT NULL,
    tag BYTEA NOT NULL,
    ordinal SMALLINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (person_key, tag, ordinal)
);
CREATE TABLE photograph (person_key BYTEA PRIMARY KEY, sealed BYTEA NOT NULL);
CREATE TABLE template (person_key BYTEA PRIMARY KEY, kind SMALLINT NOT NULL, sealed BYTEA NOT NULL);
-- The pass of a person: SHA-256 of the wallet's secret, NULL where none is in force.
CREATE TABLE pass (person_key BYTEA PRIMARY KEY, session BYTEA, changed_at BIGINT NOT NULL);
CREATE UNIQUE INDEX pass_session ON pass (session) WHERE session IS NOT NULL;
-- Keyed hashes of device keys' thumbprints: one device key belongs to one person.
CREATE TABLE device (tag BYTEA PRIMARY KEY, person_key BYTEA NOT NULL, made_at BIGINT NOT NULL);
CREATE INDEX device_person ON device (person_key);
-- status: 0 valid, 1 invalid, 2 suspended (Token Status List). tag: keyed hash of the token's id.
CREATE TABLE token (
    tag BYTEA PRIMARY KEY,
    person_key BYTEA NOT NULL,
    list SMALLINT NOT NULL,
    place BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    status SMALLINT NOT NULL
);
CREATE UNIQUE INDEX token_place ON token (list, place);
CREATE INDEX token_person ON token (person_key, expires);
CREATE INDEX token_ended ON token (list, expires, place, status) WHERE status <> 0;
CREATE TABLE spent_token (tag BYTEA PRIMARY KEY, spent_at BIGINT NOT NULL);

-- state: 1 held (at: until when), 2 unresolved (at: since when), 3 applied (passage: by which), 4 released (at, cause: 1
-- not passed, 2 returned, 3 superseded, 4 officer). token_id stands only where a notice will have to name it.
CREATE TABLE reservation (
    id BYTEA PRIMARY KEY,
    person_key BYTEA NOT NULL,
    token_tag BYTEA NOT NULL,
    token_id BYTEA,
    clearance BYTEA NOT NULL,
    lane TEXT NOT NULL,
    state SMALLINT NOT NULL,
    at BIGINT NOT NULL,
    cause SMALLINT,
    passage BYTEA,
    verdict BYTEA NOT NULL,
    probe BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    port TEXT NOT NULL,
    origin TEXT NOT NULL,
    destination TEXT NOT NULL,
    issuer TEXT NOT NULL,
    with_group SMALLINT NOT NULL,
    granted_until TEXT,
    spends_form SMALLINT,
    spends_destination TEXT,
    spends_from TEXT,
    keep_days SMALLINT NOT NULL
);
CREATE INDEX reservation_person ON reservation (person_key) WHERE state <= 2;
CREATE INDEX reservation_token ON reservation (token_tag) WHERE state <= 2;
CREATE INDEX reservation_clearance ON reservation (clearance, made_at);
CREATE INDEX reservation_state ON reservation (state, at);

-- The ledger. source: 1 a passage here, 2 a notice of another authority, 3 written in from an earlier record.
-- spends_*: the endorsement that lost an entry. reduced 1: the time of day was taken away (docs/retention.md).
CREATE TABLE movement (
    person_key BYTEA NOT NULL,
    id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    port TEXT NOT NULL,
    origin TEXT NOT NULL,
    destination TEXT NOT NULL,
    issuer TEXT NOT NULL,
    source SMALLINT NOT NULL,
    with_group SMALLINT NOT NULL,
    granted_until TEXT,
    spends_form SMALLINT,
    spends_destination TEXT,
    spends_from TEXT,
    keep_days SMALLINT NOT NULL,
    reduced SMALLINT NOT NULL,
    PRIMARY KEY (person_key, id)
);
CREATE INDEX movement_at ON movement (at, id);
CREATE INDEX movement_person_at ON movement (person_key, at);

-- Why this authority answered as it did, for its own officers.
CREATE TABLE verdict_reason (
    reference BYTEA PRIMARY KEY,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX verdict_reason_at ON verdict_reason (at);
-- The chain of each gate's events: number and SHA-256 of the payload that was signed.
CREATE TABLE gate_event (
    gate TEXT NOT NULL,
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    heard_at BIGINT NOT NULL,
    PRIMARY KEY (gate, number)
);
-- The outbox: notices to issuers. delivered_at 0: waits.
CREATE TABLE notice_out (
    hash BYTEA PRIMARY KEY,
    issuer TEXT NOT NULL,
    message BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    delivered_at BIGINT NOT NULL
);
CREATE INDEX notice_out_waiting ON notice_out (made_at) WHERE delivered_at = 0;
CREATE TABLE notice_in (hash BYTEA PRIMARY KEY, taken_at BIGINT NOT NULL);
-- Keys of a week, wrapped under the master key.
CREATE TABLE weekly_key (
    maker TEXT NOT NULL,
    receiver TEXT NOT NULL,
    week TEXT NOT NULL,
    week_end BIGINT NOT NULL,
    wrapped BYTEA NOT NULL,
    PRIMARY KEY (maker, receiver, week)
);
CREATE TABLE handed_over (
    receiver TEXT NOT NULL,
    week TEXT NOT NULL,
    week_end BIGINT NOT NULL,
    PRIMARY KEY (receiver, week)
);
CREATE TABLE enrolment_try (tag BYTEA PRIMARY KEY, tries SMALLINT NOT NULL, since BIGINT NOT NULL);
CREATE TABLE watch (tag BYTEA PRIMARY KEY, until BIGINT NOT NULL);

INSERT INTO setting (name, value) VALUES ('import', '\x01');
