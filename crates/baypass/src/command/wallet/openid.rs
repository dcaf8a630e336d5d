//! `baypass wallet receive | credentials | present | maker`: the wallet at issuers and verifiers that others built (`docs/openid4vc.md`, Our
//! wallet at others).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use credential::x5c::{CertificateAnchors, certificates_of_pem};
use credential::{SigningKey, sha256};
use documents::AuthorityCode;
use openid4vc::issuance::Tokens;
use serde_json::json;
use transport::{IssuerRoot, SignerUse};

use super::consent;
use crate::Ended;
use crate::command::{At, InstallationArgs, Output, ResidentArgs};
use crate::failure::{self, Failure, of};
use crate::install::parties::trusted;
use crate::install::{Installation, openid, write_whole};
use crate::serve::status_client;
use crate::wallet::openid::{COPIES, HeldForeign, IssuerClient, WalletMaker};
use crate::wallet::verifiers::Verifiers;

/// Longest file of certificates or of a key, in bytes.
const LONGEST: usize = 64 * 1024;
/// Days for which a maker's certificates count.
const MAKER_DAYS: i32 = 365;

/// What `wallet receive` takes.
#[derive(Args)]
pub struct ReceiveArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    /// The issuer's link: openid-credential-offer://...
    #[arg(value_name = "LINK")]
    offer: String,
    /// The number that the issuer's counter told the holder beside it.
    #[arg(long, value_name = "NUMBER")]
    tx_code: Option<String>,
    /// The certificate (PEM) above the issuer's signers, brought by somebody whom you trust; may be given again. The roots of this installation's
    /// authorities, and of issuers in their lists, count anyway.
    #[arg(long, value_name = "FILE")]
    root: Vec<PathBuf>,
    /// The folder of the maker who vouches for this wallet (`baypass wallet maker`), where the issuer wants one.
    #[arg(long, value_name = "FOLDER")]
    maker: Option<PathBuf>,
    /// Takes a token that is not bound to this wallet's key, where the issuer gives no other: whoever saw it on its way could take the
    /// credentials instead.
    #[arg(long)]
    bearer: bool,
    /// Copies of each credential: each verifier is shown another one.
    #[arg(long, default_value_t = COPIES)]
    copies: usize,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// What `wallet credentials` takes.
#[derive(Args)]
pub struct CredentialsArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// What `wallet present` takes.
#[derive(Args)]
pub struct PresentArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    /// The verifier's link: openid4vp://...
    #[arg(value_name = "LINK")]
    link: String,
    /// The certificate (PEM) above the verifier's, brought by somebody whom you trust; may be given again. The roots of this installation's
    /// authorities count anyway, and verifiers in their lists for the types of credentials that they are listed for.
    #[arg(long, value_name = "FILE")]
    root: Vec<PathBuf>,
    /// Shows who asks for what, and sends nothing.
    #[arg(long)]
    look: bool,
    /// Sends what is required alone.
    #[arg(long)]
    required_only: bool,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// What `wallet maker` takes.
#[derive(Args)]
pub struct MakerArgs {
    /// The folder, which must not be there yet.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    #[command(flatten)]
    at: At,
}

fn roots_in(files: &[PathBuf]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut all = Vec::new();
    for file in files {
        let text = failure::read(file, LONGEST)?;
        let found = certificates_of_pem(&String::from_utf8_lossy(&text))
            .map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
        all.extend(found);
    }
    Ok(all)
}

/// The roots of this installation's own authorities.
fn own_roots(installation: &Installation) -> Result<Vec<Vec<u8>>, Failure> {
    let paths = AuthorityCode::ALL.into_iter().map(|code| openid::root_path(installation, code));
    // An authority that never served has none yet.
    let there: Vec<PathBuf> = paths.filter(|path| path.exists()).collect();
    roots_in(&there)
}

/// The roots that somebody brought, and those of this installation's own authorities.
pub(super) fn roots(installation: &Installation, brought: &[PathBuf]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut roots = roots_in(brought)?;
    roots.extend(own_roots(installation)?);
    Ok(roots)
}

pub(super) fn anchors(roots: &[Vec<u8>]) -> Result<CertificateAnchors, Failure> {
    CertificateAnchors::from_der(roots.iter().map(Vec::as_slice)).map_err(of)
}

/// Runs `wallet receive`.
pub async fn receive(args: &ReceiveArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let mut roots = roots(&installation, &args.root)?;
    let (trust, _) = trusted(&installation, now)?;
    for code in AuthorityCode::ALL {
        roots.extend(trust.foreign_issuers(code, now).map(|(_, issuer)| issuer.certificate().to_vec()));
    }
    let maker = args.maker.as_deref().map(read_maker).transpose()?;
    let (http, roots) = (status_client(&installation)?, anchors(&roots)?);
    let offer = crate::wallet::openid::read_offer(&http, args.offer.trim()).await?;
    let _hold = installation.hold()?;
    let mut wallet = args.resident.wallet(&installation)?;
    let tokens = if args.bearer { Tokens::Any } else { Tokens::Bound };
    let client = IssuerClient { http: &http, roots: &roots, maker: maker.as_ref(), tokens, now };
    let taken = client.receive(&offer, args.tx_code.as_deref(), args.copies).await?;
    let copies = taken.len();
    wallet.put_foreign(taken);
    wallet.save(&installation)?;
    let configurations = &offer.credential_configuration_ids;
    if args.output.json {
        failure::print_json(
            &json!({"resident": wallet.resident, "issuer": offer.credential_issuer, "configurations": configurations, "copies": copies}),
        )?;
    } else {
        failure::print(&format!(
            "{} gave {}: {copies} copies, each for one verifier\n",
            offer.credential_issuer,
            configurations.join(", ")
        ))?;
    }
    Ok(Ended::Done)
}

