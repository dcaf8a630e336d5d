//! `baypass demo`: the Bay in a box. Three authorities, the gates of four ports and the desks of a building, three hotels and a library, each a
//! process of its own; synthetic residents with faces from photographs; every crossing, every registration and every cheat is
//! decided by signatures, parts, faces, rules and ledgers. The tour's clock begins some days ago and ends at the real time.

mod bay;
mod cards;
mod cast;
mod cheats;
mod client;
mod desks;
mod doubts;
mod faces;
mod guests;
mod identity;
mod library;
mod office;
mod other;
mod paper;
mod thefts;
mod tour;
mod wire;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use authority::store::{DatabaseAddress, create_database, drop_database};
use clap::Args;
use documents::{AuthorityCode, PortId, Timestamp};
use gate::{Clock, SystemClock};

use super::Output;
use crate::Ended;
use crate::failure::{self, Failure, of};
use crate::install::database::{DatabaseArgs, DatabaseUrl};
use crate::install::lists::Terms;
use crate::install::{Installation, write_whole};
use crate::serve::BASE_PORT;
use bay::{Bay, PORTS};
use cast::Who;
use guests::Guest;
use other::OtherSystem;

/// What `demo` takes.
#[derive(Args)]
pub struct DemoArgs {
    /// Ends after the tour.
    #[arg(long)]
    tour_only: bool,
    #[command(flatten)]
    output: Output,
    /// Your own photographs: one folder a person, the first file the portrait, the second the live capture.
    #[arg(long, value_name = "DIR")]
    photos: Option<PathBuf>,
    /// Keeps the data in this folder, which must not exist yet; default: a temporary one, wiped at the end.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The first loopback port: authorities at +1 to +3, gates at +11 to +14, among parties at +31 to +33, operators at +41
    /// to +43 and +51 to +54, desks at +61 to +65 and their counters at +71 to +75; 0 takes free ones. Default 7100, or free ones for a tour alone.
    #[arg(long, value_name = "PORT")]
    base_port: Option<u16>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// A folder that is wiped at the end, unless the user named it.
struct Place {
    path: PathBuf,
    wiped: bool,
}

impl Place {
    fn of(told: Option<&Path>) -> Result<Self, Failure> {
        if let Some(path) = told {
            return Ok(Self { path: path.to_owned(), wiped: false });
        }
        let mut drawn = [0; 8];
        credential::random(&mut drawn).map_err(of)?;
        let name = format!("baypass-demo-{:016x}", u64::from_be_bytes(drawn));
        Ok(Self { path: std::env::temp_dir().join(name), wiped: true })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.wiped {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// The databases on a server that a demo made: dropped at its end, as the folder is.
struct Databases(Vec<DatabaseAddress>);

impl Databases {
    async fn make(url: Option<&DatabaseUrl>) -> Result<Self, Failure> {
        let mut made = Vec::new();
        for address in url.iter().flat_map(|url| AuthorityCode::ALL.map(|code| url.of(code))) {
            if create_database(&address).await.map_err(of)? {
                made.push(address);
            }
        }
        Ok(Self(made))
    }

    async fn drop_made(self) -> Result<(), Failure> {
        for address in self.0 {
            drop_database(&address).await.map_err(of)?;
        }
        Ok(())
    }
}

/// Days before today on which the tour begins: one of its cheats waits for the next week's keys.
const BEGINS_DAYS_AGO: i32 = 12;

/// The moment at which the tour begins: a Monday at 10:00, so that a week lies before it.
fn beginning(now: Timestamp) -> Timestamp {
    let day = now.local_date().plus_days(-BEGINS_DAYS_AGO);
    day.iso_week().monday().at_minute(600)
}

/// Runs the demo.
pub async fn run(args: &DemoArgs, models: &Path) -> Result<Ended, Failure> {
    let place = Place::of(args.dir.as_deref())?;
    let real = SystemClock.now();
    let start = beginning(real);
    let terms = Terms { ports: PORTS.into_iter().map(port).collect::<Result<_, _>>()? };
    let databases = Databases::make(args.database.for_all()?).await?;
    let ended = tour_and_stay(args, models, &place, (real, start), &terms).await;
    databases.drop_made().await?;
    ended
}

async fn tour_and_stay(
    args: &DemoArgs,
    models: &Path,
    place: &Place,
    (real, start): (Timestamp, Timestamp),
    terms: &Terms,
) -> Result<Ended, Failure> {
    let say = |text: &str| if args.output.json { Ok(()) } else { failure::print(text) };
    let installation = Installation::init(&place.path, start, terms, args.database.for_all()?, None, None)?;
    say("Registering synthetic residents with faces from photographs ...\n")?;
    let people = tour::register(&installation, models, args.photos.as_deref(), start).await?;
    let guests = guests::write(&place.path, &people)?;
    let other = OtherSystem::new(start).map_err(of)?;
    other.list(&installation, start)?;
    let identity = people.get(&Who::Chan).map(|person| other.wallet_of(&person.wallet, start)).transpose()?;
    say(
        "Starting three authorities, the gates of four ports and five desks, each a process of its own ...\n",
    )?;
    let base = args.base_port.or((!args.tour_only).then_some(BASE_PORT)).filter(|base| *base != 0);
    let mut bay = Bay::start(installation, models, base, start.seconds_since(real)).await?;
    bay.identities = identity;
    let ended = tokio::select! {
        ended = tour::run(&mut bay, people, args.output.json) => ended,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.map_err(of)?;
            Err(Failure::new("interrupted before the tour's end"))
        }
    };
    let ended = match ended {
        Ok(ended) if !args.tour_only => {
            bay.real_time()?;
            stay(&mut bay, place, &guests).await?;
            Ok(ended)
        }
        other => other,
    };
    bay.stop().await?;
    say("Every process has ended.\n")?;
    ended
}

/// How to cross by hand: one line a page.
async fn by_hand(bay: &mut Bay, guests: &[Guest]) -> Result<String, Failure> {
    // Before the pages: an office signs in for each invitation, and of an account's one-time codes the last counts.
    let of_guests = guests::invited(bay, guests).await?;
    let mut text = String::from("Cross by hand, from Macao to the mainland at Hengqin:\n");
    match bay.serve_wallet().await {
        Ok(address) => text += &format!("  wallet          {address}\n"),
        Err(why) => text += &format!("  wallet          not here: {why}\n"),
    }
    if bay::web_folder().join("kiosk/dist/kiosk.html").is_file() {
        let mut pages = String::new();
        for (page, address) in bay.pages("hengqin", "MAC-CHN")? {
            pages += &format!("  {page:<15} {address}\n");
        }
        // What opens a page goes to a terminal or to a file of its owner's, and into no log.
        if std::io::stdout().is_terminal() {
            text += "  TEST ACCOUNTS: each address or code below counts once, and there are no passkeys behind them.\n";
            text += &pages;
        } else {
            let file = bay.installation.root().join("test-accounts.txt");
            write_whole(&file, pages.as_bytes())?;
            text +=
                &format!("  pages           test accounts, with what opens each once: {}\n", file.display());
        }
    } else {
        text += "  kiosk           not here: the kiosk is not built; `npm ci && npm run build:kiosk` in web/ builds it\n";
    }
    text += &of_guests;
    text += "Register by hand: `Register` in the wallet, and a desk's counter in another window (F2 makes a request):\n";
    for (venue, desk) in &bay.desks {
        let secret = bay.installation.venue(&venue.parse().map_err(of)?).join("counter.secret");
        text += &format!("  {venue:<25} {}  any name, secret in {}\n", desk.counter, secret.display());
    }
    text += &bay.library.as_ref().map(library::Shelf::by_hand).unwrap_or_default();
    text += "  every other lane's pages: gates/<port>/kiosk.txt in the data\n";
    Ok(text)
}

/// Stays until Ctrl-C.
async fn stay(bay: &mut Bay, place: &Place, guests: &[Guest]) -> Result<(), Failure> {
    bay.refresh().await?;
    let mut text = String::from("\nThe Bay stays up. Press Ctrl-C to end it.\n");
    for (code, address) in &bay.addresses.authorities {
        text += &format!("  {code}           {address}   API: {address}/docs\n");
    }
    for port in bay.addresses.gates.keys() {
        let operators = bay.operators.get(port).map_or("", String::as_str);
        text += &format!("  gates at {port:<13} {operators}/lanes\n");
    }
    let wiped = if place.wiped { " (wiped at the end; --dir keeps them)" } else { "" };
    text += &format!("  data in {}{wiped}\n", place.path.display());
    text += &by_hand(bay, guests).await?;
    failure::print(&text)?;
    loop {
        tokio::select! {
            ended = tokio::signal::ctrl_c() => return ended.map_err(of),
            // The supervisors sign their lists afresh in time.
            () = tokio::time::sleep(std::time::Duration::from_secs(3600)) => bay.refresh().await?,
        }
    }
}

/// The port's name, parsed.
fn port(name: &str) -> Result<PortId, Failure> {
    name.parse().map_err(of)
}
