-- What the desk asked, and what was answered. A request names nobody. An answer is sealed under a key of its own; when it is
-- used for a stay or visit, and else after two hours, nothing of it is left but its receipt and then nothing at all.
CREATE TABLE request (
    id BYTEA PRIMARY KEY NOT NULL,
    payload BYTEA NOT NULL,
    keep_until BIGINT NOT NULL,
    refused TEXT
);
CREATE INDEX request_by_end ON request (keep_until);
CREATE TABLE answer (
    id BYTEA PRIMARY KEY NOT NULL,
    content_tag BYTEA NOT NULL,
    state TEXT NOT NULL,
    used_for BYTEA,
    taken_at BIGINT NOT NULL,
    keep_until BIGINT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    receipt BYTEA NOT NULL
);
CREATE INDEX answer_by_end ON answer (keep_until);
CREATE INDEX answer_by_state ON answer (state, taken_at);
CREATE TABLE shown_credential (tag BYTEA PRIMARY KEY NOT NULL, ends_at BIGINT NOT NULL);
CREATE INDEX shown_credential_by_end ON shown_credential (ends_at);
