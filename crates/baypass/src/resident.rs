//! `baypass resident`, `baypass wallet`: synthetic residents in the registries of an installation, and their wallets.
//!
//! Lives here: flags and files into records, which record goes to which authority. Not here: what a record may hold
//! (`documents`), the registry (`authority`).

use std::path::{Path, PathBuf};

use clearance::Passage;
use code::{QrSymbol, TerminalGround};
use credential::Audience;
use documents::{
    Applied, AuthorityCode, CaseFile, Direction, DocumentKind, DocumentNumber, LaneKind, LocalDate, Rules,
    Side, Timestamp, parse_endorsement,
};
use serde_json::{Value, json};

use crate::Ended;
use crate::failure::{self, Failure};
use crate::install::parties::Parties;
use crate::install::{Installation, code_lanes, write_whole};
use crate::progress::Progress;
use crate::wallet::{BATCH, Card, Wallet};

/// Wraps any error that says by itself what to do.
fn of<E: std::error::Error>(error: E) -> Failure {
    Failure::of(&error)
}

const MAX_CASE_BYTES: usize = 4 * 1024 * 1024;

/// Who issues a kind of document.
pub const fn issuer(kind: DocumentKind, home: AuthorityCode) -> Option<AuthorityCode> {
    match kind {
        DocumentKind::MainlandId
        | DocumentKind::ResidencePermit
        | DocumentKind::ExitEntryPermit
        | DocumentKind::OneWayPermit
        | DocumentKind::HomeReturnPermit
        | DocumentKind::OneTimePass => Some(AuthorityCode::Chn),
        DocumentKind::Hkid | DocumentKind::DocumentOfIdentity => Some(AuthorityCode::Hkg),
        DocumentKind::MacaoBir | DocumentKind::VisitPermit => Some(AuthorityCode::Mac),
        DocumentKind::Passport => Some(home),
    }
}

/// Runs `resident re-enrol`.
pub async fn re_enrol(
    dir: &Path,
    models: &Path,
    authority: Option<AuthorityCode>,
    now: Timestamp,
    json: bool,
) -> Result<Ended, Failure> {
    let installation = Installation::open(dir)?;
    let parties = Parties::open(&installation, models, now).await?;
    let (mut rows, mut told) = (Vec::new(), String::new());
    for code in AuthorityCode::ALL.into_iter().filter(|code| authority.is_none_or(|only| only == *code)) {
        let service = parties.service(code)?;
        let total = service.templates_to_renew().await.map_err(of)?;
        let progress = Progress::start("resident re-enrol: photos", total);
        let (mut after, mut described, mut without) = (Vec::new(), 0_usize, Vec::new());
        while let Some(renewed) = service.renew_template(&after).await.map_err(of)? {
            progress.step();
            if renewed.described {
                described += 1;
            } else {
                without.push(hex::encode(&renewed.key));
            }
            after = renewed.key;
        }
        told.push_str(&format!(
            "{code}: {described} described anew, {} without a usable face\n",
            without.len()
        ));
        for key in &without {
            told.push_str(&format!(
                "  person {key}: the photo shows no single face; take a new one at an office\n"
            ));
        }
        rows.push(
            json!({ "authority": code, "to_renew": total, "described": described, "without_face": without }),
        );
    }
    if json {
        failure::print_json(&json!({ "authorities": rows }))?;
    } else {
        failure::print(&told)?;
    }
    Ok(Ended::Well)
}

/// What `resident add` was told by flags.
pub struct Flags {
    pub home: AuthorityCode,
    pub name: String,
    pub name_zh: Option<String>,
    pub birth: LocalDate,
    pub id: String,
    pub permit: Option<String>,
    pub permit_expires: Option<LocalDate>,
    pub endorsements: Vec<String>,
    pub nationality: Option<String>,
    pub not_permanent: bool,
    pub height_cm: Option<u16>,
}

