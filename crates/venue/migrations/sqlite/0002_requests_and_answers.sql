-- What the desk asked, and what was answered. A request names nobody. An answer is sealed under a key of its own; when it is
-- used for a stay or visit, and else after two hours, nothing of it is left but its receipt and then nothing at all.
CREATE TABLE request (
    id BLOB PRIMARY KEY NOT NULL,
    payload BLOB NOT NULL,
    keep_until BIGINT NOT NULL,
    refused TEXT
);
CREATE INDEX request_by_end ON request (keep_until);
CREATE TABLE answer (
    id BLOB PRIMARY KEY NOT NULL,
    content_tag BLOB NOT NULL,
    state TEXT NOT NULL,
    used_for BLOB,
    taken_at BIGINT NOT NULL,
    keep_until BIGINT NOT NULL,
    wrapped_key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    receipt BLOB NOT NULL
);
CREATE INDEX answer_by_end ON answer (keep_until);
CREATE INDEX answer_by_state ON answer (state, taken_at);
CREATE TABLE shown_credential (tag BLOB PRIMARY KEY NOT NULL, ends_at BIGINT NOT NULL);
CREATE INDEX shown_credential_by_end ON shown_credential (ends_at);
