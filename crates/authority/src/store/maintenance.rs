//! Maintenance: what is deleted or reduced when its time is over (`docs/retention.md`), and when that last ran.
//!
//! Lives here: statements that may read whole tables, once a day. Not here: how long anything is kept (`retention`).

use documents::Timestamp;

use super::{Result, Tx, all, array, column, define_statements, optional, run};

define_statements! {
    FORGET_RESERVATIONS = "DELETE FROM reservation WHERE state > 2 AND made_at + keep_days * 86400 < $1";
    FORGET_TOKEN_IDS = "UPDATE reservation SET token_id = NULL, sealed_number = NULL WHERE token_id IS NOT NULL AND made_at < $1";
    FREE_PLACES = "UPDATE token SET place = -1 WHERE tag IN (SELECT tag FROM token WHERE place >= 0 AND expires < $1 ORDER BY expires LIMIT 1000)";
    FORGET_TOKENS = "DELETE FROM token WHERE expires < $1";
    FORGET_SPENT_TOKENS = "DELETE FROM spent_token WHERE spent_at < $1";
    FORGET_DEVICES = "DELETE FROM device WHERE made_at < $1";
    FORGET_REASONS = "DELETE FROM verdict_reason WHERE at < $1";
    FORGET_EVENTS = "DELETE FROM gate_event WHERE heard_at < $1 AND number < (SELECT MAX(newest.number) FROM gate_event AS newest WHERE newest.gate = gate_event.gate AND newest.epoch = gate_event.epoch)";
    FORGET_GIVEN = "DELETE FROM given_verdict WHERE at < $1 AND NOT EXISTS (SELECT 1 FROM reservation WHERE reservation.id = given_verdict.reservation)";
    FORGET_CONFLICTS = "DELETE FROM event_conflict WHERE settled_at > 0 AND settled_at < $1";
    FORGET_ENDED = "DELETE FROM ended_clearance WHERE at < $1";
    FORGET_OWN_PARTS = "DELETE FROM own_part WHERE made_at < $1";
    FORGET_SETTLEMENTS = "DELETE FROM settlement WHERE at < $1";
    FORGET_NOTICES_OUT = "DELETE FROM notice_out WHERE delivered_at > 0 AND delivered_at < $1";
    FORGET_NOTICES_IN = "DELETE FROM notice_in WHERE taken_at < $1";
    FORGET_TRIES = "DELETE FROM enrolment_try WHERE since < $1";
    FORGET_INVITATIONS = "DELETE FROM invitation WHERE expires < $1";
    FORGET_PENDING = "DELETE FROM pending_pass WHERE due_at < $1";
    FORGET_CARERS = "DELETE FROM carer WHERE ended_at > 0 AND ended_at < $1";
    FORGET_GRANTS = "DELETE FROM openid_grant WHERE expires < $1";
    FORGET_WATCHES = "DELETE FROM watch WHERE until < $1";
    FORGET_RISK_PERSONS = "DELETE FROM risk_person WHERE changed_at < $1";
    FORGET_RISK_DEVICES = "DELETE FROM risk_device WHERE changed_at < $1";
    FORGET_RISK_DAYS = "DELETE FROM risk_day WHERE day < $1";
    FORGET_RISK_VERDICTS = "DELETE FROM risk_verdict WHERE at < $1";
    FORGET_RISK_REASONS = "DELETE FROM risk_reason WHERE at < $1 AND NOT EXISTS (SELECT 1 FROM appeal WHERE appeal.reference = risk_reason.reference AND appeal.outcome = 0)";
    FORGET_SUSPENSIONS = "DELETE FROM suspension WHERE state > 2 AND due_at < $1";
    FORGET_APPEALS = "DELETE FROM appeal WHERE outcome > 0 AND answered_at < $1";
    FORGET_MOVEMENTS = "DELETE FROM movement WHERE at < $1";
    DUE_MOVEMENTS = "SELECT person_key, id, at FROM movement WHERE reduced = 0 AND at + keep_days * 86400 < $1 ORDER BY person_key, at, id LIMIT 1000";
    COUNT_DAY = "SELECT COUNT(*) AS counted FROM movement WHERE person_key = $1 AND reduced = 1 AND at >= $2 AND at < $3";
    REDUCE_MOVEMENT = "UPDATE movement SET at = $1, reduced = 1 WHERE person_key = $2 AND id = $3";
    SET_JOB = "INSERT INTO job (name, ran_at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at";
    FIND_JOB = "SELECT ran_at FROM job WHERE name = $1";
}

