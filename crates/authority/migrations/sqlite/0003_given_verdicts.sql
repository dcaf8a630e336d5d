-- Every verdict that was given, by the hash of its request: the same request gets the same bytes back, and a reservation
-- keeps the hash of each verdict that was given for it.
CREATE TABLE given_verdict (
    request BLOB PRIMARY KEY,
    reservation BLOB,
    verdict BLOB NOT NULL,
    probe BLOB NOT NULL,
    signed BLOB NOT NULL,
    at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX given_verdict_reservation ON given_verdict (reservation) WHERE reservation IS NOT NULL;
CREATE INDEX given_verdict_at ON given_verdict (at);
-- Those given before had no such row: their own hash stands for the request's.
INSERT INTO given_verdict SELECT verdict, id, verdict, probe, x'', made_at FROM reservation;
ALTER TABLE reservation DROP COLUMN verdict;
ALTER TABLE reservation DROP COLUMN probe;

-- Chains of a gate's events by epoch; hash is that of the payload. 32 zero bytes: whatever came before counts.
ALTER TABLE gate_event RENAME TO gate_event_before;
CREATE TABLE gate_event (
    gate TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    number BIGINT NOT NULL,
    hash BLOB NOT NULL,
    heard_at BIGINT NOT NULL,
    PRIMARY KEY (gate, epoch, number)
) WITHOUT ROWID;
INSERT INTO gate_event SELECT gate, 0, number, hash, heard_at FROM gate_event_before;
DROP TABLE gate_event_before;
-- Chains that a gate began anew, with its reason.
CREATE TABLE gate_chain (
    gate TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    reason TEXT NOT NULL,
    note TEXT NOT NULL,
    last_epoch BIGINT NOT NULL,
    last_number BIGINT NOT NULL,
    heard_at BIGINT NOT NULL,
    PRIMARY KEY (gate, epoch)
) WITHOUT ROWID;

-- Events that contradict what stands here, with both signed records, until an officer settles them.
CREATE TABLE event_conflict (
    id BLOB PRIMARY KEY,
    gate TEXT NOT NULL,
    clearance BLOB NOT NULL,
    reservation BLOB,
    code TEXT NOT NULL,
    event BLOB NOT NULL,
    heard_at BIGINT NOT NULL,
    settled_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX event_conflict_open ON event_conflict (heard_at) WHERE settled_at = 0;
CREATE INDEX event_conflict_reservation ON event_conflict (reservation);
-- What officers settled: a reservation or a conflict, by whom, how and why. outcome: 1 passed, 2 not passed, 3 noted.
CREATE TABLE settlement (
    subject BLOB NOT NULL,
    at BIGINT NOT NULL,
    outcome SMALLINT NOT NULL,
    officer TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (subject, at)
) WITHOUT ROWID;

-- How many device keys a person asked for in a day.
DROP INDEX device_person;
CREATE INDEX device_person ON device (person_key, made_at);

-- The own parts that this authority made: keyed hash of the device key, SHA-256 of the part. A part that does not stand here
-- was made by somebody else, with a stolen key.
CREATE TABLE own_part (
    device BLOB NOT NULL,
    hash BLOB NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (device, hash)
) WITHOUT ROWID;
CREATE INDEX own_part_at ON own_part (made_at);

-- Clearances of which a gate told the end before this authority had reserved anything for them: a request that comes after it
-- was held back on its way.
CREATE TABLE ended_clearance (clearance BLOB PRIMARY KEY, at BIGINT NOT NULL) WITHOUT ROWID;
