//! Import: the tables of the first versions, read, encrypted and dropped.
//!
//! Lives here: the step in Rust after migration 2. Not here: how the new rows look. All or nothing: one transaction
//! reads the old tables, writes the new ones and drops the old; then the file is rewritten, so that no free page and no
//! log keeps what stood in plain. Interrupted, the next start goes on.

use std::collections::HashMap;

use clearance::ReservationId;
use credential::{SecretKey, TokenId};
use documents::{CaseFile, DocumentStatus, IsoWeek, Rules, Timestamp};
use serde::Deserialize;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use super::given::{self, GivenVerdict};
use super::movement::{KEEP_DAYS, LedgerEntry, Source};
use super::person::Resident;
use super::reservation::ReservationRow;
use super::vault::PersonKey;
use super::weekly_key::KeyName;
use super::*;

/// Every table of the first versions, as migration 2 put it aside.
const BEFORE: [&str; 16] = [
    "person",
    "photo",
    "person_hold",
    "person_tag",
    "enrol_try",
    "device",
    "token",
    "movement",
    "reservation",
    "verdict",
    "gate_event",
    "notice_out",
    "notice_in",
    "weekly_key",
    "handed_over",
    "watch",
];

/// Rows that are read from an old table at a time.
const BATCH: i64 = 500;

/// Whether a file holds a database of the first versions, which had neither numbered migrations nor a master key. Nothing is
/// written.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn is_of_first_versions(address: &DatabaseAddress) -> Result<bool> {
    if !address.file().is_some_and(std::path::Path::exists) {
        return Ok(false);
    }
    sqlx::any::install_default_drivers();
    let url = address.url().replace("mode=rwc", "mode=rw");
    let mut connection = sqlx::AnyConnection::connect(&url).await.map_err(failed("open"))?;
    let tables =
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('person', '_sqlx_migrations')";
    let names = sqlx::query_scalar::<_, String>(tables).fetch_all(&mut connection).await;
    connection.close().await.map_err(failed("close"))?;
    Ok(names.map_err(failed("read the tables"))? == ["person"])
}

/// Brings the rows of the first versions over, where there are some, and rewrites the file.
pub(super) async fn bring_over(store: &Store, rules: &Rules) -> Result<()> {
    let mut tx = store.begin().await?;
    let waits = vault::find_setting(&mut tx, "import").await?.is_some();
    let mut compact = vault::find_setting(&mut tx, "compact").await?.is_some();
    if waits {
        let rows =
            Importer { tx: &mut tx, vault: &store.vault, rules, passages: HashMap::new() }.run().await?;
        compact = rows > 0;
        for table in BEFORE {
            execute(&mut tx, format!("DROP TABLE before_{table}")).await?;
        }
        vault::drop_setting(&mut tx, "import").await?;
        if compact {
            vault::set_setting(&mut tx, "compact", &[1]).await?;
        }
    }
    tx.commit().await?;
    if compact {
        store.compact().await?;
        let mut tx = store.begin().await?;
        vault::drop_setting(&mut tx, "compact").await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn execute(tx: &mut Tx, sql: String) -> Result<u64> {
    let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx.connection()?).await;
    done.map(|done| done.rows_affected()).map_err(failed("import"))
}

/// One passage as the first versions kept it, as JSON.
#[derive(Deserialize)]
struct OldEntry {
    port: String,
    from: documents::AuthorityCode,
    to: documents::AuthorityCode,
    issuer: documents::AuthorityCode,
    with_group: bool,
    granted_until: Option<documents::LocalDate>,
    spends: Option<(u8, documents::AuthorityCode, documents::LocalDate)>,
    noticed: bool,
    #[serde(default)]
    past: bool,
}

impl OldEntry {
    fn read(text: &str) -> std::result::Result<LedgerEntry, &'static str> {
        let old: Self = serde_json::from_str(text).map_err(|_| "its record is no passage")?;
        let spends = match old.spends {
            Some((form, destination, valid_from)) => {
                let form = documents::FormCode::new(form).ok_or("its form of endorsement is none")?;
                Some(documents::EndorsementRef { form, destination, valid_from })
            }
            None => None,
        };
        Ok(LedgerEntry {
            port: old.port.parse().map_err(|_| "its port is none")?,
            direction: documents::Direction::new(old.from, old.to).ok_or("its direction is none")?,
            issuer: old.issuer,
            with_group: old.with_group,
            granted_until: old.granted_until,
            spends,
            source: match (old.noticed, old.past) {
                (true, _) => Source::Notice,
                (false, true) => Source::Earlier,
                (false, false) => Source::Passage,
            },
            keep_days: KEEP_DAYS,
        })
    }
}