/// Runs `wallet credentials`.
pub fn list(args: &CredentialsArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let wallet = args.resident.wallet(&installation)?;
    let (mut rows, mut page) = (Vec::new(), String::new());
    for one in wallet.foreign() {
        let held = one.held(now);
        let state = match &held {
            Ok(held) => held.kind().to_owned(),
            Err(error) => format!("counts no more: {error}"),
        };
        let (issuer, configuration, shown) = (&one.issuer, &one.configuration, one.shown);
        let _ = writeln!(page, "{issuer}  {configuration}  shown {shown} times  {state}");
        rows.push(json!({
            "issuer": issuer, "configuration": configuration, "shown": shown, "received": one.received,
            "type": held.as_ref().ok().map(HeldForeign::kind), "refused": held.as_ref().err().map(ToString::to_string),
        }));
    }
    if args.output.json {
        failure::print_json(&json!({"resident": wallet.resident, "credentials": rows}))?;
    } else if page.is_empty() {
        failure::print("no credential of another system is here; `baypass wallet receive` takes one\n")?;
    } else {
        failure::print(&page)?;
    }
    Ok(Ended::Done)
}

/// Runs `wallet present`.
pub async fn present(args: &PresentArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let (http, (trust, _)) = (status_client(&installation)?, trusted(&installation, now)?);
    let verifiers = Verifiers::new(roots(&installation, &args.root)?, &trust, now).map_err(of)?;
    let _hold = installation.hold()?;
    let mut wallet = args.resident.wallet(&installation)?;
    let wanted = wallet.wanted(&http, args.link.trim(), &verifiers, !args.required_only, now).await?;
    let shows = wanted.shows.iter().map(|(_, issuer, kind, names)| (issuer, kind, names.as_slice()));
    let page = consent::shown_to((&wanted.who, &wanted.listed_by), shows);
    if !args.output.json {
        failure::print(&page)?;
    }
    let back = if args.look {
        None
    } else {
        let sent = wallet.present_to(&http, &wanted, now).await;
        // Whatever the verifier says: it may have seen these copies.
        wallet.save(&installation)?;
        sent?
    };
    if args.output.json {
        let shows: Vec<_> = wanted
            .shows
            .iter()
            .map(|(_, issuer, kind, names)| json!({"issuer": issuer, "type": kind, "claims": names}))
            .collect();
        failure::print_json(
            &json!({"resident": wallet.resident, "verifier": wanted.who, "listed_by": wanted.listed_by, "shown": shows, "sent": !args.look, "redirect_uri": back}),
        )?;
    } else if let Some(back) = back {
        failure::print(&format!("shown; go on in your browser: {back}\n"))?;
    } else {
        failure::print(if args.look { "nothing was sent\n" } else { "shown\n" })?;
    }
    Ok(Ended::Done)
}

fn read_maker(folder: &Path) -> Result<WalletMaker, Failure> {
    let key = failure::read(&folder.join("maker.key"), LONGEST)?;
    let chain = roots_in(&[folder.join("maker.pem")])?;
    Ok(WalletMaker { key: SigningKey::from_pkcs8(&key).map_err(of)?, chain })
}

/// Runs `wallet maker`: keys of a maker of wallets, and the root that issuers pin.
pub fn maker(args: &MakerArgs) -> Result<Ended, Failure> {
    let now = args.at.time();
    std::fs::create_dir(&args.out).map_err(|error| {
        Failure::new(format!("{}: {error}; name a folder that is not there yet", args.out.display()))
    })?;
    let (root_key, key) = (SigningKey::generate().map_err(of)?, SigningKey::generate().map_err(of)?);
    let root = IssuerRoot::new("Bay Pass wallets, command line".to_owned(), "HK", &root_key).map_err(of)?;
    let days = (now.local_date().plus_days(-1), now.local_date().plus_days(MAKER_DAYS));
    let certificate = root.certificate(days.0, days.1).map_err(of)?.0;
    let leaf = root.certify("Bay Pass wallet, command line", &[], &key, SignerUse::DocumentSigner, days);
    let leaf = leaf.map_err(of)?.0;
    let pkcs8 = key.to_pkcs8().map_err(of)?;
    for (name, bytes) in [
        ("maker.key", pkcs8.as_slice()),
        ("maker.pem", leaf.as_bytes()),
        ("maker-root.pem", certificate.as_bytes()),
    ] {
        write_whole(&args.out.join(name), bytes)?;
    }
    let print = certificates_of_pem(&certificate).map_err(of)?.first().map(|der| hex::encode(sha256(der)));
    failure::print(&format!(
        "made in {}; issuers pin maker-root.pem (SHA-256 {}), for {MAKER_DAYS} days\n",
        args.out.display(),
        print.unwrap_or_default()
    ))?;
    Ok(Ended::Done)
}