impl Flags {
    /// The same as a case file.
    fn case(&self, rules: &Rules) -> Result<Value, Failure> {
        let (id, permit) = match self.home {
            AuthorityCode::Chn => (DocumentKind::MainlandId, DocumentKind::ExitEntryPermit),
            AuthorityCode::Hkg => (DocumentKind::Hkid, DocumentKind::HomeReturnPermit),
            AuthorityCode::Mac => (DocumentKind::MacaoBir, DocumentKind::HomeReturnPermit),
        };
        if self.home != AuthorityCode::Chn && !self.endorsements.is_empty() {
            return Err(Failure::new(
                "only a mainland resident's permit carries endorsements; leave --endorsement out",
            ));
        }
        if self.home == AuthorityCode::Chn && self.permit.is_none() {
            return Err(Failure::new("a mainland resident crosses with an Exit-Entry Permit; give --permit"));
        }
        let mut endorsements = Vec::new();
        for text in &self.endorsements {
            let read = parse_endorsement(rules, text)
                .map_err(|error| Failure::new(format!("--endorsement {text}: {error}")))?;
            let form = rules.form(read.form).map(|form| form.id.clone());
            endorsements.push(json!({
                "form": form, "destination": read.destination, "issued": read.issued, "from": read.valid_from,
                "to": read.valid_to, "entries": read.entries,
            }));
        }
        let mut documents = vec![json!({"kind": id, "number": self.id})];
        if let Some(number) = &self.permit {
            let mut document = json!({"kind": permit, "number": number, "expires": self.permit_expires});
            if permit == DocumentKind::ExitEntryPermit
                && let Some(fields) = document.as_object_mut()
            {
                fields.insert("endorsements".to_owned(), Value::Array(endorsements));
            }
            documents.push(document);
        }
        let mut person = json!({
            "name": self.name, "name_zh": self.name_zh, "birth": self.birth, "home": self.home,
            "height_cm": self.height_cm,
        });
        if let Some(fields) = person.as_object_mut() {
            if let Some(nationality) = &self.nationality {
                fields.insert("nationality".to_owned(), json!(nationality));
            }
            if self.not_permanent {
                fields.insert("permanent".to_owned(), json!(false));
            }
        }
        Ok(json!({"person": person, "documents": documents}))
    }
}

/// `resident add`.
pub async fn add(
    dir: &Path,
    models: &Path,
    case: Result<&Flags, &Path>,
    photo: &Path,
    now: Timestamp,
    json_out: bool,
) -> Result<Ended, Failure> {
    let installation = Installation::open(dir)?;
    let rules = Rules::builtin().map_err(of)?;
    let (raw, shown) = match case {
        Ok(flags) => (flags.case(&rules)?, "the flags".to_owned()),
        Err(path) => {
            let bytes = failure::read(path, MAX_CASE_BYTES)?;
            let raw = serde_json::from_slice::<Value>(&bytes).map_err(|error| {
                Failure::new(format!(
                    "{} is no JSON ({error}); a case file is described in docs/cases.md",
                    path.display()
                ))
            })?;
            (raw, path.display().to_string())
        }
    };
    let photo = failure::read(photo, code::picture::MAX_FILE_BYTES)?;
    let parties = Parties::open(&installation, models, now).await?;
    let wallet = register(&installation, &parties, &rules, &raw, &shown, &photo).await?;
    let issuers: Vec<_> = wallet.cards.iter().map(|card| (card.issuer, card.kind)).collect();
    if json_out {
        let documents: Vec<_> = issuers.iter().map(|(i, k)| json!({"issuer": i, "kind": k})).collect();
        failure::print_json(
            &json!({"resident": wallet.resident, "home": wallet.home, "documents": documents}),
        )?;
    } else {
        let list: Vec<_> = issuers.iter().map(|(i, k)| format!("{} ({i})", k.as_str())).collect();
        failure::print(&format!("resident {}: {}\n", wallet.resident, list.join(", ")))?;
    }
    Ok(Ended::Well)
}

