-- What a library's desk has asked its system and may not know the end of, and which cards of a pool were given. Who asked and
-- what for is sealed under the reader's own key; the tags are keyed hashes.
CREATE TABLE intent (
    id BLOB PRIMARY KEY NOT NULL,
    person_key BLOB NOT NULL,
    item_tag BLOB NOT NULL,
    state TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    sealed BLOB NOT NULL
);
CREATE INDEX intent_by_item ON intent (item_tag, state);
CREATE INDEX intent_by_state ON intent (state, changed_at);
CREATE INDEX intent_by_person ON intent (person_key, state);
CREATE TABLE pool_card (tag BLOB PRIMARY KEY NOT NULL, reader_tag BLOB);
CREATE UNIQUE INDEX pool_card_by_reader ON pool_card (reader_tag);
