-- The desk's book. What names a person is sealed under a key of that person's own; what finds one is a keyed hash.
CREATE TABLE setting (name TEXT PRIMARY KEY NOT NULL, value BYTEA NOT NULL);
CREATE TABLE person (
    person_key BYTEA PRIMARY KEY NOT NULL,
    wrapped_key BYTEA NOT NULL,
    pseudonym_tag BYTEA,
    number_tag BYTEA,
    made_at BIGINT NOT NULL,
    keep_until BIGINT,
    sealed BYTEA NOT NULL
);
CREATE INDEX person_by_pseudonym ON person (pseudonym_tag);
CREATE INDEX person_by_number ON person (number_tag);
CREATE INDEX person_by_end ON person (keep_until);
CREATE TABLE stay (
    id BYTEA PRIMARY KEY NOT NULL,
    person_key BYTEA NOT NULL,
    content_tag BYTEA NOT NULL,
    state TEXT NOT NULL,
    in_at BIGINT NOT NULL,
    out_at BIGINT,
    revision BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX stay_by_person ON stay (person_key);
CREATE INDEX stay_by_state ON stay (state, in_at);
CREATE TABLE report (
    id BYTEA PRIMARY KEY NOT NULL,
    queue TEXT NOT NULL,
    stay BYTEA NOT NULL,
    person_key BYTEA NOT NULL,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    alarm_at BIGINT,
    due_at BIGINT,
    tries BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    sent_at BIGINT,
    receipt TEXT,
    answer BYTEA,
    sealed BYTEA NOT NULL
);
CREATE UNIQUE INDEX report_by_stay ON report (queue, stay, number);
CREATE INDEX report_by_state ON report (queue, state, next_at);
CREATE INDEX report_by_person ON report (person_key, state);
CREATE TABLE visit (
    id BYTEA PRIMARY KEY NOT NULL,
    person_key BYTEA NOT NULL,
    state TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX visit_by_person ON visit (person_key);
CREATE INDEX visit_by_state ON visit (state, changed_at);
CREATE TABLE look (
    id BYTEA PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    person_key BYTEA NOT NULL
);
CREATE INDEX look_by_person ON look (person_key, at);
CREATE INDEX look_by_time ON look (at);
CREATE TABLE retention_run (
    at BIGINT PRIMARY KEY NOT NULL,
    persons BIGINT NOT NULL,
    stays BIGINT NOT NULL,
    visits BIGINT NOT NULL,
    looks BIGINT NOT NULL,
    held_back BIGINT NOT NULL
);
