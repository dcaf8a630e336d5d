-- What wallets of others were granted (docs/openid4vc.md), by a keyed hash of the secret that was handed out: a request that was
-- pushed (1), a code (2), a code of a counter (3), an access token (4), credentials that were not ready (5), ones that were given (6).
CREATE TABLE openid_grant (
    tag BLOB PRIMARY KEY,
    kind SMALLINT NOT NULL,
    person_key BLOB,
    expires BIGINT NOT NULL,
    record BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX openid_grant_expires ON openid_grant (expires);
CREATE INDEX openid_grant_person ON openid_grant (person_key) WHERE person_key IS NOT NULL;