/// Statements that may read a whole table. Of versions of rules and of counts for each rule there are few.
pub(super) const SCANS: &[&str] = &[
    "READ_WRAPPED_KEYS",
    "READ_RISK_PERSONS",
    "READ_RISK_DAYS",
    "READ_RISK_DEVICES",
    "READ_RISK_VERDICTS",
    "READ_APPEALS",
    "FORGET_RESERVATIONS",
    "FORGET_TOKEN_IDS",
    "FREE_PLACES",
    "FORGET_TOKENS",
    "FORGET_SPENT_TOKENS",
    "FORGET_DEVICES",
    "FORGET_REASONS",
    "FORGET_EVENTS",
    "FORGET_GIVEN",
    "FORGET_CONFLICTS",
    "FORGET_SETTLEMENTS",
    "FORGET_OWN_PARTS",
    "FORGET_ENDED",
    "FORGET_NOTICES_OUT",
    "FORGET_NOTICES_IN",
    "FORGET_TRIES",
    "FORGET_INVITATIONS",
    "FORGET_PENDING",
    "FORGET_CARERS",
    "OPEN_CARERS",
    "FORGET_GRANTS",
    "FORGET_WATCHES",
    "FORGET_RISK_PERSONS",
    "FORGET_RISK_DEVICES",
    "FORGET_RISK_DAYS",
    "FORGET_RISK_VERDICTS",
    "FORGET_RISK_REASONS",
    "FORGET_SUSPENSIONS",
    "FORGET_APPEALS",
    "FORGET_MOVEMENTS",
    "DUE_MOVEMENTS",
    "RISK_RULES",
    "APPEAL_COUNTS",
    "DROP_WEEKLY_KEYS",
    "DROP_HANDED_OVER",
    "COUNT_OTHER_TEMPLATES",
    "NEXT_OTHER_TEMPLATE",
];

/// The instants before which each kind of row is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadlines {
    pub token_ids: Timestamp,
    pub spent_tokens: Timestamp,
    pub devices: Timestamp,
    pub reasons: Timestamp,
    pub events: Timestamp,
    pub given: Timestamp,
    pub conflicts: Timestamp,
    pub settlements: Timestamp,
    pub own_parts: Timestamp,
    pub notices_out: Timestamp,
    pub notices_in: Timestamp,
    pub tries: Timestamp,
    pub enrolments: Timestamp,
    pub carers: Timestamp,
    pub watches: Timestamp,
    pub risk_states: Timestamp,
    pub risk_facts: Timestamp,
    pub risk_reasons: Timestamp,
    pub appeals: Timestamp,
    pub movements: Timestamp,
}

