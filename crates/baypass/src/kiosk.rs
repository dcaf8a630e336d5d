//! The kiosks of a gate: their secrets, their addresses, and the door behind each of them.
//!
//! Lives here: what an installation adds to `gate::kiosk`: files. Not here: the pages and their doors (`gate::kiosk`,
//! `web/kiosk`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::random;
use documents::{AuthorityCode, PortId, Rules};
use gate::devices::door::FileDoor;
use gate::kiosk::{ActBook, Kiosk, KioskSetup, Kiosks, Reach, Waits, slug};
use gate::server::TrustedNow;
use gate::{Clock, HttpLink, Language, SystemStopwatch, Texts};

use crate::failure::Failure;
use crate::install::keys::{KeyFiles, KeyStore};
use crate::install::parties::OpenLane;
use crate::install::{Installation, lists, write_whole};
use crate::serve::TrialClock;

/// Wraps any error that says by itself what to do.
fn of<E: std::error::Error>(error: E) -> Failure {
    Failure::of(&error)
}

/// The file with every address, among a gate's own.
pub const ADDRESSES: &str = "kiosk.txt";

/// What the kiosks of a gate have in common.
pub struct Bench<'a> {
    /// The installation.
    pub installation: &'a Installation,
    /// The port.
    pub port: &'a PortId,
    /// Names of ports.
    pub rules: &'a Rules,
    /// The lists of the moment.
    pub trusted: TrustedNow,
    /// The time of day.
    pub clock: TrialClock,
}

/// Kiosks, and where they are found.
pub struct SetUp {
    /// The kiosks.
    pub kiosks: Kiosks,
    /// One line for each page, with the secret that pairs it.
    pub addresses: String,
}

/// Sets up a kiosk for every lane of a gate whose pages are found under `base`.
pub fn set_up(
    bench: &Bench<'_>,
    lanes: &BTreeMap<String, Arc<OpenLane<HttpLink>>>,
    pages: PathBuf,
    base: &str,
    reach: Reach,
    authorities: BTreeMap<AuthorityCode, String>,
) -> Result<SetUp, Failure> {
    let folder = bench.installation.gate(bench.port);
    let texts = Arc::new(Texts::builtin().map_err(of)?);
    let mut kiosks = BTreeMap::new();
    let mut addresses = String::new();
    for (name, opened) in lanes {
        let setup = setup(bench, name, opened, &folder, Arc::clone(&texts))?;
        let (slug, secret) = (slug(name), URL_SAFE_NO_PAD.encode(setup.kiosk));
        addresses += &format!("  kiosk   {slug:<16}      {base}/kiosk/{slug}#{secret}\n");
        for (code, secret) in &setup.officers {
            let secret = URL_SAFE_NO_PAD.encode(secret);
            addresses += &format!("  officer {slug:<16} {code}  {base}/officer/{slug}/{code}#{secret}\n");
        }
        // The controller of a real door reads and writes two files (gate::devices::door::FileDoor).
        let files = folder.join(format!("{slug}.door"));
        let door = FileDoor::new(files.clone(), files.with_extension("sensor"));
        let kiosk = Kiosk::new(setup, Arc::clone(&opened.lane), Some(door));
        kiosks.insert(kiosk.slug().to_owned(), kiosk);
    }
    write_whole(&folder.join(ADDRESSES), addresses.as_bytes())?;
    Ok(SetUp {
        kiosks: Kiosks { lanes: Arc::new(kiosks), pages, reach, authorities: Arc::new(authorities) },
        addresses,
    })
}

fn setup(
    bench: &Bench<'_>,
    name: &str,
    opened: &Arc<OpenLane<HttpLink>>,
    folder: &Path,
    texts: Arc<Texts>,
) -> Result<KioskSetup, Failure> {
    let (config, slug) = (opened.lane.config(), slug(name));
    let direction = config.place.direction;
    let sides = match config.place.sides {
        clearance::Sides::Both { .. } => vec![direction.from(), direction.to()],
        clearance::Sides::One(side, ()) => vec![direction.authority(side)],
    };
    let officers = sides
        .into_iter()
        .map(|code| Ok((code, secret(folder, &format!("officer-{slug}-{code}"))?)))
        .collect::<Result<_, Failure>>()?;
    let key = KeyFiles::of(folder).signing(&lists::key_name(name))?;
    let acts = ActBook::open(folder.join(format!("{slug}.acts")), key).map_err(of)?;
    Ok(KioskSetup {
        names: names(bench.rules, bench.port, bench.clock.now().local_date()),
        kiosk: secret(folder, &format!("kiosk-{slug}"))?,
        officers,
        texts,
        waits: Waits::default(),
        draw: || {
            let mut id = [0; 16];
            random(&mut id).ok().map(|()| id)
        },
        trusted: Arc::clone(&bench.trusted),
        clock: Arc::new(bench.clock.clone()),
        watch: Arc::new(SystemStopwatch::start()),
        acts,
    })
}

/// A secret among the gate's keys; drawn at the first start, so that a page stays paired over the next ones.
fn secret(folder: &Path, name: &str) -> Result<[u8; 32], Failure> {
    let keys = KeyFiles::of(folder);
    if !folder.join("keys").join(format!("{name}.key")).exists() {
        let mut drawn = [0; 32];
        random(&mut drawn).map_err(of)?;
        keys.put(name, &drawn)?;
    }
    Ok(*keys.secret(name)?.expose())
}

/// How each side names the port.
fn names(
    rules: &Rules,
    port: &PortId,
    day: documents::LocalDate,
) -> BTreeMap<&'static str, BTreeMap<AuthorityCode, String>> {
    let record = rules.ports().find(|record| record.id == *port && record.holds_on(day));
    let sides = record.map(|record| &record.sides).into_iter().flatten();
    let mut names: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for (code, side) in sides {
        for language in Language::ALL {
            let name = match language {
                Language::ZhHans => &side.zh_hans,
                Language::ZhHant => &side.zh_hant,
                Language::En => &side.en,
                Language::Pt => &side.pt,
            };
            names.entry(language.tag()).or_default().insert(*code, name.clone());
        }
    }
    names
}