/// Registers somebody with every authority that issued one of his documents; all or none.
pub async fn register(
    installation: &Installation,
    parties: &Parties,
    rules: &Rules,
    raw: &Value,
    shown: &str,
    photo: &[u8],
) -> Result<Wallet, Failure> {
    let case = CaseFile::parse(&raw.to_string(), rules)
        .map_err(|error| Failure::new(format!("{shown}: {error} (docs/cases.md)")))?;
    if let Some(kind) = case.specimen_numbers.first() {
        return Err(Failure::new(format!(
            "{shown}: the {} has no number; a registry needs every number",
            kind.as_str()
        )));
    }
    if case.name.trim().is_empty() && case.name_zh.as_deref().unwrap_or_default().trim().is_empty() {
        return Err(Failure::new(format!("{shown}: person.name: a registry needs a name")));
    }
    let documents::Birth::Date(birth) = case.holder.birth else {
        return Err(Failure::new(format!("{shown}: person.birth: a registry needs the whole date")));
    };
    let home = case.holder.home;
    let listed = raw.get("documents").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut cards = Vec::new();
    let mut records: Vec<(AuthorityCode, Vec<Value>)> = Vec::new();
    for (document, raw_document) in case.documents.iter().zip(listed) {
        let Some(by) = issuer(document.kind(), home) else { continue };
        let number = raw_document.get("number").and_then(Value::as_str).unwrap_or_default().to_owned();
        cards.push(Card { issuer: by, kind: document.kind(), number });
        match records.iter_mut().find(|(code, _)| *code == by) {
            Some((_, list)) => list.push(raw_document),
            None => records.push((by, vec![raw_document])),
        }
    }
    if records.is_empty() {
        return Err(Failure::new(format!("{shown}: documents: name at least one document")));
    }
    let person = raw.get("person").cloned().unwrap_or_default();
    // Everything is looked at before anything is written: a second resident with a number is found here.
    for card in &cards {
        if parties.service(card.issuer)?.registered(&card.parsed()?).await.map_err(of)?.is_some() {
            return Err(Failure::new(format!(
                "a resident with this {} is registered already; look him up (`baypass resident list`) instead of adding him again",
                card.kind.as_str()
            )));
        }
    }
    for (by, documents) in &records {
        let record = json!({"person": person, "documents": documents});
        parties
            .service(*by)?
            .add_resident(&record.to_string(), photo)
            .await
            .map_err(|error| Failure::new(format!("{by}: {}", Failure::of(&error))))?;
    }
    for movement in &case.movements {
        for authority in [movement.direction.from(), movement.direction.to()] {
            let seen = match (movement.applied, movement.direction.side_of(authority)) {
                (Applied::Both, _)
                | (Applied::ExitOnly, Some(Side::Exit))
                | (Applied::EntryOnly, Some(Side::Entry)) => true,
                (Applied::ExitOnly | Applied::EntryOnly | Applied::Returned, _) => false,
            };
            // Under the document that this authority saw: its own, else the mainland's or the home card.
            let shown = cards.iter().find(|card| card.issuer == authority).or_else(|| {
                cards.iter().find(|card| {
                    matches!(
                        card.kind,
                        DocumentKind::ExitEntryPermit | DocumentKind::Hkid | DocumentKind::MacaoBir
                    )
                })
            });
            if let (true, Some(card)) = (seen, shown) {
                parties.service(authority)?.add_past(&card.parsed()?, movement).await.map_err(of)?;
            }
        }
        let between_regions = movement.direction.from().is_sar() && movement.direction.to().is_sar();
        let permit = cards.iter().find(|card| card.kind == DocumentKind::ExitEntryPermit);
        if let (true, Some(card)) = (between_regions, permit) {
            parties.service(AuthorityCode::Chn)?.add_past(&card.parsed()?, movement).await.map_err(of)?;
        }
    }
    let resident = Wallet::all(installation)?.last().map_or(1, |wallet| wallet.resident + 1);
    let wallet = Wallet::new(resident, home, case.name.clone(), case.name_zh.clone(), birth, cards);
    wallet.save(installation)?;
    Ok(wallet)
}

/// `resident list`.
pub fn list(dir: &Path, json_out: bool) -> Result<Ended, Failure> {
    let installation = Installation::open(dir)?;
    let wallets = Wallet::all(&installation)?;
    if json_out {
        let list: Vec<_> = wallets
            .iter()
            .map(|wallet| {
                let cards: Vec<_> =
                    wallet.cards.iter().map(|c| json!({"issuer": c.issuer, "kind": c.kind, "number": c.number})).collect();
                json!({"resident": wallet.resident, "home": wallet.home, "name": wallet.name, "documents": cards, "enrolled": wallet.enrolled()})
            })
            .collect();
        failure::print_json(&json!({"residents": list}))?;
        return Ok(Ended::Well);
    }
    if wallets.is_empty() {
        failure::print("no resident yet; `baypass resident add` adds one\n")?;
    }
    for wallet in wallets {
        let cards: Vec<_> =
            wallet.cards.iter().map(|c| format!("{} {}", c.kind.as_str(), c.number)).collect();
        let pass = if wallet.enrolled() { "pass" } else { "no pass" };
        failure::print(&format!(
            "{:>3}  {}  {}  {pass}  {}\n",
            wallet.resident,
            wallet.home,
            wallet.name,
            cards.join(", ")
        ))?;
    }
    Ok(Ended::Well)
}

