-- The tables of the first versions, as those made them. A database of theirs has them already; a new one gets them and
-- loses them again in the step that follows. Nothing here may change: its checksum is on record in every database.
CREATE TABLE IF NOT EXISTS person (person_key BLOB PRIMARY KEY, record TEXT NOT NULL, template BLOB NOT NULL, template_kind BIGINT NOT NULL, session BLOB NOT NULL, ended BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS photo (person_key BLOB PRIMARY KEY, photo BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS person_hold (person_key BLOB PRIMARY KEY, holds BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS person_tag (tag BLOB PRIMARY KEY, person_key BLOB NOT NULL, lost BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS enrol_try (tag BLOB PRIMARY KEY, tries BIGINT NOT NULL, since BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS device (thumbprint BLOB PRIMARY KEY, person_key BLOB NOT NULL, at BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS token (token_id BLOB PRIMARY KEY, person_key BLOB NOT NULL, list BIGINT NOT NULL, place BIGINT NOT NULL, expires BIGINT NOT NULL, status BIGINT NOT NULL, UNIQUE (list, place));
CREATE TABLE IF NOT EXISTS reservation (id BLOB PRIMARY KEY, person_key BLOB NOT NULL, token_id BLOB NOT NULL, clearance BLOB NOT NULL, lane TEXT NOT NULL, state TEXT NOT NULL, at BIGINT NOT NULL, passage BLOB NOT NULL, verdict BLOB NOT NULL, probe BLOB NOT NULL, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS movement (id BLOB PRIMARY KEY, person_key BLOB NOT NULL, at BIGINT NOT NULL, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS verdict (reference BLOB PRIMARY KEY, at BIGINT NOT NULL, outcome TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS gate_event (gate TEXT NOT NULL, number BIGINT NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (gate, number));
CREATE TABLE IF NOT EXISTS notice_out (hash BLOB PRIMARY KEY, issuer TEXT NOT NULL, message BLOB NOT NULL, delivered BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS notice_in (hash BLOB PRIMARY KEY, at BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS weekly_key (maker TEXT NOT NULL, receiver TEXT NOT NULL, week TEXT NOT NULL, week_end BIGINT NOT NULL, secret BLOB NOT NULL, PRIMARY KEY (maker, receiver, week));
CREATE TABLE IF NOT EXISTS handed_over (receiver TEXT NOT NULL, week TEXT NOT NULL, week_end BIGINT NOT NULL, PRIMARY KEY (receiver, week));
CREATE TABLE IF NOT EXISTS watch (tag BLOB PRIMARY KEY, until BIGINT NOT NULL);
