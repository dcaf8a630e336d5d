//! An installation: one folder with everything that three authorities, their supervisors, the gates and a command-line
//! wallet need. Each party has a folder of its own, and a process of that party reads no other party's.
//!
//! Lives here: where things lie, the setting `simulated_camera`, locks, whole writes. Not here: what the keys sign
//! (`lists`), who runs (`parties`).

pub mod acts;
pub mod approval_file;
pub mod approvals;
mod certifier;
pub mod changes;
pub mod country_signers;
pub mod database;
pub mod desk_reader;
pub mod doors;
pub mod journal;
pub mod keys;
pub mod library;
pub mod list_rounds;
pub mod lists;
pub mod module;
pub mod openid;
pub mod parties;
pub mod published;
pub mod risk_rules;
pub mod signing;
pub mod supervisors;
pub mod tls;
pub mod venues;

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ::officers::Operator;
use authority::store::DatabaseAddress;
use credential::Audience;
use database::DatabaseUrl;
use documents::{AuthorityCode, Direction, LaneKind, PortId, Rules, Side, Timestamp, VenueId};
use keys::KeyFiles;
use module::{ModuleInUse, ModuleSetting};
use serde::{Deserialize, Serialize};
use trust::{GateBinding, Party};

use crate::failure::{self, Failure};

/// The settings of an installation, in `baypass.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The layout that this program understands.
    format: u32,
    /// Whether pictures from files and uploads are taken at lanes; every output then says so.
    #[serde(default)]
    simulated_camera: bool,
    /// When the installation was made.
    created: Timestamp,
    /// Where the authorities' databases lie, where they are no files of this folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    database_url: Option<DatabaseUrl>,
    /// In which hardware module new signing keys are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pkcs11: Option<ModuleSetting>,
}

const FORMAT: u32 = 1;
const SETTINGS: &str = "baypass.toml";

/// An installation in a folder.
#[derive(Debug, Clone)]
pub struct Installation {
    root: PathBuf,
    settings: Settings,
    module: ModuleInUse,
    /// Who gives the commands, where it is not the user of the operating system.
    actor: Option<Operator>,
    /// What standard error was told already.
    warned: Arc<Mutex<BTreeSet<String>>>,
}

/// Lanes side by side for each port, direction and side.
pub const LANES_EACH: u8 = 2;

/// Where a lane stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanePlace {
    /// The port at which it stands.
    pub port: PortId,
    /// From where to where.
    pub direction: Direction,
    /// The side; `None` where one lane takes both verdicts.
    pub side: Option<Side>,
    /// What it asks of the traveller.
    pub kind: LaneKind,
    /// Which of the lanes side by side, from 1.
    pub number: u8,
}

impl LanePlace {
    /// The lane's name, which is also its gate's: `hengqin/CHN-MAC`, `hengqin/CHN-MAC/2`, `gongbei/CHN-MAC/exit`,
    /// `hengqin/CHN-MAC/document`.
    pub fn name(&self) -> String {
        let Self { port, direction, side, kind, number } = self;
        let kind = if *kind == LaneKind::Code { String::new() } else { format!("/{kind}") };
        let side = side.map_or_else(String::new, |side| format!("/{side}"));
        let number = if *number == 1 { String::new() } else { format!("/{number}") };
        format!("{port}/{direction}{side}{kind}{number}")
    }

    /// The authorities that judge here, whose lists name the lane's gate.
    pub fn authorities(&self) -> Vec<AuthorityCode> {
        match self.side {
            Some(side) => vec![self.direction.authority(side)],
            None => vec![self.direction.from(), self.direction.to()],
        }
    }

    /// Where the key of the lane's gate counts.
    pub fn binding(&self) -> GateBinding {
        GateBinding::lane(self.port.clone(), self.kind, self.direction, self.side.is_none())
    }

    /// What a code for this lane is made for.
    pub fn audience(&self) -> Audience {
        Audience::new(self.port.clone(), self.direction, self.side)
    }
}

