-- Chains by epoch, and delivered events that are kept for a time: an authority that came back from a backup asks for them
-- again.
CREATE TABLE epoch (number BIGINT PRIMARY KEY, reason TEXT NOT NULL, note TEXT NOT NULL);
ALTER TABLE outbox ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN delivered_at BIGINT;
-- Why its authority took it only for an officer to settle: the list of dead letters.
ALTER TABLE outbox ADD COLUMN conflict TEXT;
CREATE INDEX outbox_due ON outbox (due_at) WHERE number IS NULL;
CREATE INDEX outbox_waiting ON outbox (authority, number) WHERE delivered_at IS NULL;
CREATE INDEX outbox_number ON outbox (authority, epoch, number);
CREATE INDEX outbox_delivered ON outbox (delivered_at) WHERE delivered_at IS NOT NULL;
CREATE INDEX outbox_clearance ON outbox (clearance);
CREATE INDEX outbox_conflict ON outbox (due_at) WHERE conflict IS NOT NULL;
CREATE INDEX clearance_token ON clearance (token);
CREATE INDEX journal_clearance ON journal (clearance);
-- Events of the old form: what waits is signed anew in the new one, in a chain of its own. The journal's chain goes on.
INSERT INTO epoch SELECT 1, 'form_changed', '' WHERE EXISTS (SELECT 1 FROM chain);
DELETE FROM chain WHERE name <> 'journal';
UPDATE outbox SET number = NULL, signed = NULL;
