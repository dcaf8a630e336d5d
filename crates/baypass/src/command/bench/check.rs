//! `baypass bench check`: the gate's check of one code beside two raw verifications in one run, and the size of every
//! code.
//!
//! Lives here: a authorities of three authorities in memory, the measurement, the table. Not here: what is measured (`gate`),
//! and any time in seconds that could fail a run: only the ratio and the sizes have bars (DESIGN 7).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;

use clap::Args;
use code::{CrossingCode, Parts};
use credential::ProofWindow;
use credential::part::{OWN_PART_LEN, PartForm, SEALED_PART_LEN};
use credential::status::{SignedStatusList, StatusList};
use credential::{
    Audience, KeyClass, PartHash, SealedHashes, ShortHash, SigningKey, StatusRef, TokenClaims, sign_proof,
    sign_token,
};
use documents::{AuthorityCode, Direction, Side, Timestamp};
use gate::Lists;
use gate::check::Checker;
use serde::Serialize;
use trust::{Approval, KeyEntry, Role, Root, TrustList, TrustStore};

use super::{Setup, Signed, rounded};
use crate::Ended;
use crate::command::Output;
use crate::failure::{self, Failure};

/// A gate's check may take so much longer than the two verifications that it cannot do without.
const RATIO_BAR: f64 = 1.05;
const STATUS_ENTRIES: u32 = 10_000_000;
/// Calls that warm caches and clock rate and are not counted.
const WARM_UP: usize = 500;
const ROUNDS: usize = 8_000;
const KID: u8 = 1;
const DAY: i64 = 86_400;

#[derive(Serialize)]
struct CheckReport {
    check: CheckFigure,
    codes: Vec<CodeFigure>,
    holds: bool,
}

#[derive(Serialize)]
struct CheckFigure {
    raw_us: f64,
    check_us: f64,
    ratio: f64,
    bar: f64,
    holds: bool,
    rounds: usize,
    status_entries: u32,
}

#[derive(Serialize)]
struct CodeFigure {
    home: AuthorityCode,
    from: AuthorityCode,
    to: AuthorityCode,
    lane: &'static str,
    parts: Vec<&'static str>,
    bytes: usize,
    characters: usize,
    version: u8,
    bar: u8,
    equal_length: bool,
    holds: bool,
}

/// What `bench check` takes.
#[derive(Args)]
pub struct CheckArgs {
    #[command(flatten)]
    output: Output,
}

/// Runs `bench check`.
pub fn run(args: &CheckArgs) -> Result<Ended, Failure> {
    let mut authorities = Authorities::new().map_err(|error| Failure::of(&*error))?;
    let codes = code_figures(&authorities).map_err(|error| Failure::of(&*error))?;
    let check = check_figure(&mut authorities).map_err(|error| Failure::of(&*error))?;
    let holds = check.holds && codes.iter().all(|row| row.holds);
    let report = CheckReport { check, codes, holds };
    if args.output.json {
        failure::print_json(&report)?;
    } else {
        failure::print(&report.page())?;
    }
    Ok(if holds { Ended::Done } else { Ended::BarMissed })
}

fn check_figure(authorities: &mut Authorities) -> Setup<CheckFigure> {
    let (home, way) = (AuthorityCode::Mac, Direction::new(AuthorityCode::Mac, AuthorityCode::Chn));
    let audience = Audience::new("hengqin".parse()?, way.ok_or("origin and destination are the same")?, None);
    authorities.take_status(home, StatusList::with_entries(STATUS_ENTRIES))?;
    let now = authorities.now;
    let holder = Holder::new(authorities, home)?;
    let code = holder.show(&audience, now)?;
    let checker = Checker::new("one".parse()?, audience, ProofWindow::default(), Vec::new());
    let mut replay = checker.replay_cache(now);
    let mut scratch = Vec::new();

    // As long as what the two signatures of a code cover, on average.
    let issuer = &authorities.keys.get(&home).ok_or("no issuer")?.token;
    let signed = [Signed::new(issuer, 256)?, Signed::new(&holder.device, 256)?];
    let (raw_us, check_us) = super::beside(&signed, (WARM_UP, ROUNDS), || {
        let result = checker.check(black_box(&code), &mut scratch, &authorities.lists, &mut replay, now);
        Ok(black_box(result.map(|c| c.id())).map_err(gate::GateReason::code).map(drop)?)
    })?;
    let ratio = check_us / raw_us;
    Ok(CheckFigure {
        raw_us: rounded(raw_us),
        check_us: rounded(check_us),
        ratio: rounded(ratio),
        bar: RATIO_BAR,
        holds: ratio <= RATIO_BAR,
        rounds: ROUNDS,
        status_entries: STATUS_ENTRIES,
    })
}