/// What becomes of a pass or a document.
#[derive(Clone, Copy)]
pub enum Fate {
    /// The document was lost, and the pass goes along.
    Lost,
    /// The pass ends.
    Ended,
    /// An officer wants to see the holder.
    Watched,
}

/// `resident lose`, `resident end-pass`, `resident watch`.
pub async fn fate(
    dir: &Path,
    models: &Path,
    resident: &str,
    fate: Fate,
    document: Option<&str>,
    now: Timestamp,
) -> Result<Ended, Failure> {
    let installation = Installation::open(dir)?;
    let parties = Parties::open(&installation, models, now).await?;
    let wallet = Wallet::find(&installation, resident)?;
    let mut touched = Vec::new();
    for card in &wallet.cards {
        if let Some(wanted) = document {
            let typed = DocumentNumber::parse(card.kind, wanted).ok();
            if typed
                .is_none_or(|typed| card.parsed().map_or(true, |own| own.match_key() != typed.match_key()))
            {
                continue;
            }
        }
        let (service, number) = (parties.service(card.issuer)?, card.parsed()?);
        match fate {
            Fate::Lost => service.lose_document(&number, now).await.map_err(of)?,
            Fate::Ended => service.end_pass(&number, now).await.map_err(of)?,
            Fate::Watched => service.watch(&number, now.plus_seconds(365 * 86_400)).await.map_err(of)?,
        }
        touched.push(format!("{} ({})", card.kind.as_str(), card.issuer));
    }
    if touched.is_empty() {
        return Err(Failure::new("this resident has no such document; `baypass resident list` names them"));
    }
    let what = match fate {
        Fate::Lost => "lost, and the pass with it",
        Fate::Ended => "the pass has ended",
        Fate::Watched => "on the watch list for a year",
    };
    failure::print(&format!("resident {}: {}: {what}\n", wallet.resident, touched.join(", ")))?;
    Ok(Ended::Well)
}

/// `wallet enrol`.
pub async fn enrol(
    dir: &Path,
    models: &Path,
    resident: &str,
    selfie: &Path,
    now: Timestamp,
    json_out: bool,
) -> Result<Ended, Failure> {
    let installation = Installation::open(dir)?;
    let selfie = failure::read(selfie, code::picture::MAX_FILE_BYTES)?;
    let parties = Parties::open(&installation, models, now).await?;
    let mut wallet = Wallet::find(&installation, resident)?;
    let at = wallet.enrol(&parties.services, &selfie, now).await?;
    wallet.fetch(&parties.services, now).await?;
    wallet.save(&installation)?;
    let tokens = wallet.tokens_left(now);
    if json_out {
        failure::print_json(
            &json!({"resident": wallet.resident, "enrolled_at": at, "tokens": tokens, "one_process": true}),
        )?;
    } else {
        let at: Vec<_> = at.iter().map(|code| code.code()).collect();
        failure::print(&format!(
            "resident {} has a pass of {}; {tokens} tokens fetched\n{ONE_PROCESS}",
            wallet.resident,
            at.join(" and ")
        ))?;
    }
    Ok(Ended::Well)
}

/// What every one-shot command says.
pub const ONE_PROCESS: &str = "(All parties ran in this one process, each over its own files.)\n";

