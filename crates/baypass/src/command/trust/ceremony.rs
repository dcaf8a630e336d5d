//! The ceremony: each supervisor with their own key, one step a command.
//!
//! Lives here: making a key, drafting, showing, signing, publishing, adopting a root. Not here: what is counted (`trust`).

use std::path::PathBuf;

use authority::SigningKeys;
use clap::Args;
use credential::SigningKey;
use documents::AuthorityCode;
use gate::Clock as _;
use trust::{Role, Root, TrustList, TrustStore};

use super::foreign::{self, Foreign};
use super::{read_root, rotate, strike, strike_supervisor, words};
use crate::Ended;
use crate::command::{At, InstallationArgs};
use crate::failure::{self, Failure, of};
use crate::install::acts::{self, Office};
use crate::install::supervisors::{self, RootFile};
use crate::install::{lists, write_whole};
use crate::serve::TrialClock;

/// Longest draft that is read, in bytes: a payload of a signed message.
const MAX_DRAFT: usize = 256 * 1024;

/// What `trust new-key` takes.
#[derive(Args)]
pub struct NewKeyArgs {
    /// The supervisor's key id, such as CHN-4.
    #[arg(long)]
    kid: String,
    /// Where the private key goes: a file of the supervisor's own.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Makes a supervisor's key.
pub fn new_key(args: &NewKeyArgs) -> Result<Ended, Failure> {
    if args.out.exists() {
        return Err(Failure::new(format!("{} is there already; choose another file", args.out.display())));
    }
    let key = SigningKey::generate().map_err(of)?;
    write_whole(&args.out, &key.to_pkcs8().map_err(of)?)?;
    failure::print(&format!("\"{}\": \"{}\"\n", args.kid, hex::encode(key.public().as_bytes())))?;
    Ok(Ended::Done)
}

/// What `trust draft` takes.
#[derive(Args)]
pub struct DraftArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// Whose list.
    #[arg(long)]
    authority: AuthorityCode,
    /// Where the draft goes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Lists a supervisor's key as compromised.
    #[arg(long, value_name = "KID")]
    compromise_supervisor: Option<String>,
    /// Lists every key of a role as compromised.
    #[arg(long, value_name = "ROLE")]
    compromise: Option<String>,
    /// One key of that role alone, by its id.
    #[arg(long, requires = "compromise")]
    kid: Option<String>,
    /// Announces the root in this file.
    #[arg(long, value_name = "FILE", conflicts_with = "rotate")]
    announce: Option<PathBuf>,
    /// Moves to the root that the list in force announces.
    #[arg(long)]
    rotate: bool,
    /// Lists the issuer of another system in this file (`trust add-issuer --help` shows its form); may be given again.
    #[arg(long, value_name = "FILE")]
    add_issuer: Vec<PathBuf>,
    /// Takes out the issuer of another system of this name; may be given again.
    #[arg(long, value_name = "NAME")]
    remove_issuer: Vec<String>,
    /// Lists the verifier of another system in this file (`trust add-verifier --help` shows its form); may be given again.
    #[arg(long, value_name = "FILE")]
    add_verifier: Vec<PathBuf>,
    /// Takes out the verifier of another system of this name; may be given again.
    #[arg(long, value_name = "NAME")]
    remove_verifier: Vec<String>,
    /// Begins anew under the root that `trust adopt-root` pinned here, from what the supervisors published last.
    #[arg(long, conflicts_with_all = ["rotate", "announce", "compromise_supervisor"])]
    begin: bool,
    #[command(flatten)]
    at: At,
}

/// Writes the next list.
pub fn draft(args: &DraftArgs) -> Result<Ended, Failure> {
    let (installation, code) = (args.installation.open()?, args.authority);
    let strike_keys = |list: &mut TrustList| {
        Foreign::Issuer.change(list, &args.add_issuer, &args.remove_issuer, args.at.time())?;
        Foreign::Verifier.change(list, &args.add_verifier, &args.remove_verifier, args.at.time())?;
        match &args.compromise {
            Some(role) => strike(list, role, args.kid.as_deref()).map(drop),
            None => Ok(()),
        }
    };
    if args.begin {
        let mut list = supervisors::begin(&installation, code, args.at.time())?;
        strike_keys(&mut list)?;
        write_whole(&args.out, &list.encode())?;
        failure::print(&told(&supervisors::known_or_pinned(&installation, code)?, &list))?;
        return Ok(Ended::Done);
    }
    let store = supervisors::known(&installation, code)?;
    let list = supervisors::draft(&store, code, args.at.time(), |list| {
        if let Some(kid) = &args.compromise_supervisor {
            strike_supervisor(list, kid)?;
        }
        strike_keys(list)?;
        if let Some(file) = &args.announce {
            list.next = Some(read_root(file)?);
        }
        if args.rotate { rotate(list) } else { Ok(()) }
    })?;
    write_whole(&args.out, &list.encode())?;
    failure::print(&told(&store, &list))?;
    Ok(Ended::Done)
}

/// What a command about a draft takes.
#[derive(Args)]
pub struct ShowArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// The file of the draft.
    #[arg(long, value_name = "FILE")]
    draft: PathBuf,
}

impl ShowArgs {
    fn read(&self) -> Result<(TrustStore, TrustList), Failure> {
        let bytes = failure::read(&self.draft, MAX_DRAFT)?;
        let list = TrustList::decode(&bytes)
            .map_err(|error| Failure::new(format!("{} is no draft: {error}", self.draft.display())))?;
        Ok((supervisors::known_or_pinned(&self.installation.open()?, list.authority)?, list))
    }
}

