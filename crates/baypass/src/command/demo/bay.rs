//! The Bay in a box: every party a process of its own, reached by nothing but HTTP on the loopback, among parties over TLS; and
//! the one who stands beside it all, who registers residents, moves the clock and looks at both authorities' reasons.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use documents::{AuthorityCode, Timestamp};
use gate::{Clock, SystemClock};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use ::officers::AccountId;
use venue::police::stand_in::Register;

use super::desks::RunningDesk;
use super::library::Shelf;
use super::office::test_account;
use super::other::OtherWallet;
use super::wire::Wire;
use crate::failure::{Failure, of};
use crate::install::{Installation, Lock, lists, make_folder};
use crate::officers::desk;
use crate::serve::{Addresses, TrialClock, http_client};

/// The demo's ports.
pub const PORTS: [&str; 4] = ["shenzhen-bay", "hengqin", "gongbei", "hzmb-hkg-mac"];
/// The port whose gates reach the authorities over a wire that a cheat sits on.
pub const TAPPED: &str = "hengqin";
/// How long anything may take to come about before the demo gives up on it.
const PATIENCE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(60);

/// Bytes in a JSON body.
pub fn packed(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Bytes out of a JSON body.
pub fn unpacked(value: Option<&Value>) -> Result<Vec<u8>, Failure> {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| Failure::new("an authority's answer is malformed; its log says more"))
}

/// A status list is fresh for 900 seconds: lists are fetched anew before the clock was moved by so many.
const FETCH_EVERY: i64 = 500;

/// Lists of this and the next two weeks.
const WEEKS_IN_USE: usize = 3;
/// As long for gates: a quarter of the day for which a list serves there.
const GATES_FETCH_EVERY: i64 = 6 * 3600;

/// One running party; it ends when this value is dropped, for its standard input closes.
struct Party {
    child: Child,
    stdin: Option<ChildStdin>,
}

/// All parties, running.
pub struct Bay {
    /// The installation in its folder.
    pub installation: Installation,
    /// Who listens where.
    pub addresses: Addresses,
    /// The client for plain HTTP on the loopback.
    pub client: reqwest::Client,
    /// The test account of each authority.
    pub officers: BTreeMap<AuthorityCode, AccountId>,
    /// Where each party's operators look, by its name.
    pub operators: BTreeMap<String, String>,
    /// The desks of venues, by name.
    pub desks: BTreeMap<String, RunningDesk>,
    /// The stand-in of the police's register, which the hotels tell of their guests.
    pub register: Register,
    /// The stand-in of a library's system.
    pub library: Option<Shelf>,
    /// The wallet of another system, by which one of the cast enrols.
    pub identities: Option<OtherWallet>,
    base_port: Option<u16>,
    parties: Vec<Party>,
    shift: i64,
    /// Seconds by which the clock was moved since everybody fetched their lists.
    unfetched: i64,
    /// The wire between the gates at [`TAPPED`] and the authorities.
    pub wire: Wire,
    /// Where the web wallet is served, if it is: the authorities let in pages from there alone.
    pub wallet: String,
    _hold: Lock,
}

/// An answer with its status.
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// The body, where it is JSON.
    pub body: Value,
}

impl Answered {
    /// The stable code of a problem.
    pub fn code(&self) -> &str {
        self.body.get("code").and_then(Value::as_str).unwrap_or_default()
    }
}