fn code_figures(authorities: &Authorities) -> Setup<Vec<CodeFigure>> {
    let mut rows = Vec::new();
    for home in AuthorityCode::ALL {
        for from in AuthorityCode::ALL {
            for to in AuthorityCode::ALL {
                let Some(way) = Direction::new(from, to) else { continue };
                for side in [None, Some(Side::Exit), Some(Side::Entry)] {
                    rows.push(code_figure(authorities, home, way, side)?);
                }
            }
        }
    }
    Ok(rows)
}

fn code_figure(
    authorities: &Authorities,
    home: AuthorityCode,
    way: Direction,
    side: Option<Side>,
) -> Setup<CodeFigure> {
    let audience = Audience::new("bench".parse()?, way, side);
    let mut lengths = Vec::new();
    let mut version = u8::MAX;
    for seconds in 0..4 {
        let text = Holder::new(authorities, home)?.show(&audience, authorities.now.plus_seconds(seconds))?;
        // The symbol as it is really drawn, not only the table of capacities.
        version = code::QrSymbol::draw(&text)?.version();
        lengths.push((CrossingCode::parse(&text, &mut Vec::new())?.to_cbor().len(), text.len()));
    }
    let (bytes, characters) = lengths.first().copied().unwrap_or_default();
    let equal_length = lengths.iter().all(|length| *length == (bytes, characters));
    let between_regions = way.from().is_sar() && way.to().is_sar();
    let bar = if home == AuthorityCode::Chn && between_regions { 18 } else { 17 };
    let parts = audience.sides().iter().map(|side| match PartForm::of(home, way.authority(*side)) {
        PartForm::Own => "own",
        PartForm::Sealed => "sealed",
    });
    Ok(CodeFigure {
        home,
        from: way.from(),
        to: way.to(),
        lane: side.map_or("joint", Side::as_str),
        parts: parts.collect(),
        bytes,
        characters,
        version,
        bar,
        equal_length,
        holds: equal_length && version <= bar,
    })
}

impl CheckReport {
    fn page(&self) -> String {
        let verdict = |holds: bool| if holds { "holds" } else { "MISSED" };
        let check = &self.check;
        let mut out = format!(
            "gate check of one code, status list of {} entries: {:.1} us\ntwo raw P-256 verifications, keys parsed on \
             each call: {:.1} us\nratio of medians ({} calls each, in turn): {:.3}, bar {:.2}: {}\n\n",
            check.status_entries,
            check.check_us,
            check.raw_us,
            check.rounds,
            check.ratio,
            check.bar,
            verdict(check.holds),
        );
        out.push_str("home  from  to    lane   parts          bytes  chars  QR (level L)  bar\n");
        for row in &self.codes {
            let _ = writeln!(
                out,
                "{:<5} {:<5} {:<5} {:<6} {:<14} {:>5}  {:>5}  {:>12}  {:>3}  {}",
                row.home.code(),
                row.from.code(),
                row.to.code(),
                row.lane,
                row.parts.join("+"),
                row.bytes,
                row.characters,
                row.version,
                row.bar,
                verdict(row.holds),
            );
        }
        out.push_str("Parts have one length per form, so names do not change a row; four codes of each row were made.\n");
        out
    }
}

struct AuthorityKeys {
    token: SigningKey,
    status: SigningKey,
    approval: SigningKey,
    list: SigningKey,
}

/// Three authorities and a gate's lists, in memory and at a fixed time.
struct Authorities {
    now: Timestamp,
    keys: BTreeMap<AuthorityCode, AuthorityKeys>,
    lists: Lists,
}

impl Authorities {
    fn new() -> Setup<Self> {
        let now: Timestamp = "2026-03-02T10:00:00+08:00".parse()?;
        let mut keys = BTreeMap::new();
        for authority in AuthorityCode::ALL {
            keys.insert(
                authority,
                AuthorityKeys {
                    token: SigningKey::generate()?,
                    status: SigningKey::generate()?,
                    approval: SigningKey::generate()?,
                    list: SigningKey::generate()?,
                },
            );
        }
        let mut roots = Vec::new();
        for (authority, keys) in &keys {
            roots.push((*authority, root(keys)?));
        }
        let mut lists = Lists::new(TrustStore::new(&roots)?);
        for (authority, keys) in &keys {
            lists.take_trust(&trust_list(*authority, keys, now)?.sign(b"l1", &keys.list)?, now)?;
        }
        let approval = Approval::specimen("bench", vec!["hengqin".parse()?], now.local_date());
        let mut signatures = Vec::new();
        for (authority, keys) in &keys {
            signatures.push((*authority, approval.sign(b"a1", &keys.approval)?));
        }
        lists.take_approval(&Approval::bundle(&signatures), now)?;
        Ok(Self { now, keys, lists })
    }