/// One old row, with the words for what is wrong with it.
struct Old<'r> {
    table: &'static str,
    key: &'static str,
    row: &'r AnyRow,
}

impl Old<'_> {
    fn wrong(&self, why: impl std::fmt::Display) -> StoreError {
        let key = self.row.try_get::<Vec<u8>, _>(self.key).unwrap_or_default();
        let row = key.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        StoreError::Import { table: self.table, row, why: why.to_string() }
    }

    fn bytes(&self, name: &'static str) -> Result<Vec<u8>> {
        column(self.row, self.table, name)
    }

    fn array<const N: usize>(&self, name: &'static str) -> Result<[u8; N]> {
        array(self.row, self.table, name)
    }

    fn text(&self, name: &'static str) -> Result<String> {
        column(self.row, self.table, name)
    }

    fn number(&self, name: &'static str) -> Result<i64> {
        column(self.row, self.table, name)
    }

    fn person(&self) -> Result<PersonKey> {
        Ok(PersonKey::from_bytes(self.array("person_key")?))
    }

    fn time(&self, name: &'static str) -> Result<Timestamp> {
        Ok(Timestamp::from_unix(self.number(name)?).unwrap_or(Timestamp::MAX))
    }
}

struct Importer<'i> {
    tx: &'i mut Tx,
    vault: &'i Vault,
    rules: &'i Rules,
    /// When each passage was, by the first half of its id: an applied reservation did not keep its time.
    passages: HashMap<[u8; 16], Timestamp>,
}

