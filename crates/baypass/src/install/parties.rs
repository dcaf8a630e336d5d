//! The parties of an installation in one process: three services, and a lane where one is asked for. One-shot commands
//! work so, and say it; `demo` and `serve` start each party by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Mutex};

use authority::store::{Store as Ledger, is_of_first_versions};
use authority::{AttestationRules, EnrolmentRules, Faces, RiskControl, Service, WaitingNotice, status_name};
use clearance::{Place, Sides};
use credential::ProofWindow;
use documents::issuance::weekly_key_pairs;
use documents::{AuthorityCode, LaneKind, PortId, Rules, Timestamp};
use face::{Embedder, FaceConfig, Finder, Liveness, ModelFolder};
use gate::lists::{ListMemory, MemoryError};
use gate::outbox::{GateKey, Store as Outbox};
use gate::{
    AuthorityLink, Courier, Lane, LaneConfig, LinkError, Lists, Metrics, ModelCapture, ProbeCache,
    ReplayCache,
};
use serde::Deserialize;
use trust::{Approval, Approvals, TrustStore};

use super::keys::KeyStore;
use super::signing::{OwnSigners, lane_key, make_later_keys_where_none, part_keys};
use super::{Installation, LanePlace, Lock, approvals, country_signers, lists, make_folder, risk_rules};
use crate::failure::{Failure, of};
use crate::zones::Zones;

/// The configuration of faces: a `models.toml` in the folder of the models is the operator's own, with their recogniser's
/// manifest and the thresholds that they measured; without one it is ours.
pub fn face_config(models: &Path) -> Result<FaceConfig, Failure> {
    let own = models.join("models.toml");
    match std::fs::read_to_string(&own) {
        Ok(text) => FaceConfig::from_toml(&text)
            .map_err(|error| Failure::new(format!("{}: {}", own.display(), Failure::of(&error)))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => FaceConfig::builtin().map_err(of),
        Err(error) => {
            Err(Failure::new(format!("{} cannot be read ({error}); check the path", own.display())))
        }
    }
}

/// Loads the models of an authority.
pub fn load_faces(models: &Path) -> Result<Arc<Faces>, Failure> {
    let config = face_config(models)?;
    let folder = ModelFolder::new(models, &config);
    let finder = Finder::load(&folder, &config).map_err(of)?;
    let embedder = Embedder::load(&folder, &config).map_err(of)?;
    Ok(Arc::new(Faces { finder, embedder, config }))
}

/// Loads the liveness model of an authority: a hint beside an enrolment.
pub fn load_liveness(models: &Path) -> Result<Liveness, Failure> {
    let config = face_config(models)?;
    Liveness::load(&ModelFolder::new(models, &config), &config).map_err(of)
}

/// Loads the models of a gate.
pub fn load_eyes(models: &Path) -> Result<Arc<ModelCapture>, Failure> {
    let config = face_config(models)?;
    Ok(Arc::new(ModelCapture::load(&ModelFolder::new(models, &config), config).map_err(of)?))
}

/// Whose attestations of device keys count for an authority: `attestation.toml` in its folder, and beside it
/// `attestation-status.json`, the list that Google publishes. Without the first, none: every key is one in software.
fn attestation_rules(folder: &Path) -> Result<AttestationRules, Failure> {
    let own = folder.join("attestation.toml");
    let read = |path: &Path| match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Failure::new(format!("{} cannot be read ({error}); check the path", path.display())))
        }
    };
    let Some(text) = read(&own)? else { return Ok(AttestationRules::default()) };
    let status = read(&folder.join("attestation-status.json"))?;
    AttestationRules::from_toml(&String::from_utf8_lossy(&text), status.as_deref())
        .map_err(|error| Failure::new(format!("{}: {}", own.display(), Failure::of(&error))))
}

/// What an operator says of risk control, in `risk.toml` of an authority's folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RiskSettings {
    /// One crossing in so many is checked by lot; 0: none.
    random_check_one_in: u32,
}

