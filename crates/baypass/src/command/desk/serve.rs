//! `baypass desk serve`: the desk of one venue as a process of its own. It opens no other party's folder.
//!
//! Lives here: what an installation adds to `venue`: its folder and book, lists that are fetched again and again, listeners, the
//! rounds of its queues. Not here: what a desk asks and keeps (`venue::desk`), its routes (`venue::http`).

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use authority::status_name;
use clap::Args;
use documents::{AuthorityCode, VenueId};
use gate::lists::{Follower, KeptLists, ListMemory};
use gate::{AuthorityAddress, Clock, Lists as FetchedLists};
use transport::{Bounds, Identity, Transport, public_server};
use trust::VenueKind;
use venue::desk::{Book, Desk, Lists};
use venue::hotel_system::{HandOver, HotelCodes, HotelSystemClient};
use venue::http::{CounterSecret, HttpState, ListsNow, routers};
use venue::library::Library;
use venue::police::{Courier, RegisterClient};
use venue::profile::Profiles;
use venue::store::{DatabaseAddress, Keys, Store};
use venue::{Building, Hotel};

use super::DeskLists;
use super::signs::Signs;
use crate::Ended;
use crate::command::InstallationArgs;
use crate::failure::{self, Failure, of};
use crate::install::list_rounds::ListRounds;
use crate::install::signing::{DeskSigner, desk_keys};
use crate::install::{Installation, Lock, desk_reader, doors, library, lists, tls, venues, write_whole};
use crate::serve::{
    Addresses, Stopping, TrialClock, announce, bind, device_client, log, service_client, status_client,
};
use crate::tls::{CertificateArgs, base_of};
use crate::zones;

/// The file with the secret with which clerks sign in, in the venue's folder.
const SECRET: &str = "counter.secret";
/// Longest of the small files in the folder, in bytes.
const MAX_FILE_BYTES: usize = 64 * 1024;

/// What `desk serve` takes.
#[derive(Args)]
pub struct ServeArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// The venue, such as specimen-hotel-zhuhai.
    #[arg(long)]
    venue: VenueId,
    /// Where wallets send answers; port 0 takes a free one. Beyond the loopback this needs a certificate.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where clerks find the counter's page.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen_counter: SocketAddr,
    /// The address for answers as wallets reach it; default: the one that is listened on.
    #[arg(long, value_name = "URL")]
    reply: Option<String>,
    /// Where clerks open the counter's page, as their browsers show it; default: the address of --listen-counter.
    #[arg(long, value_name = "URL")]
    counter: Option<String>,
    /// Where a web wallet is served whose pages may send answers; may be given several times.
    #[arg(long = "origin", value_name = "URL")]
    origins: Vec<String>,
    /// The book: sqlite://FILE or postgres://USER@HOST/DATABASE; default: book.db in the venue's folder.
    #[arg(long, value_name = "URL")]
    database_url: Option<DatabaseAddress>,
    #[command(flatten)]
    certificate: CertificateArgs,
    /// Ends when standard input closes: the process that started it is gone.
    #[arg(long, hide = true)]
    with_parent: bool,
}