impl Importer<'_> {
    /// Copies every table; gives how many rows there were.
    async fn run(mut self) -> Result<u64> {
        let mut rows = 0;
        for table in BEFORE {
            rows += self.table(table).await?;
        }
        Ok(rows)
    }

    /// Copies one table, a batch at a time in the order of its first column.
    async fn table(&mut self, table: &'static str) -> Result<u64> {
        // Tables without anything that names a person go over as they are, in one statement.
        let plain = match table {
            "person_hold" => Some("INSERT INTO person_hold SELECT person_key, holds FROM before_person_hold"),
            "person_tag" => Some("INSERT INTO person_tag SELECT tag, person_key FROM before_person_tag"),
            "enrol_try" => Some("INSERT INTO enrolment_try SELECT tag, tries, since FROM before_enrol_try"),
            "verdict" => Some(
                "INSERT INTO verdict_reason SELECT reference, at, outcome, code, detail FROM before_verdict",
            ),
            "gate_event" => {
                Some("INSERT INTO gate_event SELECT gate, 0, number, hash, 0 FROM before_gate_event")
            }
            "notice_out" => Some(
                "INSERT INTO notice_out SELECT hash, issuer, message, 0, delivered FROM before_notice_out",
            ),
            "notice_in" => Some("INSERT INTO notice_in SELECT hash, at FROM before_notice_in"),
            "handed_over" => {
                Some("INSERT INTO handed_over SELECT receiver, week, week_end FROM before_handed_over")
            }
            "watch" => Some("INSERT INTO watch SELECT tag, until FROM before_watch"),
            _ => None,
        };
        if let Some(sql) = plain {
            return execute(self.tx, sql.to_owned()).await;
        }
        // `photo` is read with its person.
        let (key, order) = match table {
            "person" => ("person_key", "person_key"),
            "device" => ("thumbprint", "thumbprint"),
            "token" => ("token_id", "token_id"),
            "reservation" | "movement" => ("id", "id"),
            "weekly_key" => ("secret", "maker, receiver, week"),
            _ => return Ok(0),
        };
        let mut copied: u64 = 0;
        loop {
            let sql = format!("SELECT * FROM before_{table} ORDER BY {order} LIMIT {BATCH} OFFSET {copied}");
            let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *self.tx.connection()?).await;
            let rows = rows.map_err(failed("import"))?;
            for row in &rows {
                let old = Old { table, key, row };
                match table {
                    "person" => self.person(&old).await?,
                    "device" => self.device(&old).await?,
                    "token" => self.token(&old).await?,
                    "reservation" => self.reservation(&old).await?,
                    "movement" => self.movement(&old).await?,
                    _ => self.weekly_key(&old).await?,
                }
            }
            copied += u64::try_from(rows.len()).unwrap_or(0);
            if rows.is_empty() {
                return Ok(copied);
            }
        }
    }

    async fn person(&mut self, old: &Old<'_>) -> Result<()> {
        let (key, record) = (old.person()?, old.text("record")?);
        let then = Timestamp::from_unix(0).unwrap_or(Timestamp::MAX);
        if record.is_empty() {
            return person::add_seen(self.tx, key, then).await;
        }
        let case = CaseFile::parse(&record, self.rules).map_err(|error| old.wrong(error.path))?;
        let mut resident = Resident {
            name: case.name,
            name_zh: case.name_zh,
            city: case.city,
            holder: case.holder,
            documents: case.documents,
        };
        for document in &mut resident.documents {
            let tag = self.vault.number_tag(&document.number).to_vec();
            let lost = sqlx::query("SELECT lost FROM before_person_tag WHERE tag = $1").bind(tag);
            let lost = lost.fetch_optional(&mut *self.tx.connection()?).await.map_err(failed("import"))?;
            let lost: i64 = lost.map_or(Ok(0), |row| column(&row, "person_tag", "lost"))?;
            if lost != 0 {
                document.status = DocumentStatus::Lost;
            }
        }
        let photograph =
            sqlx::query("SELECT photo FROM before_photo WHERE person_key = $1").bind(key.to_vec());
        let photograph =
            photograph.fetch_optional(&mut *self.tx.connection()?).await.map_err(failed("import"))?;
        let photograph: Option<Vec<u8>> = photograph.map(|row| column(&row, "photo", "photo")).transpose()?;
        let kind = u8::try_from(old.number("template_kind")?);
        let kind = kind.map_err(|_| old.wrong("its template is of no kind"))?;
        let template = old.bytes("template")?;
        let new = registry::NewResident {
            resident: &resident,
            templates: &[(kind, template)],
            photograph: photograph.as_deref(),
        };
        // Lost documents are lost since the import: an instant after the epoch, which would read as "never".
        let since = Timestamp::from_unix(1).unwrap_or(Timestamp::MAX);
        registry::add_resident(self.tx, self.vault, key, &new, since).await?;
        let session = old.bytes("session")?;
        if let Ok(session) = <[u8; 32]>::try_from(session) {
            person::hold_person(self.tx, key).await?;
            super::enrolment::set_session(self.tx, key, &session, (None, None), then).await?;
        }
        Ok(())
    }

    async fn device(&mut self, old: &Old<'_>) -> Result<()> {
        let tag = self.vault.device_tag_of(&old.bytes("thumbprint")?);
        token::add_device(self.tx, tag, old.person()?, old.time("at")?).await.map(drop)
    }

    async fn token(&mut self, old: &Old<'_>) -> Result<()> {
        let tag = self.vault.token_tag(TokenId::from_bytes(old.array("token_id")?));
        let wrong = |_| old.wrong("its place in the status list is none");
        let issued = token::IssuedToken {
            person: old.person()?,
            purpose: token::Purpose::Border,
            list: u8::try_from(old.number("list")?).map_err(wrong)?,
            place: Some(u32::try_from(old.number("place")?).map_err(wrong)?),
            expires: old.time("expires")?,
            status: 0,
        };
        token::add_token(self.tx, tag, &issued).await?;
        let status = old.number("status")?;
        if status != 0 {
            token::set_status(self.tx, tag, i16::try_from(status).unwrap_or(1)).await?;
        }
        Ok(())
    }

    async fn reservation(&mut self, old: &Old<'_>) -> Result<()> {
        use clearance::{PassageId, ReleaseCause, Reservation};
        let mut at = old.time("at")?;
        let token = TokenId::from_bytes(old.array("token_id")?);
        let released = |cause| Reservation::Released { at, cause };
        let state = old.text("state")?;
        let state = match state.as_str() {
            "held" => Reservation::Held { until: at },
            "unresolved" => Reservation::Unresolved { since: at },
            "applied" => Reservation::Applied { passage: PassageId::from_bytes(old.array("passage")?) },
            "released/not_passed" => released(ReleaseCause::NotPassed),
            "released/returned" => released(ReleaseCause::Returned),
            "released/superseded" => released(ReleaseCause::Superseded),
            "released/officer" => released(ReleaseCause::Officer),
            _ => return Err(old.wrong("its state is none")),
        };
        if let Reservation::Applied { passage } = state {
            at = self.passages.get(passage.as_bytes()).copied().unwrap_or(at);
        }
        let entry = OldEntry::read(&old.text("record")?).map_err(|why| old.wrong(why))?;
        let tag = self.vault.token_tag(token);
        let live = matches!(state, Reservation::Held { .. } | Reservation::Unresolved { .. });
        let row = ReservationRow {
            id: ReservationId::from_bytes(old.array("id")?),
            person: old.person()?,
            token: tag,
            token_id: live.then_some(token),
            sealed_number: None,
            clearance: clearance::ClearanceId::from_bytes(old.array("clearance")?),
            lane: parsed(old.row, old.table, "lane")?,
            state,
            made_at: at,
            entry,
        };
        reservation::add_reservation(self.tx, &row).await?;
        // What was given before this table was there is known by its own hash alone.
        let verdict = old.array("verdict")?;
        let probe = old.array("probe")?;
        let given = GivenVerdict { request: verdict, reservation: Some(row.id), verdict, probe, signed: &[] };
        given::add_given(self.tx, &given, at).await?;
        if matches!(state, Reservation::Applied { .. }) {
            token::spend_token(self.tx, tag, at).await?;
        }
        Ok(())
    }

    async fn movement(&mut self, old: &Old<'_>) -> Result<()> {
        let entry = OldEntry::read(&old.text("record")?).map_err(|why| old.wrong(why))?;
        let (person, at, id) = (old.person()?, old.time("at")?, old.array::<32>("id")?);
        let mut passage = [0; 16];
        passage.copy_from_slice(id.split_at(16).0);
        self.passages.insert(passage, at);
        movement::add_movement(self.tx, person, &id, at, &entry).await.map(drop)
    }

    async fn weekly_key(&mut self, old: &Old<'_>) -> Result<()> {
        let week = old.text("week")?;
        let week = week
            .split_once("-W")
            .and_then(|(year, week)| IsoWeek::new(year.parse().ok()?, week.parse().ok()?));
        let week = week.ok_or_else(|| old.wrong("its week is none"))?;
        let (maker, receiver) =
            (parsed(old.row, old.table, "maker")?, parsed(old.row, old.table, "receiver")?);
        let key = SecretKey::from_bytes(old.array("secret")?);
        weekly_key::add_weekly_key(self.tx, self.vault, KeyName { maker, receiver, week }, &key).await
    }
}
