//! `baypass bench status`: status lists of so many places: how long an issuer takes to make and sign them, how large they are,
//! and how long a gate takes to read them.
//!
//! Lives here: the measurement, one list at a time. Not here: which lists a week has (`authority`), any bar: the times are those
//! of this machine.

use std::fmt::Write as _;

use authority::{LARGEST_LIST, status_name};
use clap::Args;
use credential::status::{SignedStatusList, Status, StatusList};
use credential::{FIRST_STATUS_INDEX, SigningKey, random};
use documents::{AuthorityCode, Timestamp};
use gate::{Stopwatch, SystemStopwatch};
use serde::Serialize;
use trust::STATUS_TTL_SECONDS;

use crate::Ended;
use crate::command::Output;
use crate::failure::{self, Failure, of};

/// What `bench status` takes.
#[derive(Args)]
pub struct StatusArgs {
    /// Places that are in use, one measurement for each number.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000_000, 100_000_000])]
    places: Vec<u64>,
    /// How many of a thousand tokens were revoked.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=1000))]
    revoked_per_mille: u32,
    #[command(flatten)]
    output: Output,
}

/// Of all lists that so many places take.
#[derive(Serialize)]
struct StatusFigure {
    places: u64,
    lists: usize,
    revoked: u64,
    make_and_sign_ms: f64,
    signed_bytes: usize,
    read_ms: f64,
    /// What a gate holds of them.
    held_bytes: usize,
}

/// Runs `bench status`.
pub fn run(args: &StatusArgs) -> Result<Ended, Failure> {
    let mut figures = Vec::new();
    for places in &args.places {
        figures.push(figure(*places, args.revoked_per_mille)?);
    }
    if args.output.json {
        failure::print_json(&figures)?;
        return Ok(Ended::Done);
    }
    let mut page = String::from("places, lists, revoked: make and sign, signed bytes; read, bytes held\n");
    for figure in &figures {
        let StatusFigure { places, lists, revoked, make_and_sign_ms, signed_bytes, read_ms, held_bytes } =
            figure;
        let _ = writeln!(
            page,
            "{places}, {lists}, {revoked}: {make_and_sign_ms:.0} ms, {signed_bytes}; {read_ms:.0} ms, {held_bytes}"
        );
    }
    failure::print(page.trim_end())?;
    Ok(Ended::Done)
}

fn figure(places: u64, revoked_per_mille: u32) -> Result<StatusFigure, Failure> {
    let key = SigningKey::generate().map_err(of)?;
    let verifying = credential::VerifyingKey::new(*key.public()).map_err(of)?;
    let now = Timestamp::from_unix(1_800_000_000).ok_or_else(|| Failure::new("no such time"))?;
    let name = status_name(AuthorityCode::Chn, 0);
    let watch = SystemStopwatch::start();
    let mut found = StatusFigure {
        places,
        lists: 0,
        revoked: 0,
        make_and_sign_ms: 0.0,
        signed_bytes: 0,
        read_ms: 0.0,
        held_bytes: 0,
    };
    let mut left = places;
    while left > 0 {
        let most = u64::from(LARGEST_LIST - FIRST_STATUS_INDEX);
        let here = u32::try_from(left.min(most)).unwrap_or(LARGEST_LIST);
        left -= u64::from(here);
        let mut ended = Vec::new();
        for _ in 0..u64::from(here) * u64::from(revoked_per_mille) / 1000 {
            let mut drawn = [0; 4];
            random(&mut drawn).map_err(of)?;
            ended.push(FIRST_STATUS_INDEX + u32::from_be_bytes(drawn) % here);
        }
        let began = watch.millis();
        let mut list = StatusList::with_entries(FIRST_STATUS_INDEX + here);
        for place in &ended {
            list.set(*place, Status::Invalid);
        }
        let signed = SignedStatusList {
            subject: name.clone(),
            issued: now,
            expires: Some(now.plus_seconds(86_400)),
            ttl: Some(STATUS_TTL_SECONDS),
            list,
        };
        let bytes = signed.sign(authority::KEY_ID, &key).map_err(of)?;
        let made = watch.millis();
        let read = SignedStatusList::open(&bytes, &verifying, &name).map_err(of)?;
        let opened = watch.millis();
        found.lists += 1;
        found.revoked += u64::try_from(ended.len()).unwrap_or(u64::MAX);
        found.make_and_sign_ms += made - began;
        found.signed_bytes += bytes.len();
        found.read_ms += opened - made;
        found.held_bytes += read.list.len() / 4;
    }
    Ok(found)
}
