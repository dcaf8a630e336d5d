//! Risk: states of persons, devices and lanes, what the rules saw and found, the reasons, and the signed versions of the rules.
//!
//! Lives here: rows. Not here: what a state is and what the rules do (crate `risk`), when they are asked (`crate::risk_control`). What is
//! about a person lies sealed under their key; of somebody who was only seen, under the authority's own.

use std::collections::BTreeMap;

use ::risk::RuleId;
use ::risk::appeals::AppealCounts;
use ::risk::state::{Crossed, Crossing, DeviceState, LaneState, PersonState};
use credential::cbor::{CborError, Reader, Writer};
use credential::message::read_direction;
use documents::{LocalDate, Timestamp};

use super::person::Person;
use super::vault::{self, PersonKey, Tag, Vault};
use super::{
    Result, StoreError, Tx, all, array, column, define_statements, optional, optional_array, run, time,
};

define_statements! {
    FIND_RISK_PERSON = "SELECT enrolled_at, sealed FROM risk_person WHERE person_key = $1";
    SET_RISK_PERSON = "INSERT INTO risk_person (person_key, enrolled_at, changed_at, sealed) VALUES ($1, $2, $3, $4) ON CONFLICT (person_key) DO UPDATE SET enrolled_at = excluded.enrolled_at, changed_at = excluded.changed_at, sealed = excluded.sealed";
    ADD_RISK_DAY = "INSERT INTO risk_day (person_key, day, sealed) VALUES ($1, $2, $3) ON CONFLICT (person_key, day) DO NOTHING";
    FIND_RISK_DAY = "SELECT sealed FROM risk_day WHERE person_key = $1 AND day = $2";
    FIND_RISK_DEVICE = "SELECT sealed FROM risk_device WHERE tag = $1";
    SET_RISK_DEVICE = "INSERT INTO risk_device (tag, changed_at, sealed) VALUES ($1, $2, $3) ON CONFLICT (tag) DO UPDATE SET changed_at = excluded.changed_at, sealed = excluded.sealed";
    FIND_RISK_LANE = "SELECT state FROM risk_lane WHERE lane = $1";
    SET_RISK_LANE = "INSERT INTO risk_lane (lane, state) VALUES ($1, $2) ON CONFLICT (lane) DO UPDATE SET state = excluded.state";
    LAST_SHOWN = "SELECT lane, at FROM risk_verdict WHERE code = $1 AND clearance <> $2 ORDER BY at DESC LIMIT 1";
    COUNT_SHOWN = "SELECT COUNT(*) AS counted FROM risk_verdict WHERE code = $1 AND clearance <> $2 AND at > $3";
    ADD_RISK_VERDICT = "INSERT INTO risk_verdict (reference, person_key, at, version, code, lane, clearance, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    RISK_VERDICTS = "SELECT reference, person_key, at, version, sealed FROM risk_verdict WHERE at >= $1 AND at < $2 ORDER BY at, reference";
    ADD_RISK_REASON = "INSERT INTO risk_reason (reference, clearance, person_key, step, at, signed) VALUES ($1, $2, $3, $4, $5, $6)";
    FIND_RISK_REASON = "SELECT signed, person_key FROM risk_reason WHERE reference = $1";
    LAST_RISK_REASON = "SELECT signed, step FROM risk_reason WHERE clearance = $1 AND person_key = $2 ORDER BY step DESC LIMIT 1";
    RISK_REASONS = "SELECT signed FROM risk_reason WHERE at >= $1 AND at < $2 ORDER BY at, reference";
    ADD_RISK_RULES = "INSERT INTO risk_rules (number, hash, taken_at, signed) VALUES ($1, $2, $3, $4) ON CONFLICT (number) DO NOTHING";
    RISK_RULES = "SELECT number, hash, signed FROM risk_rules ORDER BY number";
    PASS_DEVICE = "SELECT device, changed_at FROM pass WHERE person_key = $1";
    LAST_LOSS = "SELECT MAX(lost_at) AS lost_at FROM document WHERE person_key = $1";
    APPEAL_COUNTS = "SELECT rule, succeeded, failed FROM appeal_count ORDER BY rule";
    ERASE_RISK_PERSON = "DELETE FROM risk_person WHERE person_key = $1";
    ERASE_RISK_DAYS = "DELETE FROM risk_day WHERE person_key = $1";
    ERASE_RISK_VERDICTS = "DELETE FROM risk_verdict WHERE person_key = $1";
    ERASE_RISK_REASONS = "UPDATE risk_reason SET person_key = NULL WHERE person_key = $1";
    ERASE_SUSPENSION = "DELETE FROM suspension WHERE person_key = $1";
}

