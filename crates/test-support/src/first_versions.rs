//! First versions: what they wrote, for the tests that bring it over.

/// The tables of an authority's database as the first versions made them; `{blob}` is the engine's word for bytes.
pub const FIRST_TABLES: [&str; 16] = [
    "CREATE TABLE IF NOT EXISTS person (person_key {blob} PRIMARY KEY, record TEXT NOT NULL, template {blob} NOT NULL, template_kind BIGINT NOT NULL, session {blob} NOT NULL, ended BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS photo (person_key {blob} PRIMARY KEY, photo {blob} NOT NULL)",
    "CREATE TABLE IF NOT EXISTS person_hold (person_key {blob} PRIMARY KEY, holds BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS person_tag (tag {blob} PRIMARY KEY, person_key {blob} NOT NULL, lost BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS enrol_try (tag {blob} PRIMARY KEY, tries BIGINT NOT NULL, since BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS device (thumbprint {blob} PRIMARY KEY, person_key {blob} NOT NULL, at BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS token (token_id {blob} PRIMARY KEY, person_key {blob} NOT NULL, list BIGINT NOT NULL, place BIGINT NOT NULL, expires BIGINT NOT NULL, status BIGINT NOT NULL, UNIQUE (list, place))",
    "CREATE TABLE IF NOT EXISTS reservation (id {blob} PRIMARY KEY, person_key {blob} NOT NULL, token_id {blob} NOT NULL, clearance {blob} NOT NULL, lane TEXT NOT NULL, state TEXT NOT NULL, at BIGINT NOT NULL, passage {blob} NOT NULL, verdict {blob} NOT NULL, probe {blob} NOT NULL, record TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS movement (id {blob} PRIMARY KEY, person_key {blob} NOT NULL, at BIGINT NOT NULL, record TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS verdict (reference {blob} PRIMARY KEY, at BIGINT NOT NULL, outcome TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS gate_event (gate TEXT NOT NULL, number BIGINT NOT NULL, hash {blob} NOT NULL, PRIMARY KEY (gate, number))",
    "CREATE TABLE IF NOT EXISTS notice_out (hash {blob} PRIMARY KEY, issuer TEXT NOT NULL, message {blob} NOT NULL, delivered BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS notice_in (hash {blob} PRIMARY KEY, at BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS weekly_key (maker TEXT NOT NULL, receiver TEXT NOT NULL, week TEXT NOT NULL, week_end BIGINT NOT NULL, secret {blob} NOT NULL, PRIMARY KEY (maker, receiver, week))",
    "CREATE TABLE IF NOT EXISTS handed_over (receiver TEXT NOT NULL, week TEXT NOT NULL, week_end BIGINT NOT NULL, PRIMARY KEY (receiver, week))",
    "CREATE TABLE IF NOT EXISTS watch (tag {blob} PRIMARY KEY, until BIGINT NOT NULL)",
];