/// Deletes every row whose time is over at `now`; gives how many.
pub(crate) async fn forget(tx: &mut Tx, deadlines: &Deadlines, now: Timestamp) -> Result<u64> {
    let mut gone = run!(tx, FORGET_RESERVATIONS, now.unix())?;
    gone += run!(tx, FORGET_TOKEN_IDS, deadlines.token_ids.unix())?;
    gone += run!(tx, FORGET_TOKENS, deadlines.token_ids.unix())?;
    gone += run!(tx, FORGET_SPENT_TOKENS, deadlines.spent_tokens.unix())?;
    gone += run!(tx, FORGET_DEVICES, deadlines.devices.unix())?;
    gone += run!(tx, FORGET_REASONS, deadlines.reasons.unix())?;
    gone += run!(tx, FORGET_EVENTS, deadlines.events.unix())?;
    gone += run!(tx, FORGET_GIVEN, deadlines.given.unix())?;
    gone += run!(tx, FORGET_CONFLICTS, deadlines.conflicts.unix())?;
    gone += run!(tx, FORGET_SETTLEMENTS, deadlines.settlements.unix())?;
    gone += run!(tx, FORGET_ENDED, deadlines.given.unix())?;
    gone += run!(tx, FORGET_OWN_PARTS, deadlines.own_parts.unix())?;
    gone += run!(tx, FORGET_NOTICES_OUT, deadlines.notices_out.unix())?;
    gone += run!(tx, FORGET_NOTICES_IN, deadlines.notices_in.unix())?;
    gone += run!(tx, FORGET_TRIES, deadlines.tries.unix())?;
    gone += run!(tx, FORGET_INVITATIONS, deadlines.enrolments.unix())?;
    gone += run!(tx, FORGET_PENDING, deadlines.enrolments.unix())?;
    gone += run!(tx, FORGET_CARERS, deadlines.carers.unix())?;
    gone += run!(tx, FORGET_GRANTS, now.unix())?;
    gone += run!(tx, FORGET_WATCHES, deadlines.watches.unix())?;
    gone += run!(tx, FORGET_RISK_PERSONS, deadlines.risk_states.unix())?;
    gone += run!(tx, FORGET_RISK_DEVICES, deadlines.risk_states.unix())?;
    gone += run!(tx, FORGET_RISK_DAYS, deadlines.risk_facts.local_date().days_since_epoch())?;
    gone += run!(tx, FORGET_RISK_VERDICTS, deadlines.risk_facts.unix())?;
    gone += run!(tx, FORGET_RISK_REASONS, deadlines.risk_reasons.unix())?;
    gone += run!(tx, FORGET_SUSPENSIONS, deadlines.appeals.unix())?;
    gone += run!(tx, FORGET_APPEALS, deadlines.appeals.unix())?;
    gone += run!(tx, FORGET_MOVEMENTS, deadlines.movements.unix())?;
    Ok(gone)
}

/// Takes their places in the status lists from up to a thousand tokens that ended before `rested`; gives how many.
pub(crate) async fn free_places(tx: &mut Tx, rested: Timestamp) -> Result<u64> {
    run!(tx, FREE_PLACES, rested.unix())
}

/// Takes the time of day away from up to a thousand movements that were kept for their days; gives how many. Of one
/// person's day the order stays: the first stands at its start, the next a second later.
pub(crate) async fn reduce_movements(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    const TABLE: &str = "movement";
    let rows = all!(tx, DUE_MOVEMENTS, now.unix())?;
    for row in &rows {
        let (person, id): ([u8; 16], [u8; 32]) = (array(row, TABLE, "person_key")?, array(row, TABLE, "id")?);
        let day = super::time(row, TABLE, "at")?.local_date();
        let (start, end) = (day.start().unix(), day.plus_days(1).start().unix());
        let earlier = optional!(tx, COUNT_DAY, person.to_vec(), start, end)?;
        let earlier: i64 = earlier.map_or(Ok(0), |row| column(&row, TABLE, "counted"))?;
        run!(tx, REDUCE_MOVEMENT, start + earlier, person.to_vec(), id.to_vec())?;
    }
    Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
}

/// Notes that a job ran to its end.
pub(crate) async fn set_job(tx: &mut Tx, name: &str, now: Timestamp) -> Result<()> {
    run!(tx, SET_JOB, name.to_owned(), now.unix()).map(drop)
}

/// When a job last ran to its end.
pub(crate) async fn find_job(tx: &mut Tx, name: &str) -> Result<Option<Timestamp>> {
    optional!(tx, FIND_JOB, name.to_owned())?.map(|row| super::time(&row, "job", "ran_at")).transpose()
}