/// Longest facts or findings that are read, in bytes.
const MAX_RECORD: usize = 64 * 1024;

pub(super) const PERSON: &str = "risk_person";
pub(super) const DAY: &str = "risk_day";
pub(super) const DEVICE: &str = "risk_device";
const LANE: &str = "risk_lane";
pub(super) const VERDICT: &str = "risk_verdict";
const REASON: &str = "risk_reason";

/// The state of a person, and when they last enrolled once more.
pub(crate) struct KeptPerson {
    pub state: PersonState,
    pub enrolled_at: Option<Timestamp>,
}

/// Where a code was shown before, in other clearances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownBefore {
    /// The lane of the last time.
    pub lane: String,
    /// When that was.
    pub at: Timestamp,
    /// How often within the day before.
    pub times: i64,
}

/// What the rules saw and found at one verdict: the facts and the findings in their deterministic forms.
pub(crate) struct KeptVerdict {
    pub reference: [u8; 16],
    pub person: PersonKey,
    pub at: Timestamp,
    pub version: u64,
    /// The crossing that was asked about, with what the person's state tells the device apart by.
    pub crossing: Crossing,
    pub facts: Vec<u8>,
    pub findings: Vec<u8>,
}

/// A signed version of the rules.
pub(crate) struct KeptRules {
    pub number: u64,
    pub hash: [u8; 32],
    pub signed: Vec<u8>,
}

fn seal(vault: &Vault, person: &Person, table: &str, row: &[u8], record: &[u8]) -> Result<Vec<u8>> {
    match person.record_key() {
        Some(key) => vault::seal(key, table, row, record),
        None => vault.seal_own(table, row, record),
    }
}

fn open(vault: &Vault, person: &Person, table: &'static str, row: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
    let opened = match person.record_key() {
        // What was sealed before this person was registered lies under the authority's own key.
        Some(key) => vault::open(key, table, row, sealed).or_else(|_| vault.open_own(table, row, sealed)),
        None => vault.open_own(table, row, sealed),
    };
    opened.map(|bytes| bytes.to_vec())
}

fn state<T, E>(read: std::result::Result<T, E>, table: &'static str) -> Result<T> {
    read.map_err(|_| StoreError::Row { table, column: "sealed" })
}

/// The state of a person; a new one where there is none.
pub(crate) async fn find_person_state(
    tx: &mut Tx,
    vault: &Vault,
    person: &Person,
    now: Timestamp,
) -> Result<KeptPerson> {
    let Some(row) = optional!(tx, FIND_RISK_PERSON, person.key.to_vec())? else {
        return Ok(KeptPerson { state: PersonState::new(now), enrolled_at: None });
    };
    let sealed: Vec<u8> = column(&row, PERSON, "sealed")?;
    let opened = open(vault, person, PERSON, person.key.as_bytes(), &sealed)?;
    let enrolled_at: i64 = column(&row, PERSON, "enrolled_at")?;
    let enrolled_at = Timestamp::from_unix(enrolled_at).filter(|at| at.unix() > 0);
    Ok(KeptPerson { state: state(PersonState::decode(&opened), PERSON)?, enrolled_at })
}

/// Writes the state of a person.
pub(crate) async fn set_person_state(
    tx: &mut Tx,
    vault: &Vault,
    person: &Person,
    kept: &KeptPerson,
    now: Timestamp,
) -> Result<()> {
    let sealed = seal(vault, person, PERSON, person.key.as_bytes(), &kept.state.encode())?;
    let enrolled_at = kept.enrolled_at.map_or(0, Timestamp::unix);
    run!(tx, SET_RISK_PERSON, person.key.to_vec(), enrolled_at, now.unix(), sealed).map(drop)
}