/// Every lane that has a gate, at any date: those for codes, and those by document.
pub fn all_lanes(rules: &Rules) -> Vec<LanePlace> {
    let mut lanes = code_lanes(rules);
    lanes.extend(document_lanes(rules));
    lanes
}

/// Every lane for codes that the data know, at any date.
pub fn code_lanes(rules: &Rules) -> Vec<LanePlace> {
    lanes_of(rules, LaneKind::Code, LANES_EACH)
}

/// One lane by document for each port, direction and side where the data open them.
pub fn document_lanes(rules: &Rules) -> Vec<LanePlace> {
    lanes_of(rules, LaneKind::Document, 1)
}

/// `each` lanes of a kind side by side, wherever a port's record lists it or a rule opens it.
fn lanes_of(rules: &Rules, kind: LaneKind, each: u8) -> Vec<LanePlace> {
    let mut lanes: Vec<LanePlace> = Vec::new();
    let opened = |port: &PortId| {
        rules.lanes().iter().any(|rule| rule.kinds.contains(&kind) && rule.opens.contains(port))
    };
    for port in rules.ports().filter(|port| port.lanes.contains(&kind) || opened(&port.id)) {
        let sides: &[Option<Side>] = match (port.is_joint(), port.modes.len()) {
            (true, 1) => &[None],
            (true, _) => &[None, Some(Side::Exit), Some(Side::Entry)],
            (false, _) => &[Some(Side::Exit), Some(Side::Entry)],
        };
        for (from, to) in AuthorityCode::ALL.into_iter().flat_map(|a| AuthorityCode::ALL.map(|b| (a, b))) {
            let Some(direction) = Direction::new(from, to).filter(|d| port.serves(*d)) else { continue };
            for (side, number) in sides.iter().flat_map(|s| (1..=each).map(move |n| (*s, n))) {
                let place = LanePlace { port: port.id.clone(), direction, side, kind, number };
                if !lanes.contains(&place) {
                    lanes.push(place);
                }
            }
        }
    }
    lanes
}

impl Installation {
    /// Makes an installation in `dir`, which must not exist or be empty. Nothing half-made is left behind.
    pub fn init(
        dir: &Path,
        now: Timestamp,
        terms: &lists::Terms,
        database: Option<&DatabaseUrl>,
        module: Option<&ModuleSetting>,
        actor: Option<&Operator>,
    ) -> Result<Self, Failure> {
        let shown = dir.display();
        let taken = dir.exists() && std::fs::read_dir(dir).map_or(true, |mut files| files.next().is_some());
        if taken {
            return Err(Failure::new(format!(
                "{shown} exists and is not an empty folder; choose another one, or remove it first"
            )));
        }
        let name = dir.file_name().map_or_else(|| "installation".into(), std::ffi::OsStr::to_os_string);
        let mut begin = std::ffi::OsString::from(".");
        begin.push(name);
        begin.push(".partial-");
        let above = dir.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        remove_leftovers(above, &begin)?;
        begin.push(std::process::id().to_string());
        let partial = above.join(begin);
        let made = Self::make(&partial, now, terms, database, module, actor).and_then(|_| {
            std::fs::rename(&partial, dir).map_err(|error| {
                Failure::new(format!("{shown} cannot be made ({error}); check the folder above it"))
            })
        });
        if let Err(failure) = made {
            let _ = std::fs::remove_dir_all(&partial);
            return Err(failure);
        }
        Self::open(dir)
    }