impl Bay {
    /// Starts every party over an installation; its clock is shifted by `shift` seconds.
    pub async fn start(
        installation: Installation,
        models: &Path,
        base_port: Option<u16>,
        shift: i64,
    ) -> Result<Self, Failure> {
        let hold = installation.hold()?;
        TrialClock::shift(&installation, shift)?;
        make_folder(&logs(&installation))?;
        let mut officers = BTreeMap::new();
        for code in AuthorityCode::ALL {
            let (desk, now) =
                (desk(&installation, &installation.authority(code))?, TrialClock::of(&installation).now());
            officers.insert(code, test_account((&desk, &installation.actor()?), None, now)?);
        }
        let mut bay = Self {
            installation,
            addresses: Addresses::default(),
            client: http_client(),
            operators: BTreeMap::new(),
            officers,
            desks: BTreeMap::new(),
            register: Register::new(),
            library: None,
            identities: None,
            base_port,
            parties: Vec::new(),
            shift,
            unfetched: 0,
            wire: Wire::none(),
            wallet: wallet_address(base_port)?,
            _hold: hold,
        };
        let origin = format!("http://{}", bay.wallet);
        let kiosk = web_folder().join("kiosk/dist");
        let mut starting = Vec::new();
        for (index, code) in AuthorityCode::ALL.into_iter().enumerate() {
            let (parties, operators) = (bay.place_at(index + 31), bay.place_at(index + 41));
            #[rustfmt::skip]
            let arguments = [
                "authority", "serve", "--authority", code.code(), "--origin", &origin,
                "--listen-parties", &parties, "--listen-operators", &operators,
            ];
            let arguments = arguments.map(str::to_owned);
            starting.push((code, bay.spawn(models, code.code(), &arguments, &bay.place_at(index + 1))?));
        }
        for (code, lines) in starting {
            let [public, parties, operators] = bay.listening(lines, code.code()).await?;
            bay.addresses.authorities.insert(code, public);
            bay.addresses.parties.insert(code, parties);
            bay.operators.insert(code.code().to_owned(), operators);
        }
        bay.wire = Wire::lay(&bay.installation, &bay.addresses.parties).await?;
        // A gate reads once where the authorities are, when it starts.
        for tapped in [true, false] {
            let mut known = bay.addresses.clone();
            if tapped {
                known.parties.clone_from(&bay.wire.addresses);
            }
            known.write(&bay.installation)?;
            let mut starting = Vec::new();
            for (index, port) in PORTS.into_iter().enumerate().filter(|(_, port)| (*port == TAPPED) == tapped)
            {
                let kiosk = kiosk.to_string_lossy();
                let (pages, operators) = (bay.place_at(index + 11), bay.place_at(index + 51));
                let arguments =
                    ["gate", "serve", "--port", port, "--kiosk", &kiosk, "--listen-operators", &operators];
                let arguments = arguments.map(str::to_owned);
                starting.push((port, bay.spawn(models, port, &arguments, &pages)?));
            }
            for (port, lines) in starting {
                let [pages, operators] = bay.listening(lines, port).await?;
                bay.addresses.gates.insert(port.to_owned(), pages);
                bay.operators.insert(port.to_owned(), operators);
            }
        }
        bay.addresses.write(&bay.installation)?;
        bay.start_desks(models).await?;
        bay.all_well().await?;
        Ok(bay)
    }

    /// Where a listener stands: so many ports above the first one, or at a free one.
    pub fn place_at(&self, offset: usize) -> String {
        let offset = u16::try_from(offset).unwrap_or(0);
        format!("127.0.0.1:{}", self.base_port.map_or(0, |base| base.saturating_add(offset)))
    }