fn day_row(person: PersonKey, day: LocalDate) -> Vec<u8> {
    day_row_of(person.as_bytes(), day.days_since_epoch())
}

/// What the sealed column of a day is bound to.
pub(super) fn day_row_of(person: &[u8], day: i64) -> Vec<u8> {
    [person, &day.to_be_bytes()].concat()
}

/// Keeps the state with which a person's day began, unless it is kept.
pub(crate) async fn add_day(
    tx: &mut Tx,
    vault: &Vault,
    person: &Person,
    day: LocalDate,
    begun: &PersonState,
) -> Result<()> {
    let sealed = seal(vault, person, DAY, &day_row(person.key, day), &begun.encode())?;
    run!(tx, ADD_RISK_DAY, person.key.to_vec(), day.days_since_epoch(), sealed).map(drop)
}

/// The state with which a person's day began.
pub(crate) async fn find_day(
    tx: &mut Tx,
    vault: &Vault,
    person: &Person,
    day: LocalDate,
) -> Result<Option<PersonState>> {
    let row = optional!(tx, FIND_RISK_DAY, person.key.to_vec(), day.days_since_epoch())?;
    let Some(row) = row else { return Ok(None) };
    let sealed: Vec<u8> = column(&row, DAY, "sealed")?;
    let opened = open(vault, person, DAY, &day_row(person.key, day), &sealed)?;
    state(PersonState::decode(&opened), DAY).map(Some)
}

/// The state of a device; a new one where there is none.
pub(crate) async fn find_device_state(tx: &mut Tx, vault: &Vault, tag: Tag) -> Result<DeviceState> {
    let Some(row) = optional!(tx, FIND_RISK_DEVICE, tag.to_vec())? else { return Ok(DeviceState::new()) };
    let sealed: Vec<u8> = column(&row, DEVICE, "sealed")?;
    let opened = vault.open_own(DEVICE, tag.as_bytes(), &sealed)?;
    state(DeviceState::decode(&opened), DEVICE)
}

/// Writes the state of a device.
pub(crate) async fn set_device_state(
    tx: &mut Tx,
    vault: &Vault,
    tag: Tag,
    state: &DeviceState,
    now: Timestamp,
) -> Result<()> {
    let sealed = vault.seal_own(DEVICE, tag.as_bytes(), &state.encode())?;
    run!(tx, SET_RISK_DEVICE, tag.to_vec(), now.unix(), sealed).map(drop)
}

/// The state of a lane; a new one where there is none.
pub(crate) async fn find_lane_state(tx: &mut Tx, lane: &str, now: Timestamp) -> Result<LaneState> {
    let Some(row) = optional!(tx, FIND_RISK_LANE, lane.to_owned())? else { return Ok(LaneState::new(now)) };
    let bytes: Vec<u8> = column(&row, LANE, "state")?;
    LaneState::decode(&bytes).map_err(|_| StoreError::Row { table: LANE, column: "state" })
}

/// Writes the state of a lane.
pub(crate) async fn set_lane_state(tx: &mut Tx, lane: &str, state: &LaneState) -> Result<()> {
    run!(tx, SET_RISK_LANE, lane.to_owned(), state.encode()).map(drop)
}

/// Where a code was shown before, in other clearances than this one.
pub(crate) async fn find_shown(
    tx: &mut Tx,
    code: Tag,
    clearance: &[u8; 16],
    now: Timestamp,
) -> Result<Option<ShownBefore>> {
    let Some(row) = optional!(tx, LAST_SHOWN, code.to_vec(), clearance.to_vec())? else { return Ok(None) };
    let (lane, at) = (column(&row, VERDICT, "lane")?, time(&row, VERDICT, "at")?);
    let since = now.plus_seconds(-86_400).unix();
    let counted = optional!(tx, COUNT_SHOWN, code.to_vec(), clearance.to_vec(), since)?;
    let times = counted.map_or(Ok(0), |row| column(&row, VERDICT, "counted"))?;
    Ok(Some(ShownBefore { lane, at, times }))
}