/// Finds out which lanes a traveller needs: one where both verdicts are taken at once, else one for each side.
pub fn sides(
    rules: &Rules,
    port: &str,
    direction: Direction,
    day: LocalDate,
) -> Result<Vec<Option<Side>>, Failure> {
    let id: documents::PortId = port.parse().map_err(of)?;
    let Some(found) = rules.port(&id, day) else {
        let known: Vec<_> = code_lanes(rules).into_iter().map(|lane| lane.port.to_string()).collect();
        let mut known: Vec<_> = known.iter().map(String::as_str).collect();
        known.dedup();
        return Err(Failure::new(format!(
            "there is no port {port} on {day}; known are {}",
            known.join(", ")
        )));
    };
    if !found.serves(direction) {
        return Err(Failure::new(format!(
            "nobody crosses from {} to {} at {port}",
            direction.from(),
            direction.to()
        )));
    }
    if !found.lanes.contains(&LaneKind::Code) {
        return Err(Failure::new(format!("{port} has no lanes for codes; go to an officer's counter")));
    }
    Ok(if found.is_joint() { vec![None] } else { vec![Some(Side::Exit), Some(Side::Entry)] })
}

/// The direction at a port towards `to`.
pub fn direction(
    rules: &Rules,
    port: &str,
    from: Option<AuthorityCode>,
    to: AuthorityCode,
    day: LocalDate,
) -> Result<Direction, Failure> {
    let id: documents::PortId = port.parse().map_err(of)?;
    let stand: Vec<_> = rules.port(&id, day).map(|p| p.authorities().collect()).unwrap_or_default();
    let others: Vec<AuthorityCode> = stand.iter().copied().filter(|code| *code != to).collect();
    let from = match (from, others.as_slice()) {
        (Some(from), _) => from,
        (None, [one]) => *one,
        (None, []) => {
            sides(
                rules,
                port,
                Direction::new(AuthorityCode::Chn, to)
                    .or(Direction::new(AuthorityCode::Hkg, to))
                    .ok_or_else(|| Failure::new("a way to nowhere"))?,
                day,
            )?;
            return Err(Failure::new(format!("nobody goes to {to} at {port}")));
        }
        (None, _) => return Err(Failure::new(format!("{port} is reached from several places; say --from"))),
    };
    Direction::new(from, to)
        .ok_or_else(|| Failure::new("from and to are the same place; give two different ones"))
}

/// What `wallet show` was told.
pub struct Show {
    pub resident: String,
    pub port: String,
    pub from: Option<AuthorityCode>,
    pub to: AuthorityCode,
    pub side: Option<Side>,
    pub out: Option<PathBuf>,
    pub at: Timestamp,
    pub json: bool,
}

/// `wallet show`.
pub async fn show(dir: &Path, models: &Path, asked: &Show) -> Result<Ended, Failure> {
    let installation = Installation::open(dir)?;
    let rules = Rules::builtin().map_err(of)?;
    let at = asked.at;
    let way = direction(&rules, &asked.port, asked.from, asked.to, at.local_date())?;
    let sides = match (sides(&rules, &asked.port, way, at.local_date())?.as_slice(), asked.side) {
        ([None], Some(_)) => {
            return Err(Failure::new(format!(
                "at {} one code serves both sides; leave --side out",
                asked.port
            )));
        }
        ([None], None) => vec![None],
        (both, None) => both.to_vec(),
        (_, Some(side)) => vec![Some(side)],
    };
    let hold = installation.hold()?;
    let mut wallet = Wallet::find(&installation, &asked.resident)?;
    if wallet.tokens_left(at) < sides.len() {
        drop(hold);
        let parties = Parties::open(&installation, models, at).await?;
        wallet.fetch(&parties.services, at).await?;
        wallet.save(&installation)?;
    }
    let several = sides.len() > 1;
    let (mut shown, fetched) = (Vec::new(), wallet.tokens_left(at) == BATCH);
    for side in sides {
        let audience = Audience::new(asked.port.parse().map_err(of)?, way, side);
        let text = wallet.show(&audience, at)?;
        let symbol = QrSymbol::draw(&text).map_err(of)?;
        let out = asked.out.as_deref().map(|out| match side.filter(|_| several) {
            Some(side) => beside(out, side),
            None => out.to_owned(),
        });
        match &out {
            Some(out) => draw(&symbol, &text, out)?,
            None if !asked.json => failure::print(&symbol.to_terminal(TerminalGround::Dark))?,
            None => {}
        }
        shown.push((side, text, out, symbol));
    }
    wallet.save(&installation)?;
    let left = wallet.tokens_left(at);
    if asked.json {
        let codes: Vec<_> = shown
            .iter()
            .map(|(side, text, out, symbol)| {
                json!({"side": side, "file": out, "code": text, "qr_version": symbol.version(), "made_at": at})
            })
            .collect();
        failure::print_json(
            &json!({"resident": wallet.resident, "port": asked.port, "from": way.from(), "to": way.to(), "codes": codes, "tokens_left": left}),
        )?;
    } else {
        for (side, _, out, symbol) in &shown {
            let lane = side.map_or_else(|| "both sides".to_owned(), |side| format!("the {side} lane"));
            let file = out.as_ref().map_or_else(String::new, |out| format!(" in {}", out.display()));
            failure::print(&format!(
                "code for {} {way}, {lane}{file} (QR version {}), good for 30 s from {at}\n",
                asked.port,
                symbol.version()
            ))?;
        }
        let note = if fetched { ONE_PROCESS } else { "" };
        failure::print(&format!("{left} tokens left\n{note}"))?;
    }
    Ok(Ended::Well)
}

