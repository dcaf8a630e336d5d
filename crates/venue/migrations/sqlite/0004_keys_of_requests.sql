-- The id of the key that signed a request: its receipts are signed with the same, also after the desk's key was followed by another.
ALTER TABLE request ADD COLUMN kid BLOB;