    fn make(
        root: &Path,
        now: Timestamp,
        terms: &lists::Terms,
        database: Option<&DatabaseUrl>,
        module: Option<&ModuleSetting>,
        actor: Option<&Operator>,
    ) -> Result<Self, Failure> {
        let database_url = database.cloned();
        let pkcs11 = module.cloned();
        let settings =
            Settings { format: FORMAT, simulated_camera: true, created: now, database_url, pkcs11 };
        let made = Self::with(root, settings).acted_on_by(actor);
        make_folder(root)?;
        // Whoever finds this folder later knows by the lock whether it is still being made.
        let _being_made = Lock::take(root)?;
        for folder in ["public/trust", "public/approvals", "wallets"] {
            make_folder(&root.join(folder))?;
        }
        if let Err(failure) = lists::first(&made, now, terms) {
            // Keys that nothing names any more would lie in the token for ever.
            let _ = signing::empty_module(&made);
            return Err(failure);
        }
        let module = module.map_or_else(|| Ok(String::new()), ModuleSetting::text)?;
        let text = format!(
            "# A Bay Pass installation; see `baypass doctor --dir`.\nformat = {FORMAT}\n\
             # Pictures from files and uploads are taken at lanes, and every output says so. Never at a real lane.\n\
             simulated_camera = true\ncreated = \"{now}\"\n{}{module}",
            database.map(DatabaseUrl::setting).unwrap_or_default()
        );
        write_whole(&root.join(SETTINGS), text.as_bytes())?;
        Ok(made)
    }

    /// Opens the installation in `dir`.
    pub fn open(dir: &Path) -> Result<Self, Failure> {
        let shown = dir.display();
        let text = std::fs::read_to_string(dir.join(SETTINGS)).map_err(|_| {
            Failure::new(format!("{shown} is no Bay Pass installation; make one with `baypass init {shown}`"))
        })?;
        let settings: Settings = toml::from_str(&text).map_err(|error| {
            Failure::new(format!("{shown}/{SETTINGS} cannot be read: {}", error.message()))
        })?;
        if settings.format != FORMAT {
            let format = settings.format;
            return Err(Failure::new(format!(
                "{shown} has layout {format}, this program knows {FORMAT}; use the program that made it"
            )));
        }
        Ok(Self::with(dir, settings))
    }

    fn with(root: &Path, settings: Settings) -> Self {
        let module = ModuleInUse::new(settings.pkcs11.clone(), root);
        Self { root: root.to_owned(), settings, module, actor: None, warned: Arc::default() }
    }

    /// The keys of the party whose folder this is.
    pub fn keys(&self, party: &Path) -> KeyFiles {
        KeyFiles::with(party, self.module.clone())
    }

    /// Whether pictures from elsewhere than a gate's own camera are taken.
    pub const fn simulated_camera(&self) -> bool {
        self.settings.simulated_camera
    }

    /// The folder of the installation.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of an authority: keys and database.
    pub fn authority(&self, code: AuthorityCode) -> PathBuf {
        self.root.join("authorities").join(code.code())
    }

    /// Where the database of an authority lies.
    pub fn database(&self, code: AuthorityCode) -> DatabaseAddress {
        match &self.settings.database_url {
            Some(url) => url.of(code),
            None => DatabaseAddress::sqlite(&self.authority(code).join("ledger.db")),
        }
    }

    /// The same installation with its databases elsewhere, for this process alone.
    pub fn with_database(mut self, database: Option<&DatabaseUrl>) -> Self {
        if let Some(database) = database {
            self.settings.database_url = Some(database.clone());
        }
        self
    }

    /// The folder of a supervisor: the keys for trust lists and approvals.
    pub fn supervisor(&self, code: AuthorityCode) -> PathBuf {
        self.root.join("supervisors").join(code.code())
    }

    /// The folder of the gates of a port.
    pub fn gate(&self, port: &PortId) -> PathBuf {
        self.root.join("gates").join(port.as_str())
    }

    /// The lanes of this installation: one that was made before there were lanes by document has none of those.
    pub fn lanes(&self, rules: &Rules) -> Vec<LanePlace> {
        let mut lanes = code_lanes(rules);
        lanes.extend(document_lanes(rules).into_iter().filter(|lane| {
            let key = lists::key_name(&lane.name());
            self.keys(&self.gate(&lane.port)).names().iter().any(|name| name.starts_with(&key))
        }));
        lanes
    }

    /// The folder of a venue's desk.
    pub fn venue(&self, id: &VenueId) -> PathBuf {
        self.root.join("venues").join(id.as_str())
    }

    /// The folder of a party that has connections to others.
    pub fn party(&self, party: &Party) -> PathBuf {
        match party {
            Party::Authority(code) => self.authority(*code),
            Party::Gates(port) => self.gate(port),
        }
    }