    fn take_status(&mut self, authority: AuthorityCode, list: StatusList) -> Setup<()> {
        let subject = format!("urn:baypass:status:{authority}:0");
        let issued = self.now.plus_seconds(-60);
        let expires = Some(issued.plus_seconds(DAY));
        let key = &self.keys.get(&authority).ok_or("no such authority")?.status;
        let signed = SignedStatusList { subject: subject.clone(), issued, expires, ttl: None, list };
        self.lists.take_status(authority, 0, &subject, &signed.sign(b"s1", key)?, self.now)?;
        Ok(())
    }
}

fn root(keys: &AuthorityKeys) -> Setup<Root> {
    Ok(Root::of(1, [("l1", *keys.list.public())])?)
}

fn trust_list(authority: AuthorityCode, keys: &AuthorityKeys, now: Timestamp) -> Setup<TrustList> {
    let root = root(keys)?;
    let entry = |role, kid: &[u8], key: &SigningKey| KeyEntry {
        role,
        kid: kid.to_vec(),
        key: key.public().as_bytes().to_vec(),
        from: now.plus_seconds(-DAY),
        to: now.plus_seconds(30 * DAY),
        compromised: false,
        binding: None,
    };
    let keys = vec![
        entry(Role::Token, &[KID], &keys.token),
        entry(Role::Status, b"s1", &keys.status),
        entry(Role::Approval, b"a1", &keys.approval),
    ];
    let (issued, expires) = (now.plus_seconds(-3600), now.plus_seconds(DAY));
    Ok(TrustList { authority, number: 1, issued, expires, root, next: None, keys })
}

const fn part_length(form: PartForm) -> usize {
    match form {
        PartForm::Own => OWN_PART_LEN,
        PartForm::Sealed => SEALED_PART_LEN,
    }
}

/// A device key with its token and parts. The parts are random bytes of the true lengths: a gate opens none.
struct Holder {
    device: SigningKey,
    token: Vec<u8>,
    parts: BTreeMap<AuthorityCode, Vec<u8>>,
}

impl Holder {
    fn new(authorities: &Authorities, issuer: AuthorityCode) -> Setup<Self> {
        let device = SigningKey::generate()?;
        let mut parts = BTreeMap::new();
        for receiver in AuthorityCode::ALL {
            let mut part = vec![0; part_length(PartForm::of(issuer, receiver))];
            credential::random(&mut part)?;
            parts.insert(receiver, part);
        }
        let short = |to| parts.get(to).map_or(ShortHash([0; 16]), |part| PartHash::of(part).short());
        let sealed = match SealedHashes::receivers(issuer) {
            [first, second, ..] => SealedHashes::Two(short(first), short(second)),
            [only] => SealedHashes::One(short(only)),
            [] => SealedHashes::One(ShortHash([0; 16])),
        };
        let claims = TokenClaims {
            issuer,
            expires: KeyClass::Hardware.expiry_for(authorities.now.local_date()),
            device_key: *device.public(),
            key_class: KeyClass::Hardware,
            status: StatusRef::new(0, 5_000_000).ok_or("no such index")?,
            sealed,
        };
        let key = &authorities.keys.get(&issuer).ok_or("no such issuer")?.token;
        let token = sign_token(&claims, KID, key)?;
        Ok(Self { device, token, parts })
    }

    fn show(&self, audience: &Audience, made_at: Timestamp) -> Setup<String> {
        let receivers = audience.sides().iter().map(|side| audience.direction().authority(*side));
        let parts: Vec<&[u8]> = receivers.filter_map(|to| self.parts.get(&to)).map(Vec::as_slice).collect();
        let hashes: Vec<_> = parts.iter().map(|part| PartHash::of(part)).collect();
        let proof = sign_proof(&self.device, audience, &self.token, &hashes, made_at)?;
        let parts = Parts::new(&parts).map_err(code::CodeError::Form)?;
        Ok(CrossingCode::Full { token: &self.token, proof: &proof, parts }.to_text()?)
    }
}
