//! The kiosks of a gate: their addresses, who may use them, and the door behind each of them.
//!
//! Lives here: what an installation adds to `gate::kiosk`: files. Not here: the pages and their doors (`gate::kiosk`,
//! `web/kiosk`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use credential::random;
use documents::{AuthorityCode, PortId, Rules};
use gate::devices::lane_door::LaneDoor;
use gate::kiosk::{ActBook, Kiosk, KioskSetup, Kiosks, Reach, Waits, slug};
use gate::server::TrustedNow;
use gate::{Clock, HttpLink, Language, SystemStopwatch, Texts};
use transport::is_loopback_host;

use crate::failure::Failure;
use crate::install::parties::OpenLane;
use crate::install::{Installation, write_whole};
use crate::officers::{PagesArgs, by_name, pairings};
use crate::serve::{TrialClock, device_client};

/// Wraps any error that says by itself what to do.
fn of<E: std::error::Error>(error: E) -> Failure {
    Failure::of(&error)
}

/// The file with every address, among a gate's own.
pub const ADDRESSES: &str = "kiosk.txt";

/// What the kiosks of a gate have in common.
pub struct KioskContext<'a> {
    /// The installation in whose folder a kiosk keeps its files.
    pub installation: &'a Installation,
    /// The port of the gate.
    pub port: &'a PortId,
    /// Names of ports.
    pub rules: &'a Rules,
    /// The lists of the moment.
    pub trusted: TrustedNow,
    /// The time of day.
    pub clock: TrialClock,
    /// The relying party of the officers' passkeys.
    pub relying: &'a PagesArgs,
}

/// Kiosks, and where they are found.
pub struct SetUp {
    /// The kiosks, ready to be served.
    pub kiosks: Kiosks,
    /// One line for each page; no secret stands there.
    pub addresses: String,
}

/// Sets up a kiosk for every lane of a gate whose pages are found under `base`.
pub fn set_up(
    context: &KioskContext<'_>,
    lanes: &BTreeMap<String, Arc<OpenLane<HttpLink>>>,
    pages: PathBuf,
    base: &str,
    reach: Reach,
    authorities: BTreeMap<AuthorityCode, String>,
) -> Result<SetUp, Failure> {
    let folder = context.installation.gate(context.port);
    let texts = Arc::new(Texts::builtin().map_err(of)?);
    let origins = origins(base, &reach);
    let base = origins.first().map_or(base, String::as_str);
    let mut kiosks = BTreeMap::new();
    let mut addresses = String::new();
    for (name, opened) in lanes {
        let setup = setup(context, name, opened, &folder, Arc::clone(&texts))?;
        let slug = slug(name);
        addresses += &format!("  kiosk   {slug:<16}      {base}/kiosk/{slug}\n");
        for code in &setup.officers {
            addresses += &format!("  officer {slug:<16} {code}  {base}/officer/{slug}/{code}\n");
        }
        let door = LaneDoor::of_lane(&folder, &slug, device_client).map_err(of)?;
        let kiosk = Kiosk::new(setup, Arc::clone(&opened.lane), Some(door));
        kiosks.insert(kiosk.slug().to_owned(), kiosk);
    }
    write_whole(&folder.join(ADDRESSES), addresses.as_bytes())?;
    let desk = context.relying.desk(context.installation, &folder, Arc::new(move || origins.clone()))?;
    let kiosks = Kiosks {
        lanes: Arc::new(kiosks),
        pages,
        reach,
        authorities: Arc::new(authorities),
        desk: Arc::new(desk),
        pairings: Arc::new(pairings(context.installation, &folder)?),
        clock: Arc::new(context.clock.clone()),
    };
    Ok(SetUp { kiosks, addresses })
}

/// The origins of the pages of a gate that listens at `base`, the first being where they are announced: by name, for an address
/// is no relying party of passkeys.
fn origins(base: &str, reach: &Reach) -> Vec<String> {
    let port = base.rsplit_once(':').map_or("", |(_, port)| port);
    match reach {
        Reach::Loopback => vec![by_name(base)],
        Reach::Tls(names) => {
            let host = |name: &String| if name.contains(':') { format!("[{name}]") } else { name.clone() };
            // Names that others reach it by come first; no address of all addresses is one.
            let unfit = |name: &&String| is_loopback_host(name) || matches!(name.as_str(), "0.0.0.0" | "::");
            let (last, first): (Vec<_>, Vec<_>) = names.iter().partition(unfit);
            first.into_iter().chain(last).map(|name| format!("https://{}:{port}", host(name))).collect()
        }
    }
}

fn setup(
    context: &KioskContext<'_>,
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
    let acts =
        ActBook::open(folder.join(format!("{slug}.acts")), opened.store.lane_key().clone()).map_err(of)?;
    Ok(KioskSetup {
        names: names(context.rules, context.port, context.clock.now().local_date()),
        officers: sides.into_iter().collect(),
        texts,
        waits: Waits::default(),
        draw: || {
            let mut id = [0; 16];
            random(&mut id).ok().map(|()| id)
        },
        trusted: Arc::clone(&context.trusted),
        clock: Arc::new(context.clock.clone()),
        watch: Arc::new(SystemStopwatch::start()),
        acts,
    })
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