    /// What everybody may read.
    pub fn public(&self) -> PathBuf {
        self.root.join("public")
    }

    /// The folder of wallets.
    pub fn wallets(&self) -> PathBuf {
        self.root.join("wallets")
    }

    /// Tells standard error, once in the life of this process, what an operator should mend.
    pub fn warn_once(&self, sentence: &str) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.insert(sentence.to_owned()) {
            eprintln!("{}: warning: {sentence}", crate::tone::err("baypass", crate::tone::Tone::Doubt));
        }
    }

    /// Holds the whole installation for this process.
    pub fn hold(&self) -> Result<Lock, Failure> {
        Lock::take(&self.root)
    }
}

/// Removes what an `init` of the same folder left that was killed: a hidden folder beside it, with private keys.
fn remove_leftovers(above: &Path, begin: &std::ffi::OsStr) -> Result<(), Failure> {
    use std::os::unix::ffi::OsStrExt as _;
    let Ok(found) = std::fs::read_dir(above) else { return Ok(()) };
    for left in found.flatten().filter(|entry| entry.file_name().as_bytes().starts_with(begin.as_bytes())) {
        let path = left.path();
        // Held: another `init` is at work there.
        if !path.is_dir() || Lock::take(&path).is_err() {
            continue;
        }
        std::fs::remove_dir_all(&path).map_err(|error| {
            let shown = path.display();
            Failure::new(format!(
                "{shown} is what a killed init left, with private keys, and cannot be removed ({error})"
            ))
        })?;
    }
    Ok(())
}

/// A folder held by this process until the value is dropped, or the process ends in whatever way.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

impl Lock {
    /// Takes the lock of a folder.
    pub fn take(folder: &Path) -> Result<Self, Failure> {
        let shown = folder.display();
        let path = folder.join("lock");
        let unusable = |error: std::io::Error| {
            Failure::new(format!("{shown} cannot be locked ({error}); check its rights and disk"))
        };
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(files::FILE_MODE)
            .open(&path)
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {
                let _ = file.set_len(0);
                let _ = write!(file, "{}", std::process::id());
                Ok(Self(file))
            }
            Err(TryLockError::WouldBlock) => {
                let holder = std::fs::read_to_string(&path).unwrap_or_default();
                Err(Failure::new(format!(
                    "{shown} is held by another process (pid {}); wait for it to end, or stop it, then try again",
                    holder.trim()
                )))
            }
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }
}

/// Where the models are looked for: as told, here or above.
pub fn models_folder(told: Option<PathBuf>) -> PathBuf {
    told.unwrap_or_else(|| {
        let here = std::env::current_dir().unwrap_or_default();
        let above = here.ancestors().map(|folder| folder.join("models"));
        above
            .into_iter()
            .find(|folder| folder.join("package.json").is_file())
            .unwrap_or_else(|| here.join("models"))
    })
}

/// Makes a folder, and those above it that are missing, for its owner alone, whatever the umask; one that is there
/// already becomes its owner's alone.
pub fn make_folder(folder: &Path) -> Result<(), Failure> {
    files::make_private_folder(folder).map_err(|error| {
        Failure::new(format!("{} cannot be made ({error}); check the disk and rights", folder.display()))
    })
}

/// The files of a folder with this ending, each of at most so many bytes, in order of their names; none where there is no such folder.
pub fn files_of(folder: &Path, ending: &str, most: usize) -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    let unread = |error: &std::io::Error| {
        Failure::new(format!("{} cannot be read ({error}); check the path", folder.display()))
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unread(&error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unread(&error))?.path();
        if path.extension().is_some_and(|found| found == ending) {
            paths.push(path);
        }
    }
    paths.sort();
    paths.into_iter().map(|path| failure::read(&path, most).map(|bytes| (path, bytes))).collect()
}

/// Writes a file whole or not at all, for its owner alone.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    files::write_whole(path, bytes).map_err(|error| {
        Failure::new(format!(
            "{} cannot be written ({error}); check the disk's space and rights",
            path.display()
        ))
    })
}