/// Keeps what the rules saw and found.
pub(crate) async fn add_verdict(
    tx: &mut Tx,
    vault: &Vault,
    person: &Person,
    kept: &KeptVerdict,
    (code, lane, clearance): (Tag, &str, &[u8; 16]),
) -> Result<()> {
    let (crossed, device) = (&kept.crossing.crossed, kept.crossing.device.to_be_bytes());
    let mut record = Writer::with_capacity(kept.facts.len() + kept.findings.len() + 64);
    record.array(6).bytes(&kept.facts).bytes(&kept.findings).bytes(&device).text(crossed.port.as_str());
    record.text(crossed.direction.from().code()).text(crossed.direction.to().code());
    let record = record.finish();
    let sealed = seal(vault, person, VERDICT, &kept.reference, &record)?;
    let version = i64::try_from(kept.version).unwrap_or(i64::MAX);
    let (reference, person, at) = (kept.reference.to_vec(), person.key.to_vec(), kept.at.unix());
    let (code, lane, clearance) = (code.to_vec(), lane.to_owned(), clearance.to_vec());
    run!(tx, ADD_RISK_VERDICT, reference, person, at, version, code, lane, clearance, sealed).map(drop)
}

/// What the rules saw and found from `from` up to and without `to`, in order of time; what no key opens any more is left out.
pub(crate) async fn find_verdicts(
    tx: &mut Tx,
    vault: &Vault,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<KeptVerdict>> {
    let mut found = Vec::new();
    for row in all!(tx, RISK_VERDICTS, from.unix(), to.unix())? {
        let person = PersonKey::from_bytes(array(&row, VERDICT, "person_key")?);
        let Some(person) = super::person::find_person(tx, vault, person).await? else { continue };
        let reference: [u8; 16] = array(&row, VERDICT, "reference")?;
        let sealed: Vec<u8> = column(&row, VERDICT, "sealed")?;
        let opened = open(vault, &person, VERDICT, &reference, &sealed)?;
        let (version, at): (i64, _) = (column(&row, VERDICT, "version")?, time(&row, VERDICT, "at")?);
        let kept = read_verdict(&opened, (reference, person.key, at, version.unsigned_abs()));
        found.push(kept.map_err(|_| StoreError::Row { table: VERDICT, column: "sealed" })?);
    }
    Ok(found)
}

fn read_verdict(
    bytes: &[u8],
    (reference, person, at, version): ([u8; 16], PersonKey, Timestamp, u64),
) -> std::result::Result<KeptVerdict, CborError> {
    let mut r = Reader::new(bytes);
    r.array_exact(6)?;
    let (facts, findings) = (r.bytes(MAX_RECORD)?.to_vec(), r.bytes(MAX_RECORD)?.to_vec());
    let device = u64::from_be_bytes(*r.bytes_exact()?);
    let port = r.text(32)?.parse().map_err(|_| CborError::Unexpected)?;
    let direction = read_direction(&mut r)?;
    r.finish()?;
    let crossing = Crossing { crossed: Crossed { port, direction, at }, device };
    Ok(KeptVerdict { reference, person, at, version, crossing, facts, findings })
}

/// Keeps the signed reason of a verdict: the one after `step` of its clearance.
pub(crate) async fn add_reason(
    tx: &mut Tx,
    reference: &[u8; 16],
    (clearance, step): (&[u8; 16], i64),
    person: Option<PersonKey>,
    (at, signed): (Timestamp, &[u8]),
) -> Result<()> {
    let (person, step) = (person.map(PersonKey::to_vec), step.saturating_add(1));
    let (reference, clearance, signed) = (reference.to_vec(), clearance.to_vec(), signed.to_vec());
    run!(tx, ADD_RISK_REASON, reference, clearance, person, step, at.unix(), signed).map(drop)
}

/// The signed reason with this reference, and whose it is.
pub(crate) async fn find_reason(
    tx: &mut Tx,
    reference: &[u8; 16],
) -> Result<Option<(Vec<u8>, Option<PersonKey>)>> {
    let Some(row) = optional!(tx, FIND_RISK_REASON, reference.to_vec())? else { return Ok(None) };
    let person = optional_array(&row, REASON, "person_key")?.map(PersonKey::from_bytes);
    Ok(Some((column(&row, REASON, "signed")?, person)))
}

/// The newest signed reason of a clearance of this person, and which one of it that is. What somebody else passed in a clearance of the same
/// id lowers no doubt about them.
pub(crate) async fn last_reason(
    tx: &mut Tx,
    clearance: &[u8; 16],
    person: PersonKey,
) -> Result<Option<(Vec<u8>, i64)>> {
    optional!(tx, LAST_RISK_REASON, clearance.to_vec(), person.to_vec())?
        .map(|row| Ok((column(&row, REASON, "signed")?, column(&row, REASON, "step")?)))
        .transpose()
}

/// The signed reasons from `from` up to and without `to`.
pub(crate) async fn find_reasons(tx: &mut Tx, from: Timestamp, to: Timestamp) -> Result<Vec<Vec<u8>>> {
    let rows = all!(tx, RISK_REASONS, from.unix(), to.unix())?;
    rows.iter().map(|row| column(row, REASON, "signed")).collect()
}

/// Keeps a signed version of the rules.
pub(crate) async fn add_rules(tx: &mut Tx, rules: &KeptRules, now: Timestamp) -> Result<()> {
    let number = i64::try_from(rules.number).unwrap_or(i64::MAX);
    run!(tx, ADD_RISK_RULES, number, rules.hash.to_vec(), now.unix(), rules.signed.clone()).map(drop)
}

/// The signed versions of the rules, by their numbers.
pub(crate) async fn find_rules(tx: &mut Tx) -> Result<Vec<KeptRules>> {
    const TABLE: &str = "risk_rules";
    let read = |row: &sqlx::any::AnyRow| {
        let number: i64 = column(row, TABLE, "number")?;
        let (hash, signed) = (array(row, TABLE, "hash")?, column(row, TABLE, "signed")?);
        Ok(KeptRules { number: number.unsigned_abs(), hash, signed })
    };
    all!(tx, RISK_RULES)?.iter().map(read).collect()
}

/// The keyed hash of the key to which a person's wallet is bound, and since when; `None` where they have none.
pub(crate) async fn find_wallet(
    tx: &mut Tx,
    vault: &Vault,
    person: PersonKey,
) -> Result<Option<(Tag, Timestamp)>> {
    let Some(row) = optional!(tx, PASS_DEVICE, person.to_vec())? else { return Ok(None) };
    let device: Option<Vec<u8>> = column(&row, "pass", "device")?;
    let since = time(&row, "pass", "changed_at")?;
    Ok(device.map(|device| (vault.wallet_tag(&device), since)))
}

/// When a document of this person was last reported lost.
pub(crate) async fn last_loss(tx: &mut Tx, person: PersonKey) -> Result<Option<Timestamp>> {
    let Some(row) = optional!(tx, LAST_LOSS, person.to_vec())? else { return Ok(None) };
    let at: Option<i64> = column(&row, "document", "lost_at")?;
    Ok(at.and_then(Timestamp::from_unix).filter(|at| at.unix() > 0))
}

/// The decided appeals against each rule.
pub(crate) async fn appeal_counts(tx: &mut Tx) -> Result<BTreeMap<RuleId, AppealCounts>> {
    const TABLE: &str = "appeal_count";
    let mut counts = BTreeMap::new();
    for row in all!(tx, APPEAL_COUNTS)? {
        let rule: String = column(&row, TABLE, "rule")?;
        let rule = RuleId::new(&rule).ok_or(StoreError::Row { table: TABLE, column: "rule" })?;
        let count = |name| -> Result<u32> {
            let value: i64 = column(&row, TABLE, name)?;
            u32::try_from(value).map_err(|_| StoreError::Row { table: TABLE, column: name })
        };
        counts.insert(rule, AppealCounts::new(count("succeeded")?, count("failed")?));
    }
    Ok(counts)
}

/// Forgets what risk control kept of a person; reasons stay, as nobody's.
pub(crate) async fn erase(tx: &mut Tx, person: PersonKey) -> Result<()> {
    run!(tx, ERASE_RISK_PERSON, person.to_vec())?;
    run!(tx, ERASE_RISK_DAYS, person.to_vec())?;
    run!(tx, ERASE_RISK_VERDICTS, person.to_vec())?;
    run!(tx, ERASE_RISK_REASONS, person.to_vec())?;
    run!(tx, ERASE_SUSPENSION, person.to_vec()).map(drop)
}
