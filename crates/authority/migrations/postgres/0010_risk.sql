-- Risk control (docs/risk.md). What is sealed lies under the person's key; of somebody who was only seen, under the authority's own.
-- The state of one person: of one size, however many crossings there were. enrolled_at: the last time that they enrolled once more.
CREATE TABLE risk_person (
    person_key BYTEA PRIMARY KEY,
    enrolled_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX risk_person_changed ON risk_person (changed_at);
-- The same as it was before the first verdict of a day (days since 1970), for replay.
CREATE TABLE risk_day (
    person_key BYTEA NOT NULL,
    day BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (person_key, day)
);
CREATE INDEX risk_day_day ON risk_day (day);
-- The state of a device, by a keyed hash of the key to which its wallet is bound.
CREATE TABLE risk_device (
    tag BYTEA PRIMARY KEY,
    changed_at BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX risk_device_changed ON risk_device (changed_at);
-- The state of a lane: of its machine and staff, of no traveller.
CREATE TABLE risk_lane (
    lane TEXT PRIMARY KEY,
    state BYTEA NOT NULL
);
-- What the rules saw and found at the first verdict of each clearance, for replay: version 0 where no rules were in force.
-- code: a keyed hash of token and proof as they were shown, by which a code that comes again is known.
CREATE TABLE risk_verdict (
    reference BYTEA PRIMARY KEY,
    person_key BYTEA NOT NULL,
    at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    code BYTEA NOT NULL,
    lane TEXT NOT NULL,
    clearance BYTEA NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX risk_verdict_at ON risk_verdict (at);
CREATE INDEX risk_verdict_person ON risk_verdict (person_key);
CREATE INDEX risk_verdict_code ON risk_verdict (code, at);
-- The signed reason of every verdict but a plain admit. person_key: NULL where nobody was found. step: which one of its clearance.
CREATE TABLE risk_reason (
    reference BYTEA PRIMARY KEY,
    clearance BYTEA NOT NULL,
    person_key BYTEA,
    step BIGINT NOT NULL,
    at BIGINT NOT NULL,
    signed BYTEA NOT NULL
);
CREATE INDEX risk_reason_clearance ON risk_reason (clearance, step);
CREATE INDEX risk_reason_at ON risk_reason (at);
CREATE INDEX risk_reason_person ON risk_reason (person_key) WHERE person_key IS NOT NULL;
-- Signed versions of the rules, in the order in which they were taken.
CREATE TABLE risk_rules (
    number BIGINT PRIMARY KEY,
    hash BYTEA NOT NULL,
    taken_at BIGINT NOT NULL,
    signed BYTEA NOT NULL
);
-- Suspensions that a rule asked for or an officer spoke. state: 1 asked for, 2 in force, 3 lifted, 4 lapsed.
CREATE TABLE suspension (
    person_key BYTEA PRIMARY KEY,
    state SMALLINT NOT NULL,
    reference BYTEA,
    asked_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    officer TEXT NOT NULL,
    note TEXT NOT NULL
);
CREATE INDEX suspension_due ON suspension (due_at) WHERE state = 1;
-- Appeals, by the reference that the traveller has; words: sealed under the authority's own key. outcome: 0 open, 1 succeeded, 2 failed.
CREATE TABLE appeal (
    reference BYTEA PRIMARY KEY,
    made_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    language TEXT NOT NULL,
    words BYTEA NOT NULL,
    outcome SMALLINT NOT NULL,
    answered_at BIGINT NOT NULL,
    officer TEXT NOT NULL,
    answer TEXT NOT NULL
);
CREATE INDEX appeal_open ON appeal (due_at) WHERE outcome = 0;
-- Decided appeals against each rule since a version brought it.
CREATE TABLE appeal_count (
    rule TEXT PRIMARY KEY,
    succeeded BIGINT NOT NULL,
    failed BIGINT NOT NULL
);
