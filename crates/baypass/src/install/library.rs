//! A library's own system, as its venue's file names it: SIP2, and who opens readers' accounts (docs/library.md).
//!
//! Lives here: [`LibraryFile`], [`library`], each wrong content with its sentence. Not here: the protocol (`sip2`, `venue::library_system`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sip2::{Charset, ErrorDetection};
use trust::VenueKind;
use venue::library::{AccountPool, AccountService, Library, OpenAccount};
use venue::library_system::{LibraryLogin, LibrarySetup, LibrarySystem};
use venue::store::Store;

use super::Installation;
use super::venues::{Desk, Service};
use crate::failure::{self, Failure, of};

/// Longest of the files that it names, in bytes.
const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;
/// How long an answer is waited for where the library's system does not say.
const ANSWER_SECONDS: u64 = 10;

/// `[library]` of a venue's file. Names of files are of the venue's folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibraryFile {
    /// `sip2://127.0.0.1:6001` on this machine, else `sip2s://library.example:6002`.
    address: String,
    /// The library's own institution id; empty where it says so.
    institution: String,
    /// The place of this desk, as the library's system knows it.
    #[serde(default)]
    location: String,
    /// The file with the terminal's password.
    terminal_password_file: Option<String>,
    /// The desk's user at the library's system.
    user: Option<String>,
    /// The file with its password.
    password_file: Option<String>,
    /// The file with the certification authorities of `sip2s://`, PEM.
    ca_file: Option<String>,
    /// `utf-8`, `iso-8859-1` or `cp850`.
    charset: Option<String>,
    /// Whether messages bear numbers and checksums; yes where it is left out.
    error_detection: Option<bool>,
    /// Whether the answer to a payment has its date before its flag, as one system writes it.
    #[serde(default)]
    fee_paid_order_swapped: bool,
    /// How long an answer is waited for where the library's system does not say, in seconds.
    answer_seconds: Option<u64>,
    /// Who opens accounts at a first visit.
    accounts: Accounts,
}

/// Who opens accounts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum Accounts {
    /// A service of the library.
    Service(Service),
    /// Cards that were issued before: a file with one number a line.
    Pool(String),
}

/// The library's desk, as its file sets it up. `client` has its timeouts set.
pub fn library(
    of_what: &Installation,
    place: &Desk,
    store: Store,
    client: reqwest::Client,
) -> Result<Library, Failure> {
    let id = place.id();
    let file = place.library().ok_or_else(|| {
        Failure::new(format!(
            "venue.toml of {id} does not say where the library's system is; write [library] with address, institution and \
             accounts (docs/library.md)"
        ))
    })?;
    let wrong = |what: &str, why: &dyn std::fmt::Display| {
        Failure::new(format!("venue.toml of {id}, [library], {what}: {why}"))
    };
    let read = |name: &String| failure::read(&of_what.venue(id).join(name), MAX_FILE_BYTES);
    let secret = |name: &Option<String>| match name {
        Some(name) => read(name).map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()),
        None => Ok(String::new()),
    };
    let login = match &file.user {
        Some(user) => Some(LibraryLogin { user: user.clone(), password: secret(&file.password_file)? }),
        None => None,
    };
    let charset = file.charset.as_deref().map(str::parse::<Charset>).transpose();
    let setup = LibrarySetup {
        address: file.address.parse().map_err(|error| wrong("address", &error))?,
        library: sip2::Library {
            institution: file.institution.clone(),
            location: file.location.clone(),
            terminal_password: secret(&file.terminal_password_file)?,
            charset: charset.map_err(|error| wrong("charset", &error))?.unwrap_or_default(),
            detection: if file.error_detection.unwrap_or(true) {
                ErrorDetection::On
            } else {
                ErrorDetection::Off
            },
        },
        login,
        ca: file.ca_file.as_ref().map(read).transpose()?,
        fee_paid_order_swapped: file.fee_paid_order_swapped,
        answer_seconds: file.answer_seconds.unwrap_or(ANSWER_SECONDS),
    };
    let system = LibrarySystem::new(setup).map_err(of)?;
    let accounts: Arc<dyn OpenAccount> = match &file.accounts {
        Accounts::Service(at) => {
            let token = at.token_file.as_ref().map(|name| secret(&Some(name.clone()))).transpose()?;
            Arc::new(AccountService::new(client, &at.address, token))
        }
        Accounts::Pool(name) => {
            let text = read(name)?;
            let text = String::from_utf8_lossy(&text);
            Arc::new(AccountPool::new(store.clone(), &text).map_err(|error| wrong(name, &error))?)
        }
    };
    Ok(Library::new(store, system, accounts, place.asks()?.retention_days))
}

/// Whether a venue of this kind may have a `[library]`.
pub fn check(place: &Desk) -> Result<(), Failure> {
    match (place.binding().kind(), place.library()) {
        (VenueKind::Library, _) | (VenueKind::Hotel | VenueKind::Building, None) => Ok(()),
        (VenueKind::Hotel | VenueKind::Building, Some(_)) => Err(Failure::new(format!(
            "venue.toml of {} has a [library], and it is none; take it out",
            place.id()
        ))),
    }
}