/// Runs `desk serve`.
pub async fn run(args: &ServeArgs) -> Result<Ended, Failure> {
    log();
    let installation = args.installation.open()?;
    let clock = TrialClock::of(&installation);
    let now = clock.now();
    let place = venues::desk(&installation, &args.venue)?;
    let doors = doors::doors(&place, now)?;
    let folder = installation.venue(&args.venue);
    let _lock = Lock::take(&folder)?;
    let kept = folder.join("lists");
    let (trust, broken) = lists::trust_or_kept(&installation, &kept, now)?;
    for (whose, why) in broken {
        tracing::warn!(%whose, why, "a trust list cannot be used");
    }
    let mut memory = ListMemory::open(&folder).map_err(of)?;
    let keys = desk_keys(&installation, &place, &trust, now)?;
    memory.accept_trust(&trust).map_err(of)?;
    let mut first = FetchedLists::new(trust);
    first.not_before(memory.newest());
    let mut kept_lists = KeptLists::new(kept.clone());
    for unusable in kept_lists.resume(&mut first, status_name, now) {
        tracing::warn!(
            file = unusable.file,
            why = unusable.why,
            "a kept list is not used; it is fetched anew"
        );
    }
    let follower = Arc::new(Follower::new(authorities(&installation)?, first));
    let rounds = ListRounds::new(&installation, Arc::clone(&follower), kept, memory).keeping(kept_lists);
    let address =
        args.database_url.clone().unwrap_or_else(|| DatabaseAddress::sqlite(&folder.join("book.db")));
    let master = Keys::open_or_make(&folder.join("book.keys")).map_err(of)?;
    let store = Store::open(&address, master).await.map_err(of)?;
    library::check(&place)?;
    let book = book(&installation, &place, store.clone())?;
    let libraries = match &book {
        Book::Library(library) => {
            library.take_up(now).await.map_err(of)?;
            Some((**library).clone())
        }
        Book::Hotel(_) | Book::Building(_) => None,
    };
    let desk = Desk::new(super::setup(&place)?, keys, book);
    let mut following = Following {
        rounds,
        follower: Arc::clone(&follower),
        desk: desk.clone(),
        signer: DeskSigner::new(&installation, &place),
        signs: Signs::of(&installation, &args.venue),
    };
    let ((listener, at), (counter, counter_at)) =
        (bind(args.listen).await?, bind(args.listen_counter).await?);
    let (to_wallets, to_clerks) = (transport(args, at)?, transport(args, counter_at)?);
    let (base, counter_base) = (base_of(&to_wallets, at), base_of(&to_clerks, counter_at));
    let reply = args.reply.clone().unwrap_or_else(|| format!("{base}/v1/answers"));
    let openid = origin(&reply)?;
    let page = origin(args.counter.as_deref().unwrap_or(&counter_base))?;
    let desk = desk.with_openid(desk_reader::setup(
        &installation,
        &place,
        &openid,
        &page,
        status_client(&installation)?,
        now,
    )?);
    let lists_of = Arc::clone(&follower);
    let lists_now: ListsNow = Arc::new(move || Arc::new(DeskLists::new(lists_of.lists())) as Arc<dyn Lists>);
    let of_the_moment = clock.clone();
    let routers = routers(HttpState {
        desk,
        lists: lists_now,
        now: Arc::new(move || of_the_moment.now()),
        reply: Some(reply),
        origins: args.origins.clone(),
        secret: secret(&folder.join(SECRET))?,
        doors,
        zones: zones::of_desk(),
        secure: !matches!(to_clerks, Transport::Plain),
    });
    let told = format!("Clerks sign in with the secret in {}\n", folder.join(SECRET).display());
    announce(args.venue.as_str(), &[("", base), (" for the counter", counter_base)], &told)?;
    let stop = Stopping::new(args.with_parent);
    let bounds = || Bounds::of_process(Vec::new());
    let queues = Queues::open(&installation, &place, &store)?;
    tokio::select! {
        () = async {
            tokio::join!(
                transport::serve(listener, routers.public, bounds(), to_wallets, stop.wait()),
                transport::serve(counter, routers.counter, bounds(), to_clerks, stop.wait()),
            );
        } => {}
        () = following.run(&clock) => {}
        () = queues.send(&clock) => {}
        () = retain(&store, &clock) => {}
        () = settle(libraries.as_ref(), &clock) => {}
    }
    Ok(Ended::Done)
}

/// The authorities' doors for everybody: what a desk fetches there is signed.
fn authorities(installation: &Installation) -> Result<gate::AuthorityAddresses, Failure> {
    let ca = std::fs::read(tls::ca_path(installation)).ok();
    let address = |(code, base): (AuthorityCode, String)| {
        let roots = ca.as_deref().filter(|_| base.starts_with("https://"));
        Ok((code, AuthorityAddress { client: device_client(roots).map_err(of)?, base }))
    };
    Addresses::read(installation)?.authorities.into_iter().map(address).collect()
}

/// The origin of an address: where wallets of others reach the desk, or by which browsers know the counter's page.
fn origin(address: &str) -> Result<String, Failure> {
    Ok(reqwest::Url::parse(address).map_err(of)?.origin().ascii_serialization())
}

fn book(of_what: &Installation, place: &venues::Desk, store: Store) -> Result<Book, Failure> {
    let days = Some(place.asks()?.retention_days);
    match place.binding().kind() {
        VenueKind::Building => Ok(Book::Building(Building::new(store, days))),
        VenueKind::Hotel => {
            let profiles = Profiles::builtin().map_err(of)?;
            let profile = profiles.iter().find(|profile| profile.place() == place.authority()).cloned();
            let none = || Failure::new(format!("there is no profile of hotels at {}", place.authority()));
            let hotel = Hotel::new(store, profile.ok_or_else(none)?, days);
            Ok(Book::Hotel(Box::new(match place.hotel_system() {
                Some(system) => hotel.with_hotel_system(HotelCodes {
                    hotel: system.hotel.clone(),
                    desk: system.desk.clone(),
                    production: system.production,
                    room_type: system.room_type.clone(),
                }),
                None => hotel,
            })))
        }
        VenueKind::Library => Ok(Book::Library(Box::new(library::library(
            of_what,
            place,
            store,
            service_client().map_err(of)?,
        )?))),
    }
}

