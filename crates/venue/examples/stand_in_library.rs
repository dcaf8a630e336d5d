//! A library as a process, for tests of a desk's page: its system (SIP2) and its readers' service, on free ports of the loopback.
//!
//! Prints `system ADDRESS` and `readers ADDRESS`, then takes a line at a time and answers each with one: what is on the shelf, who has and
//! owes what, and what is lost on the way. Never for real data.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use venue::library_system::stand_in::{StandInLibrary, Switches};

/// What happens to the answers of the library's system on their way.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    /// They come.
    Open,
    /// Nobody is there.
    Away,
    /// Those that begin so are lost.
    Loses(String),
    /// The first that begins so is lost, and every one after it.
    LosesFrom(String),
    /// Every one is lost.
    Silent,
}

type Ways = Arc<Mutex<Way>>;

fn now(way: &Ways) -> Way {
    way.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn set(way: &Ways, to: Way) {
    *way.lock().unwrap_or_else(PoisonError::into_inner) = to;
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let library = StandInLibrary::start(Switches::default()).await?;
    let way = Arc::new(Mutex::new(Way::Open));
    println!("system {}", between(library.address(), Arc::clone(&way)).await?);
    println!("readers {}", readers(library.clone()).await?);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        println!("{}", obey(&line, &library, &way).unwrap_or_else(|| format!("not understood: {line}")));
    }
    Ok(())
}

/// Does what a line says; `None` where it says nothing.
fn obey(line: &str, library: &StandInLibrary, way: &Ways) -> Option<String> {
    let (what, rest) = line.split_once(' ').unwrap_or((line, ""));
    let mut words = rest.split(' ');
    match what {
        "item" => {
            let (item, title) = rest.split_once(' ')?;
            library.add_item(item, title);
        }
        "patron" => return Some(library.add_patron()),
        "fine" => library.fine(words.next()?, words.next()?.parse().ok()?),
        "fee" => library.set_fee(words.next()?, words.next()?.parse().ok()?),
        "deny" => {
            let (patron, flags) = rest.split_once(' ')?;
            library.deny(patron, flags);
        }
        "lend" => library.lend(words.next()?, words.next()?, words.next()?.parse().ok()?),
        "loans" => return Some(json!(library.loans()).to_string()),
        "fines" => return library.fines(words.next()?).map(|cents| cents.to_string()),
        "open" => set(way, Way::Open),
        "away" => set(way, Way::Away),
        "silent" => set(way, Way::Silent),
        "loses" => set(way, Way::Loses(words.next()?.to_owned())),
        "loses-from" => set(way, Way::LosesFrom(words.next()?.to_owned())),
        _ => return None,
    }
    Some("done".to_owned())
}

/// Stands between the desk and the library's system.
async fn between(system: SocketAddr, way: Ways) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((desk, _)) = listener.accept().await {
            // A connection that breaks off is the desk's matter.
            tokio::spawn(carry(desk, system, Arc::clone(&way)));
        }
    });
    Ok(address)
}

async fn carry(desk: TcpStream, system: SocketAddr, way: Ways) -> std::io::Result<()> {
    let (mut asks, mut answers) = (Vec::new(), Vec::new());
    let (desk_in, mut desk_out) = desk.into_split();
    let (system_in, mut system_out) = TcpStream::connect(system).await?.into_split();
    let (mut desk_in, mut system_in) = (BufReader::new(desk_in), BufReader::new(system_in));
    loop {
        if now(&way) == Way::Away {
            return Ok(());
        }
        tokio::select! {
            read = desk_in.read_until(b'\r', &mut asks) => {
                if read? == 0 || now(&way) == Way::Away {
                    return Ok(());
                }
                system_out.write_all(&std::mem::take(&mut asks)).await?;
            }
            read = system_in.read_until(b'\r', &mut answers) => {
                if read? == 0 {
                    return Ok(());
                }
                let answer = std::mem::take(&mut answers);
                let is_lost = match now(&way) {
                    Way::Open | Way::Away => false,
                    Way::Silent => true,
                    Way::Loses(kind) => answer.trim_ascii_start().starts_with(kind.as_bytes()),
                    Way::LosesFrom(kind) => {
                        let begins = answer.trim_ascii_start().starts_with(kind.as_bytes());
                        if begins {
                            set(&way, Way::Silent);
                        }
                        begins
                    }
                };
                if !is_lost {
                    desk_out.write_all(&answer).await?;
                }
            }
        }
    }
}

struct Accounts {
    library: StandInLibrary,
    opened: Mutex<BTreeMap<String, String>>,
}

/// The readers' service of docs/library.md: the same key gets the same account.
async fn readers(library: StandInLibrary) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let accounts = Arc::new(Accounts { library, opened: Mutex::default() });
    let router = Router::new().route("/v1/readers", post(open)).with_state(accounts);
    tokio::spawn(async move { drop(axum::serve(listener, router).await) });
    Ok(address)
}

async fn open(State(accounts): State<Arc<Accounts>>, headers: HeaderMap) -> (StatusCode, Json<Value>) {
    let Some(key) = headers.get("Idempotency-Key").and_then(|value| value.to_str().ok()) else {
        return (StatusCode::BAD_REQUEST, Json(json!({})));
    };
    let mut opened = accounts.opened.lock().unwrap_or_else(PoisonError::into_inner);
    let account = opened.entry(key.to_owned()).or_insert_with(|| accounts.library.add_patron());
    (StatusCode::CREATED, Json(json!({ "account": account })))
}
