//! `baypass code inspect`: what anyone may read in a code, and nothing more.
//!
//! Lives here: the reading and its words. Not here: any verification: no key is looked up, no part is opened, and the
//! answer says so.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use code::CrossingCode;
use credential::paper::UnverifiedPaper;
use credential::part::PartForm;
use credential::{KeyClass, PartHash, SealedHashes, UnverifiedProof, UnverifiedToken};
use serde::Serialize;

use super::Output;
use super::code_file::text_of;
use crate::Ended;
use crate::failure::{self, Failure};

/// The commands about crossing codes.
#[derive(Subcommand)]
pub enum CodeCommand {
    /// What anyone may read in a code, and nothing more. Nothing is verified.
    Inspect(InspectArgs),
}

/// What `code inspect` takes.
#[derive(Args)]
pub struct InspectArgs {
    /// A picture of a code, a file with its text, the text itself, or `-` for standard input.
    #[arg(value_name = "FILE|TEXT", allow_hyphen_values = true)]
    what: String,
    #[command(flatten)]
    output: Output,
}

impl CodeCommand {
    /// Runs the command.
    pub fn run(&self) -> Result<Ended, Failure> {
        let Self::Inspect(args) = self;
        let contents = inspect(&text_of(&args.what, code::PREFIX)?)?;
        if args.output.json {
            failure::print_json(&contents)?;
        } else {
            failure::print(&contents.page())?;
        }
        Ok(Ended::Done)
    }
}

#[derive(Serialize)]
struct CodeContents {
    kind: &'static str,
    form: &'static str,
    verified: bool,
    characters: usize,
    bytes: usize,
    qr: Option<Qr>,
    token_id: String,
    token: Option<Token>,
    proof: Proof,
    parts: Vec<Part>,
}

#[derive(Serialize)]
struct Qr {
    version: u8,
    level: &'static str,
}

#[derive(Serialize)]
struct Token {
    issuer: documents::AuthorityCode,
    kid: u8,
    expires: documents::Timestamp,
    key_class: &'static str,
    status: Status,
    sealed_for: Vec<&'static str>,
    bytes: usize,
}

#[derive(Serialize)]
struct Status {
    list: u8,
    index: u32,
}

#[derive(Serialize)]
struct Proof {
    /// When a wallet made it; left out of a paper pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    made_at: Option<documents::Timestamp>,
    /// The day of a paper pass; left out of a wallet's.
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<documents::LocalDate>,
    bytes: usize,
}

#[derive(Serialize)]
struct Part {
    bytes: usize,
    form: Option<&'static str>,
    named_by_token_for: Option<&'static str>,
}

fn inspect(text: &str) -> Result<CodeContents, Failure> {
    let mut scratch = Vec::new();
    let code = CrossingCode::parse(text, &mut scratch).map_err(|error| Failure::of(&error))?;
    let bytes = code.proof().len();
    let proof = match (UnverifiedProof::parse(code.proof()), UnverifiedPaper::parse(code.proof())) {
        (Ok(proof), _) => Proof { made_at: Some(proof.made_at()), day: None, bytes },
        (Err(_), Ok(paper)) => Proof { made_at: None, day: Some(paper.day()), bytes },
        (Err(error), Err(_)) => {
            return Err(Failure::new(format!(
                "the frame of the code is sound, its proof is not: {error}; {AGAIN}"
            )));
        }
    };
    let mut contents = CodeContents {
        kind: "crossing_code",
        form: "short",
        verified: false,
        characters: text.len(),
        bytes: code.to_cbor().len(),
        qr: code.version().map(|version| Qr { version, level: "L" }),
        token_id: String::new(),
        token: None,
        proof,
        parts: Vec::new(),
    };
    match code {
        CrossingCode::Short { token_id, .. } => contents.token_id = hex(token_id),
        CrossingCode::Full { token, parts, .. } => {
            let told = |error| {
                Failure::new(format!("the frame of the code is sound, its token is not: {error}; {AGAIN}"))
            };
            let parsed = UnverifiedToken::parse(token).map_err(told)?;
            let claims = parsed.claims();
            contents.form = "full";
            contents.token_id = hex(parsed.device_key().map_err(told)?.thumbprint().token_id().as_bytes());
            let receivers = SealedHashes::receivers(claims.issuer);
            contents.parts = parts
                .iter()
                .map(|part| {
                    let hash = PartHash::of(part).short();
                    let named = receivers
                        .iter()
                        .find(|to| claims.sealed.for_receiver(claims.issuer, **to) == Some(hash));
                    Part {
                        bytes: part.len(),
                        form: part_form(part.len()),
                        named_by_token_for: named.map(|to| to.code()),
                    }
                })
                .collect();
            contents.token = Some(Token {
                issuer: claims.issuer,
                kid: parsed.kid(),
                expires: claims.expires,
                key_class: match claims.key_class {
                    KeyClass::Hardware => "hardware",
                    KeyClass::SecureElement => "secure_element",
                    KeyClass::Software => "software",
                    KeyClass::Paper => "none: a paper pass",
                },
                status: Status { list: claims.status.list(), index: claims.status.index() },
                sealed_for: receivers.iter().map(|to| to.code()).collect(),
                bytes: token.len(),
            });
        }
    }
    Ok(contents)
}

const AGAIN: &str = "let the wallet show a fresh code";

const fn part_form(length: usize) -> Option<&'static str> {
    if PartForm::Own.has_length(length) {
        Some("own")
    } else if PartForm::Sealed.has_length(length) {
        Some("sealed")
    } else {
        None
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

impl CodeContents {
    fn page(&self) -> String {
        let version = self.qr.as_ref().map_or("none".to_owned(), |qr| format!("{}-{}", qr.version, qr.level));
        let mut out = format!(
            "Bay Pass crossing code, {} form; nothing of it is verified here\n  size: {} characters, {} bytes, QR \
             version {version}\n  token id: {}\n",
            self.form, self.characters, self.bytes, self.token_id,
        );
        if let Some(token) = &self.token {
            let _ = writeln!(
                out,
                "  issuer: {}, key {}\n  expires: {}\n  device key: {}\n  status: list {}, index {}\n  token: {} bytes, \
                 names the parts sealed for {}",
                token.issuer,
                token.kid,
                token.expires,
                token.key_class,
                token.status.list,
                token.status.index,
                token.bytes,
                token.sealed_for.join(" and "),
            );
        }
        let made = self.proof.made_at.map(|at| format!("made {at}"));
        let day = self.proof.day.map(|day| format!("on paper by a counter, for {day}"));
        let words = made.or(day).unwrap_or_default();
        let _ = writeln!(out, "  proof: {words}, {} bytes", self.proof.bytes);
        for (number, part) in self.parts.iter().enumerate() {
            let form = part.form.unwrap_or("of no known length");
            let named =
                part.named_by_token_for.map_or(String::new(), |to| format!(", named by the token for {to}"));
            let _ = writeln!(out, "  part {}: {} bytes, {form}{named}", number + 1, part.bytes);
        }
        out
    }
}