/// In plain on the loopback where no certificate was given, else over TLS.
fn transport(args: &ServeArgs, at: SocketAddr) -> Result<Transport, Failure> {
    match args.certificate.files() {
        Some((certificate, key)) => {
            let own = tls::foreign_key(certificate, key)?;
            Ok(Transport::Tls(public_server(&Identity::new(vec![own], |_| true)).map_err(of)?))
        }
        None if at.ip().is_loopback() => Ok(Transport::Plain),
        None => Err(Failure::new(format!(
            "{at} is reached from other machines; give a certificate with --tls-cert and --tls-key"
        ))),
    }
}

/// The secret with which clerks sign in; drawn and written where there is none.
fn secret(file: &Path) -> Result<CounterSecret, Failure> {
    if file.is_file() {
        let text = failure::read(file, MAX_FILE_BYTES)?;
        return Ok(CounterSecret::of_text(String::from_utf8_lossy(&text).trim()));
    }
    let (secret, text) = CounterSecret::draw().map_err(of)?;
    write_whole(file, text.as_bytes())?;
    Ok(secret)
}

/// What a desk follows while it serves: lists, its own keys, signs that were printed.
struct Following<'a> {
    rounds: ListRounds<'a>,
    follower: Arc<Follower>,
    desk: Desk,
    signer: DeskSigner,
    signs: Signs,
}

impl Following<'_> {
    /// Round after round. What the desk itself has to do comes first: a network that is away holds up nothing of it.
    async fn run(&mut self, clock: &TrialClock) {
        loop {
            let (now, lists) = (clock.now(), self.follower.lists());
            self.signer.follow(&self.desk, lists.trust(), now);
            self.signs.take_over(&self.desk, &DeskLists::new(lists), now).await;
            self.rounds.fetch(now).await;
            self.rounds.remember(clock.now());
            clock.next_round().await;
        }
    }
}

/// The queues of a desk: to the police's register, and to the hotel's system.
struct Queues {
    police: Option<Courier>,
    hotel_system: Option<HandOver>,
}

impl Queues {
    fn open(of_what: &Installation, place: &venues::Desk, store: &Store) -> Result<Self, Failure> {
        let client = || service_client().map_err(of);
        let token = |file: Option<&String>| match file {
            Some(name) => {
                let bytes = failure::read(&of_what.venue(place.id()).join(name), MAX_FILE_BYTES)?;
                Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned()))
            }
            None => Ok::<_, Failure>(None),
        };
        let police = match place.police() {
            Some(at) => {
                let client = RegisterClient::new(client()?, &at.address, token(at.token_file.as_ref())?);
                Some(Courier::new(store.clone(), client))
            }
            None => None,
        };
        let hotel_system = match place.hotel_system() {
            Some(at) => {
                let client = HotelSystemClient::new(client()?, &at.address, token(at.token_file.as_ref())?);
                Some(HandOver::new(store.clone(), client))
            }
            None => None,
        };
        Ok(Self { police, hotel_system })
    }

    /// Sends what falls due, round after round. Neither queue waits for the other.
    async fn send(&self, clock: &TrialClock) {
        let to_police = async {
            let Some(courier) = &self.police else { return std::future::pending().await };
            loop {
                if let Err(error) = courier.round(clock.now()).await {
                    tracing::error!(%error, "the queue to the police's register cannot be worked on");
                }
                clock.next_round().await;
            }
        };
        let to_system = async {
            let Some(courier) = &self.hotel_system else { return std::future::pending().await };
            loop {
                if let Err(error) = courier.round(clock.now()).await {
                    tracing::error!(%error, "the queue to the hotel's system cannot be worked on");
                }
                clock.next_round().await;
            }
        };
        let ((), ()) = tokio::join!(to_police, to_system);
    }
}

/// Settles what a library's desk does not know the end of, and keeps its connection.
async fn settle(library: Option<&Library>, clock: &TrialClock) {
    let Some(library) = library else { return std::future::pending().await };
    loop {
        match library.settle_open(clock.now()).await {
            Ok(0) => {}
            Ok(open) => tracing::warn!(open, "loans or payments are open; they are asked after again"),
            Err(error) => tracing::error!(%error, "what is open cannot be settled"),
        }
        // What is wrong on the way is logged there, and stands in the desk's health and on its screen.
        let system = library.system();
        let known = system.last_status().await.is_some() && system.last_fault().await.is_none();
        // Nobody has to stand there and try, so that it is known again that the system is back.
        if !known || system.keep(clock.now()).await.is_err() {
            let _ = system.status(clock.now()).await;
        }
        clock.next_round().await;
    }
}

/// Erases what is past its time: at the start, and on each later day.
async fn retain(store: &Store, clock: &TrialClock) {
    let mut done = None;
    loop {
        let now = clock.now();
        if done != Some(now.local_date()) {
            match store.retain(now).await {
                Ok(_) => done = Some(now.local_date()),
                Err(error) => tracing::error!(%error, "what is past its time cannot be erased"),
            }
        }
        clock.next_round().await;
    }
}