    /// Starts the web wallet's server; gives its address, or one sentence on why it does not run.
    pub async fn serve_wallet(&mut self) -> Result<String, String> {
        let folder = web_folder().join("wallet");
        let (server, built) = (folder.join("serve.mjs"), folder.join("dist/build/h5/index.html"));
        if !built.is_file() || !server.is_file() {
            return Err(
                "the web wallet is not built; `npm ci && npm run build:web` in web/ builds it".to_owned()
            );
        }
        let authorities: Vec<_> =
            self.addresses.authorities.iter().map(|(code, address)| format!("{code}={address}")).collect();
        let log = std::fs::File::create(logs(&self.installation).join("wallet.log"))
            .map_err(|error| format!("the web wallet's log cannot be written ({error})"))?;
        let mut command = Command::new("node");
        command
            .arg(&server)
            .args(["--listen", &self.wallet, "--authorities", &authorities.join(","), "--with-parent"])
            .arg("--roots")
            .arg(crate::install::lists::pins_path(&self.installation))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| {
            format!("node does not start ({error}); install Node 20 or newer for the web wallet")
        })?;
        let stdin = child.stdin.take();
        let address = format!("http://{}", self.wallet);
        let silent = || {
            format!("the web wallet does not answer; its log is in {}", logs(&self.installation).display())
        };
        let up = async {
            while self.client.get(&address).send().await.is_err() {
                tokio::time::sleep(POLL).await;
            }
        };
        let answers = tokio::select! {
            waited = tokio::time::timeout(Duration::from_secs(10), up) => waited.is_ok(),
            _ = child.wait() => false,
        };
        if !answers {
            return Err(silent());
        }
        self.parties.push(Party { child, stdin });
        Ok(format!("{address}/"))
    }

    /// Starts a party; gives the lines that it prints.
    pub fn spawn(
        &mut self,
        models: &Path,
        name: &str,
        arguments: &[String],
        listen: &str,
    ) -> Result<tokio::io::Lines<BufReader<tokio::process::ChildStdout>>, Failure> {
        let program = std::env::current_exe().map_err(of)?;
        let path = logs(&self.installation).join(format!("{name}.log"));
        let log = std::fs::File::create(&path)
            .map_err(|error| Failure::new(format!("{} cannot be written ({error})", path.display())))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg("--dir")
            .arg(self.installation.root())
            .arg("--models")
            .arg(models)
            .args(["--listen", listen, "--with-parent"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(of)?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or_else(|| Failure::new("a party has no standard output"))?;
        self.parties.push(Party { child, stdin });
        Ok(BufReader::new(stdout).lines())
    }

    /// The addresses in a party's first lines, in the order of its listeners.
    pub async fn listening<const N: usize>(
        &self,
        mut lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
        name: &str,
    ) -> Result<[String; N], Failure> {
        let mut found = [const { String::new() }; N];
        for base in &mut found {
            let next = tokio::time::timeout(PATIENCE, lines.next_line()).await;
            let line = next.ok().and_then(Result::ok).flatten().unwrap_or_default();
            let Some((_, address)) = line.split_once(" on ") else {
                let log = std::fs::read_to_string(logs(&self.installation).join(format!("{name}.log")));
                let last = log.unwrap_or_default().lines().last().unwrap_or_default().to_owned();
                return Err(Failure::new(format!("{name} did not start: {last}")));
            };
            address.trim().clone_into(base);
        }
        Ok(found)
    }

    /// Waits until every party says that it is well.
    pub async fn all_well(&self) -> Result<(), Failure> {
        let all: Vec<_> = self.addresses.authorities.values().chain(self.addresses.gates.values()).collect();
        for base in all {
            self.until(&format!("{base} to be well"), async || {
                Ok(self.get(&format!("{base}/health")).await?.status == 200)
            })
            .await?;
        }
        Ok(())
    }

    /// Asks again and again until something is so.
    pub async fn until(
        &self,
        what: &str,
        mut is_so: impl AsyncFnMut() -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let asked = async {
            loop {
                if is_so().await? {
                    return Ok(());
                }
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| {
            let logs = logs(&self.installation);
            Err(Failure::new(format!(
                "the demo waited in vain for {what}; the logs are in {}",
                logs.display()
            )))
        })
    }

    /// The clock of the trial.
    pub fn now(&self) -> Timestamp {
        SystemClock.now().plus_seconds(self.shift)
    }

    /// Moves every party's clock on, and lets them fetch what grew old by it.
    pub async fn advance(&mut self, seconds: i64) -> Result<(), Failure> {
        self.shift_by(seconds)?;
        self.unfetched += seconds;
        if self.unfetched < FETCH_EVERY {
            return Ok(());
        }
        self.fresh_lists().await
    }

    /// Moves the clock on to a moment; never back.
    pub fn advance_to(&mut self, moment: Timestamp) -> Result<(), Failure> {
        self.shift_by(moment.seconds_since(self.now()).max(0))
    }

    /// Gives everybody the real time again, which is always later than the tour's.
    pub fn real_time(&mut self) -> Result<(), Failure> {
        self.shift_by(-self.shift)
    }

    fn shift_by(&mut self, seconds: i64) -> Result<(), Failure> {
        self.shift += seconds;
        TrialClock::shift(&self.installation, self.shift)
    }

    /// Waits until authorities hold status lists of this moment, and, after a long time, gates too: theirs serve for a day.
    async fn fresh_lists(&mut self) -> Result<(), Failure> {
        if self.unfetched > GATES_FETCH_EVERY {
            self.rounds(2).await?;
        }
        for code in AuthorityCode::ALL {
            self.until("the authorities' next lists", async || {
                let health = self.details(code.code()).await?;
                let lists =
                    health.body.get("status_lists").and_then(Value::as_array).cloned().unwrap_or_default();
                // Every list that a token of these weeks can name: one round fetches them one after the other.
                let fresh = |of: AuthorityCode| {
                    let young = lists.iter().filter(|list| {
                        let age = list.get("age_seconds").and_then(Value::as_i64);
                        list.get("authority").and_then(Value::as_str) == Some(of.code())
                            && age.is_some_and(|age| age < 60)
                    });
                    young.count() >= WEEKS_IN_USE
                };
                Ok(AuthorityCode::ALL.into_iter().filter(|of| *of != code).all(fresh))
            })
            .await?;
        }
        self.unfetched = 0;
        Ok(())
    }

    /// The supervisors sign lists afresh that are due, and every gate fetches what there is.
    pub async fn refresh(&mut self) -> Result<(), Failure> {
        lists::renew_where_due(&self.installation, self.now())?;
        self.rounds(2).await?;
        self.fresh_lists().await?;
        self.all_well().await
    }

    /// Waits until every gate has fetched its lists `count` times more.
    pub async fn rounds(&self, count: u64) -> Result<(), Failure> {
        let mut wanted = Vec::new();
        for port in self.addresses.gates.keys() {
            wanted.push((port.clone(), self.round_of(port).await? + count));
        }
        for (port, number) in wanted {
            self.until("the gates' next lists", async || Ok(self.round_of(&port).await? >= number)).await?;
        }
        Ok(())
    }

    /// What a party tells its operators of itself.
    pub async fn details(&self, party: &str) -> Result<Answered, Failure> {
        let base = self.operators.get(party).ok_or_else(|| Failure::new(format!("there is no {party}")))?;
        self.get(&format!("{base}/health/details")).await
    }

    async fn round_of(&self, port: &str) -> Result<u64, Failure> {
        let health = self.details(port).await?;
        Ok(health.body.get("rounds").and_then(Value::as_u64).unwrap_or(0))
    }

    /// Waits until nothing is on its way from a gate to an authority any more.
    pub async fn settled(&self, port: &str) -> Result<(), Failure> {
        self.until("the gates' events to be delivered", async || {
            let health = self.details(port).await?;
            let waiting = health.body.get("store").and_then(|s| s.get("waiting")).and_then(Value::as_object);
            Ok(waiting.is_some_and(|all| all.values().all(|count| count.as_u64() == Some(0))))
        })
        .await
    }

    /// The address of the gates at a port.
    pub fn gate(&self, port: &str) -> Result<&str, Failure> {
        let base = self.addresses.gates.get(port).map(String::as_str);
        base.ok_or_else(|| Failure::new(format!("there are no gates at {port}")))
    }

    /// An authority's address.
    pub fn authority(&self, code: AuthorityCode) -> Result<&str, Failure> {
        let base = self.addresses.authorities.get(&code).map(String::as_str);
        base.ok_or_else(|| Failure::new(format!("there is no authority {code}")))
    }

    /// `GET`, whatever comes of it.
    pub async fn get(&self, url: &str) -> Result<Answered, Failure> {
        self.sent(self.client.get(url)).await
    }

    /// Sends a request; gives status and JSON.
    pub async fn sent(&self, request: reqwest::RequestBuilder) -> Result<Answered, Failure> {
        let response = request.timeout(PATIENCE).send().await;
        let response =
            response.map_err(|_| Failure::new("a party of the demo does not answer; its log says why"))?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await.map_err(of)?;
        Ok(Answered { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }

    /// Hands a traveller's pictures to a lane; `again`: codes that are shown where they are asked to unlock their wallet again.
    pub async fn scan(
        &self,
        (port, lane): (&str, &str),
        code: &code_picture::Sight,
        again: &[String],
        faces: &[&[u8]],
        measures: &[&str],
    ) -> Result<Value, Failure> {
        let faces: Vec<_> = faces.iter().map(|face| packed(face)).collect();
        let mut body = json!({"lane": lane, "codes_again": again, "faces": faces, "measures": measures});
        if let Some(fields) = body.as_object_mut() {
            match code {
                code_picture::Sight::Cards(cards) => fields.insert("cards".to_owned(), json!(cards)),
                code_picture::Sight::Text(text) => fields.insert("code".to_owned(), json!(text)),
                code_picture::Sight::Picture(bytes) => {
                    fields.insert("code_picture".to_owned(), json!(packed(bytes)))
                }
            };
        }
        let answer =
            self.sent(self.client.post(format!("{}/v1/scans", self.gate(port)?)).json(&body)).await?;
        if answer.status == 200 {
            Ok(answer.body)
        } else {
            Err(Failure::new(format!(
                "the gates at {port} answer with status {} ({})",
                answer.status,
                answer.code()
            )))
        }
    }

    /// Ends every party, and waits for it.
    pub async fn stop(mut self) -> Result<(), Failure> {
        for party in &mut self.parties {
            drop(party.stdin.take());
        }
        for party in &mut self.parties {
            if tokio::time::timeout(Duration::from_secs(10), party.child.wait()).await.is_err() {
                party.child.kill().await.map_err(of)?;
            }
        }
        Ok(())
    }
}

/// Where the pages are: `web` here or in a folder above.
pub fn web_folder() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let mut above = here.ancestors().map(|folder| folder.join("web"));
    above.find(|folder| folder.join("package.json").is_file()).unwrap_or_else(|| here.join("web"))
}

/// The wallet's address has to be known before the authorities start, which let in pages from there alone.
fn wallet_address(base_port: Option<u16>) -> Result<String, Failure> {
    match base_port {
        Some(base) => Ok(format!("127.0.0.1:{}", base.saturating_add(21))),
        None => {
            let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
            Ok(free.map_err(of)?.to_string())
        }
    }
}

/// Where the parties' logs are.
pub fn logs(installation: &Installation) -> PathBuf {
    installation.root().join("logs")
}

/// How a code reaches a lane.
pub mod code_picture {
    use crate::failure::Failure;

    /// A picture of a screen, or the text where no symbol can hold it.
    pub enum Sight {
        /// The text of a code, as if it had been read.
        Text(String),
        /// A picture on which a code may be.
        Picture(Vec<u8>),
        /// Cards that are laid down, at a lane by document.
        Cards(Vec<serde_json::Value>),
    }

    /// A code is read from a picture of a screen, as a lane does; what is too long for any symbol is handed over as text.
    pub fn of(text: &str) -> Result<Sight, Failure> {
        match code::QrSymbol::draw(text) {
            Ok(symbol) => Ok(Sight::Picture(symbol.to_png(6).map_err(|e| Failure::of(&e))?)),
            Err(_) => Ok(Sight::Text(text.to_owned())),
        }
    }
}
