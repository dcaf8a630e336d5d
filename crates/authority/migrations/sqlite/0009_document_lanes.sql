-- At a lane by document a reservation whose passage is told to the document's issuer keeps the number sealed to that issuer;
-- token_id is then the showing. Both go once the notice was made.
ALTER TABLE reservation ADD COLUMN sealed_number BLOB;