/// Shows a draft.
pub fn show(args: &ShowArgs) -> Result<Ended, Failure> {
    let (store, list) = args.read()?;
    failure::print(&told(&store, &list))?;
    Ok(Ended::Done)
}

/// A draft in words, beside the list in force.
fn told(store: &TrustStore, list: &TrustList) -> String {
    let code = list.authority;
    let mut text = format!("{code}: draft of number {}, {} to {}\n", list.number, list.issued, list.expires);
    let Some(now) = store.list(code) else {
        text += &format!("  the first of the pinned root: {}\n", words(&list.root));
        return text;
    };
    text += &format!("  in force: number {}; signs: {}\n", now.number, words(&now.root));
    if list.root != now.root {
        text += &format!("  ROOT: {}\n", words(&list.root));
    }
    if list.next != now.next {
        text += &format!("  ANNOUNCED: {}\n", list.next.as_ref().map_or_else(|| "nothing".to_owned(), words));
    }
    let kid = |role: Role, kid: &[u8]| match std::str::from_utf8(kid) {
        Ok(text) if !SigningKeys::has_short_kid(role) => text.to_owned(),
        Ok(_) | Err(_) => hex::encode(kid),
    };
    for key in list.keys.iter().filter(|key| !now.keys.contains(key)) {
        let state = if key.compromised { "COMPROMISED" } else { "new or changed" };
        text += &format!("  {} {}: {state}\n", key.role.as_str(), kid(key.role, &key.kid));
        if let Some(told) = foreign::told(key) {
            text += &format!("    {told}\n");
        }
    }
    let gone = |key: &&trust::KeyEntry| !list.keys.iter().any(|k| k.role == key.role && k.kid == key.kid);
    for key in now.keys.iter().filter(gone) {
        text += &format!("  {} {}: gone\n", key.role.as_str(), kid(key.role, &key.kid));
    }
    text
}

/// What `trust sign` takes.
#[derive(Args)]
pub struct SignArgs {
    #[command(flatten)]
    draft: ShowArgs,
    /// The supervisor's own key.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Where the signature goes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Signs a draft.
pub fn sign(args: &SignArgs) -> Result<Ended, Failure> {
    let (store, list) = args.draft.read()?;
    let bytes = zeroize::Zeroizing::new(failure::read(&args.key, 4096)?);
    let key = SigningKey::from_pkcs8(&bytes).map_err(|_| {
        Failure::new(format!(
            "{} is no supervisor's key; `baypass trust new-key` makes one",
            args.key.display()
        ))
    })?;
    let signature = supervisors::sign(root_of(&store, list.authority)?, &list, &key)?;
    let installation = args.draft.installation.open()?;
    let (office, number) = (Office::Supervisors(list.authority), format!("number {}", list.number));
    let now = TrialClock::of(&installation).now();
    installation.put_on_record(&office, (acts::SIGN_TRUST_LIST, &number), now)?;
    write_whole(&args.out, &signature)?;
    failure::print(&format!("{}signed into {}\n", told(&store, &list), args.out.display()))?;
    Ok(Ended::Done)
}

fn root_of(store: &TrustStore, code: AuthorityCode) -> Result<&Root, Failure> {
    store.root(code).ok_or_else(|| Failure::new(format!("no root of {code} is pinned")))
}

/// What `trust publish` takes.
#[derive(Args)]
pub struct PublishArgs {
    #[command(flatten)]
    draft: ShowArgs,
    /// A supervisor's signature; as often as the root's threshold demands.
    #[arg(long = "signature", value_name = "FILE", required = true)]
    signatures: Vec<PathBuf>,
}

/// Puts a list together and publishes it.
pub fn publish(args: &PublishArgs) -> Result<Ended, Failure> {
    let installation = args.draft.installation.open()?;
    let _hold = installation.hold()?;
    let (store, list) = args.draft.read()?;
    let read = |file: &PathBuf| failure::read(file, 4096);
    let signatures = args.signatures.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let number = supervisors::publish(&installation, &store, &list, &signatures)?;
    failure::print(&format!("{}: trust list number {number} published\n", list.authority))?;
    Ok(Ended::Done)
}

/// What `trust adopt-root` takes.
#[derive(Args)]
pub struct AdoptArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// Whose root.
    #[arg(long)]
    authority: AuthorityCode,
    /// The root as JSON, brought in person by the authority: nothing else vouches for it.
    #[arg(long, value_name = "FILE", required_unless_present = "from_list")]
    root: Option<PathBuf>,
    /// The root of the list in force, which the pinned one leads to: a later start needs no chain then.
    #[arg(long, conflicts_with = "root")]
    from_list: bool,
}

/// Pins another root.
pub fn adopt(args: &AdoptArgs) -> Result<Ended, Failure> {
    let (installation, code) = (args.installation.open()?, args.authority);
    let _hold = installation.hold()?;
    let root = match &args.root {
        Some(file) => read_root(file)?,
        None => {
            let store = supervisors::known(&installation, code)?;
            let list = store.list(code).ok_or_else(|| Failure::new(format!("no list of {code}")))?;
            // The same keys, or the list would change its root; which are compromised, it says itself.
            let keys = list.root.keys().iter().map(|key| (key.kid.clone(), key.key));
            Root::of(list.root.threshold(), keys).map_err(of)?
        }
    };
    let mut pins = lists::pins(&installation)?;
    pins.insert(code, RootFile::of(&root));
    let (object, now) = (format!("{code}: {}", words(&root)), TrialClock::of(&installation).now());
    installation.put_on_every_record((acts::ADOPT_ROOT, &object), now)?;
    lists::put_pins(&installation, &pins)?;
    failure::print(&format!("{code}: pinned is {}\n", words(&root)))?;
    Ok(Ended::Done)
}