/// `code.png` for the exit is `code-exit.png`.
fn beside(out: &Path, side: Side) -> PathBuf {
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    let name = match out.extension() {
        Some(extension) => format!("{stem}-{side}.{}", extension.to_string_lossy()),
        None => format!("{stem}-{side}"),
    };
    out.with_file_name(name)
}

fn draw(symbol: &QrSymbol, text: &str, out: &Path) -> Result<(), Failure> {
    let extension = out.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        Some("svg") => write_whole(out, symbol.to_svg().as_bytes()),
        Some("txt") => write_whole(out, text.as_bytes()),
        Some("png") => write_whole(out, &symbol.to_png(6).map_err(of)?),
        Some(_) | None => Err(Failure::new(format!(
            "{} is no picture that can be drawn; give a name that ends in .png, .svg or .txt",
            out.display()
        ))),
    }
}

/// `ledger list`.
pub async fn ledger(
    dir: &Path,
    models: &Path,
    code: AuthorityCode,
    now: Timestamp,
    json_out: bool,
) -> Result<Ended, Failure> {
    let installation = Installation::open(dir)?;
    let parties = Parties::open(&installation, models, now).await?;
    let service = parties.service(code)?;
    let entries = service.ledger().await.map_err(of)?;
    let waiting = service.unresolved(now).await.map_err(of)?;
    let mut rows = Vec::new();
    for (person, at, entry) in &entries {
        let direction = entry.direction().map_err(of)?;
        let side = direction.side_of(code).filter(|_| !entry.is_noticed());
        rows.push((person, at, entry.port().map_err(of)?, direction, side, entry));
    }
    if json_out {
        let list: Vec<_> = rows
            .iter()
            .map(|(person, at, port, direction, side, entry)| {
                json!({"person": person, "at": at, "port": port.as_str(), "from": direction.from(), "to": direction.to(), "side": side, "by_notice": entry.is_noticed(), "spent": entry.spent()})
            })
            .collect();
        let waiting: Vec<_> =
            waiting.iter().map(|(lane, since)| json!({"lane": lane, "since": since})).collect();
        let count = |wanted| rows.iter().filter(|(.., side, _)| *side == Some(wanted)).count();
        failure::print_json(
            &json!({"authority": code, "exits": count(Side::Exit), "entries": count(Side::Entry), "movements": list, "unresolved": waiting}),
        )?;
        return Ok(Ended::Well);
    }
    failure::print(&format!(
        "{code}: {} movements (persons by the first bytes of this authority's own key)\n",
        rows.len()
    ))?;
    for (person, at, port, direction, side, entry) in rows {
        let what = side.map_or("by notice", |side| if side == Side::Exit { "exit" } else { "entry" });
        let spent = if entry.spent() { ", an entry spent" } else { "" };
        failure::print(&format!("{at}  {person}  {direction} at {port}  {what}{spent}\n"))?;
    }
    for (lane, since) in waiting {
        failure::print(&format!("UNRESOLVED since {since} at {lane}: an officer finds out what happened\n"))?;
    }
    Ok(Ended::Well)
}

/// How a report's passage is called in answers.
pub const fn outcome(passage: Passage) -> &'static str {
    match passage {
        Passage::Passed => "passed",
        Passage::NotPassed | Passage::Returned | Passage::Unknown => "not_passed",
    }
}