/// The risk control of an authority: one crossing in 500 is checked by lot, unless `risk.toml` in its folder says otherwise. Where cameras
/// are simulated nobody is hidden among such checks: there are none without that file.
fn risk_control(of_whom: &Installation, code: AuthorityCode) -> Result<RiskControl, Failure> {
    let risk = RiskControl::builtin(code).map_err(of)?;
    let path = of_whom.authority(code).join("risk.toml");
    let settings = match std::fs::read_to_string(&path) {
        Ok(text) => toml::from_str::<RiskSettings>(&text).map_err(|error| {
            Failure::new(format!(
                "{}: {}; write random_check_one_in = 500, or 0 for none",
                path.display(),
                error.message()
            ))
        })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && of_whom.simulated_camera() => {
            RiskSettings { random_check_one_in: 0 }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(risk),
        Err(error) => return Err(Failure::new(format!("{} cannot be read ({error})", path.display()))),
    };
    Ok(risk.with_random_checks(NonZeroU32::new(settings.random_check_one_in)))
}

/// Opens one authority's service over its own folder, and holds the folder.
pub async fn open_service(
    of_whom: &Installation,
    code: AuthorityCode,
    faces: Arc<Faces>,
    trust: TrustStore,
    approvals: Vec<Approval>,
    now: Timestamp,
) -> Result<(Service, Lock), Failure> {
    let folder = of_whom.authority(code);
    let lock = Lock::take(&folder)?;
    make_folder(&folder)?;
    let (files, database) = (of_whom.keys(&folder), of_whom.database(code));
    if is_of_first_versions(&database).await.map_err(of)? {
        files.put_first_master()?;
    }
    make_later_keys_where_none(of_whom, code, &trust, now)?;
    let signing = OwnSigners::read(of_whom, code)?.in_use(&trust, now)?;
    let keys = files.authority(signing, part_keys(of_whom, code)?)?;
    let rules = Rules::builtin().map_err(of)?;
    let ledger = Ledger::open(&database, keys.vault(), &rules).await.map_err(of)?;
    let enrolment = EnrolmentRules::builtin().map_err(of)?;
    let risk = risk_control(of_whom, code)?;
    let service =
        Service::new(code, ledger, rules, enrolment, faces, keys, trust, Approvals::default(), risk);
    let service = service
        .with_simulated_cameras(of_whom.simulated_camera())
        .with_attestation_rules(attestation_rules(&folder)?)
        .with_country_signers(country_signers::read(&folder, now)?);
    service.set_approvals(approvals);
    let mut refused = service.load_risk_rules(now).await.map_err(of)?;
    refused.extend(risk_rules::follow(of_whom, &service, now).await?);
    for error in refused {
        tracing::error!(%error, "a version of the risk rules does not count");
    }
    if service.risk_rules().full().is_none() {
        tracing::error!(
            authority = code.code(),
            "no risk rules are in force: an officer looks at every traveller; bring rules into force with `baypass risk activate`"
        );
    }
    Ok((service, lock))
}

/// Approvals that do not load: their ids, each with the reason.
type Refused = Vec<(String, String)>;

/// Every approval that loads today; those that do not are named with the reason.
pub fn load_approvals(
    from: &Installation,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<(Vec<Approval>, Refused), Failure> {
    Ok(open_approvals(&approvals::all(from)?, trust, now))
}

/// Those of the bundles that load today, and the others.
pub fn open_approvals(
    bundles: &[(String, Vec<u8>)],
    trust: &TrustStore,
    now: Timestamp,
) -> (Vec<Approval>, Refused) {
    let (mut loaded, mut refused) = (Vec::new(), Vec::new());
    for (id, bundle) in bundles {
        match Approval::open(bundle, trust, now) {
            Ok(approval) => loaded.push(approval),
            Err(error) => refused.push((id.clone(), error.to_string())),
        }
    }
    (loaded, refused)
}

/// The trust lists and approvals that are published here, as a wallet or desk goes by them.
pub fn trusted(from: &Installation, now: Timestamp) -> Result<(TrustStore, Approvals), Failure> {
    let trust = lists::trust(from, now)?;
    let mut approvals = Approvals::default();
    for approval in load_approvals(from, &trust, now)?.0 {
        // An older text under an id covers nothing beside the newer one.
        let _ = approvals.take(approval);
    }
    Ok((trust, approvals))
}

/// The numbers of an issuer's status lists that tokens of these days can name: the first of each week, and each further one
/// whose forerunner has the largest size, by how many entries the held one has.
pub fn status_lists_to_follow(now: Timestamp, entries: impl Fn(u8) -> usize) -> Vec<u8> {
    let of_day = |days: i64| authority::status_lists_in_use(now.plus_seconds(days * 86_400), &entries);
    let mut numbers: Vec<u8> = (0..=9).flat_map(of_day).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// All three authorities in this process.
pub struct Parties {
    /// The authorities in this process.
    pub services: BTreeMap<AuthorityCode, Arc<Service>>,
    /// What gates go by.
    pub lists: Lists,
    /// The face models that they share.
    pub faces: Arc<Faces>,
    _locks: Vec<Lock>,
}

impl Parties {
    /// Opens the installation for one command at `now`: lists that are due are signed afresh, weekly keys handed over.
    pub async fn open(from: &Installation, models: &Path, now: Timestamp) -> Result<Self, Failure> {
        let mut locks = vec![from.hold()?];
        let faces = load_faces(models)?;
        lists::renew_where_due(from, now)?;
        let trust = lists::trust(from, now)?;
        let (approvals, _) = load_approvals(from, &trust, now)?;
        let mut gate_lists = Lists::new(trust.clone());
        for (_, bundle) in approvals::all(from)? {
            // One that does not load covers nothing; `doctor` and `approval list` name it.
            let _ = gate_lists.take_approval(&bundle, now);
        }
        let mut services = BTreeMap::new();
        for code in AuthorityCode::ALL {
            let (service, lock) =
                open_service(from, code, Arc::clone(&faces), trust.clone(), approvals.clone(), now).await?;
            services.insert(code, Arc::new(service));
            locks.push(lock);
        }
        let mut parties = Self { services, lists: gate_lists, faces, _locks: locks };
        super::journal::end_what_was_cut_short(from, &parties, now).await?;
        parties.hand_over(now).await?;
        parties.publish_status(now).await?;
        Ok(parties)
    }

    /// One authority's service.
    pub fn service(&self, code: AuthorityCode) -> Result<&Arc<Service>, Failure> {
        self.services.get(&code).ok_or_else(|| Failure::new(format!("there is no authority {code} here")))
    }

    /// Whether an authority's list could be read. Without it nothing of that authority counts, and its notices and keys wait.
    fn is_listed(&self, code: AuthorityCode) -> bool {
        self.lists.trust().list(code).is_some()
    }

    async fn hand_over(&self, now: Timestamp) -> Result<(), Failure> {
        for (maker, receiver) in weekly_key_pairs() {
            if !self.is_listed(maker) || !self.is_listed(receiver) {
                continue;
            }
            for weeks in 0..3 {
                let week = now.local_date().iso_week().plus_weeks(weeks);
                let message = self.service(maker)?.hand_over(receiver, week, now).await.map_err(of)?;
                self.service(receiver)?.take_handover(&message, now).await.map_err(of)?;
            }
        }
        Ok(())
    }

    /// Every issuer's lists go to the other authorities and to the gate.
    pub async fn publish_status(&mut self, now: Timestamp) -> Result<(), Failure> {
        for issuer in AuthorityCode::ALL.into_iter().filter(|code| self.is_listed(*code)).collect::<Vec<_>>()
        {
            let mut done = BTreeSet::new();
            // Each list may tell of a further one.
            while let Some(number) =
                status_lists_to_follow(now, |list| self.lists.status_entries(issuer, list))
                    .into_iter()
                    .find(|number| !done.contains(number))
            {
                done.insert(number);
                let signed = self.service(issuer)?.status_list(number, now).await.map_err(of)?;
                let name = status_name(issuer, number);
                self.lists.take_status(issuer, number, &name, &signed, now).map_err(of)?;
                for (code, service) in &self.services {
                    if *code != issuer {
                        service.take_status_list(issuer, number, &signed, now).map_err(of)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Carries notices from the entering authorities to the issuers.
    pub async fn carry_notices(&self, now: Timestamp) -> Result<(), Failure> {
        for service in self.services.values() {
            for WaitingNotice { id, issuer, message } in service.waiting_notices().await.map_err(of)? {
                if !self.is_listed(issuer) {
                    continue;
                }
                self.service(issuer)?.take_notice(&message, now).await.map_err(of)?;
                service.note_delivered(&id, now).await.map_err(of)?;
            }
        }
        Ok(())
    }

    /// The way from a lane to these services.
    pub fn link(&self, now: Timestamp) -> Local {
        Local { services: self.services.clone(), now }
    }
}

/// The way from a lane to the services of this process: the same bytes as over a wire, at one moment.
pub struct Local {
    services: BTreeMap<AuthorityCode, Arc<Service>>,
    now: Timestamp,
}

impl Local {
    /// The same way, at another moment.
    pub fn at(&self, now: Timestamp) -> Self {
        Self { services: self.services.clone(), now }
    }
}

impl AuthorityLink for Local {
    async fn verdict(&self, authority: AuthorityCode, body: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        let service = self.services.get(&authority).ok_or(LinkError::NoAddress { authority })?;
        service.verdict(&body, self.now).await.map_err(|error| {
            tracing::warn!(%authority, %error, "no verdict");
            LinkError::Refused { authority, status: 403 }
        })
    }

    async fn deliver(&self, authority: AuthorityCode, event: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        let service = self.services.get(&authority).ok_or(LinkError::NoAddress { authority })?;
        service.hear_event(&event, self.now).await.map_err(|error| {
            tracing::warn!(%authority, %error, "event refused");
            LinkError::Refused { authority, status: 403 }
        })
    }

    async fn begin_chain(&self, authority: AuthorityCode, chain: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        let service = self.services.get(&authority).ok_or(LinkError::NoAddress { authority })?;
        service.hear_chain(&chain, self.now).await.map_err(|error| {
            tracing::warn!(%authority, %error, "the beginning of a chain was refused");
            LinkError::Refused { authority, status: 403 }
        })
    }
}

/// A lane with its store.
pub struct OpenLane<L> {
    /// The lane that judges and clears.
    pub lane: Arc<Lane<L, ProbeCache<ModelCapture>>>,
    /// Tells what happened there.
    pub courier: Courier<L>,
    /// Where its events wait for delivery.
    pub store: Arc<Outbox>,
}

/// Opens one lane over the files of its port; it looks at `pictures` of the face, 1 to [`gate::MAX_PICTURES`].
#[expect(clippy::too_many_arguments, reason = "a lane is made of all of these")]
pub async fn open_lane<L: AuthorityLink>(
    from: &Installation,
    place: &LanePlace,
    all: &[LanePlace],
    link: Arc<L>,
    eyes: Arc<ModelCapture>,
    replay: Arc<Mutex<ReplayCache>>,
    metrics: Arc<Metrics>,
    pictures: u8,
    key: GateKey,
) -> Result<OpenLane<L>, Failure> {
    let name = place.name();
    let store = Arc::new(open_store(from, place, key).await?);
    let own = place.audience();
    let config = LaneConfig {
        place: Place {
            lane: name.parse().map_err(of)?,
            port: place.port.clone(),
            direction: place.direction,
            sides: place.side.map_or(Sides::Both { exit: (), entry: () }, |side| Sides::One(side, ())),
        },
        kind: place.kind,
        window: ProofWindow::default(),
        pictures,
        simulated_camera: from.simulated_camera(),
        elsewhere: all
            .iter()
            .filter(|lane| lane.number == 1 && lane.kind == LaneKind::Code)
            .map(LanePlace::audience)
            .filter(|audience| audience.as_str() != own.as_str())
            .collect(),
    };
    let courier = Courier::new(Arc::clone(&store), Arc::clone(&link));
    let faces = Arc::new(ProbeCache::new(eyes));
    let lane = Lane::new(config, replay, Arc::clone(&store), link, faces, metrics);
    let lane = Arc::new(lane.with_zone_reader(Arc::new(Zones)));
    Ok(OpenLane { lane, courier, store })
}

/// Opens the store of one lane, whose gate signs with `key` ([`lane_key`]).
pub async fn open_store(from: &Installation, place: &LanePlace, key: GateKey) -> Result<Outbox, Failure> {
    let (name, folder) = (place.name(), from.gate(&place.port));
    make_folder(&folder)?;
    Outbox::open(&folder.join(format!("{}.db", lists::key_name(&name))), key).await.map_err(of)
}

/// What the other lanes of a port remember of recent showings, for a process that opens one lane alone.
pub async fn remembered(
    from: &Installation,
    port: &PortId,
    except: &LanePlace,
    all: &[LanePlace],
    cache: &mut ReplayCache,
    (trust, now): (&TrustStore, Timestamp),
) -> Result<(), Failure> {
    for other in all.iter().filter(|lane| lane.port == *port && *lane != except) {
        let name = other.name();
        let file = from.gate(port).join(format!("{}.db", lists::key_name(&name)));
        if !file.exists() {
            continue;
        }
        let store = open_store(from, other, lane_key(from, other, trust, now)?).await?;
        for (token, at, lane) in store.showings().await.map_err(of)? {
            cache.note(token, at, &Arc::new(lane), now);
        }
    }
    Ok(())
}

/// Refuses trust lists that are older than those that a port's gates have seen.
pub fn refuse_rollback(from: &Installation, port: &PortId, trust: &TrustStore) -> Result<(), MemoryError> {
    ListMemory::open(&from.gate(port))?.accept_trust(trust)
}
