//! Service: what the operations of one authority share. Each operation has a module and an error of its own.
//!
//! Lives here: [`Service`], its parts and its settings. Not here: any operation. Nothing here uses a module that uses
//! this one, and no call reads a clock: `now` is an argument.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use chip::CountrySigners;
use credential::cbor::CborError;
use credential::message::{self, Kind, MessageError, Receipt, ReceiptResult};
/// Random bytes are drawn at the edge of an operation, and an argument of what decides.
pub(crate) use credential::random_array as draw;
use credential::status::SignedStatusList;
use documents::{AuthorityCode, DocumentNumber, Rules, Timestamp};
use face::Liveness;
use trust::{Approvals, GateBinding, Outside, TrustError, TrustStore, gate_of_kid};

use crate::applications::{EnrolmentRules, Enrolments, HandOvers};
use crate::at_lane::AtLanes;
use crate::faces::{Faces, FrameReader};
use crate::inference::Pools;
use crate::keys::{Keys, PartKeys, SigningKeys};
use crate::phones::AttestationRules;
use crate::risk_engine::RiskControl;
use crate::status_capacity::StatusCapacity;
use crate::store::Store;

/// Most device keys that one person may bring in 24 hours, over all their wallets: some two hundred crossings, where a few
/// are made in a day.
pub const DEVICE_KEYS_A_DAY: u32 = 512;
/// One authority's service.
#[derive(Debug)]
pub struct Service {
    pub(crate) me: AuthorityCode,
    pub(crate) store: Store,
    pub(crate) rules: Rules,
    pub(crate) faces: Arc<Faces>,
    /// What opens that which was sealed to it.
    part_keys: RwLock<Arc<PartKeys>>,
    /// What it signs with at the moment.
    signing: RwLock<Arc<SigningKeys>>,
    pub(crate) trust: RwLock<TrustStore>,
    pub(crate) approvals: RwLock<Approvals>,
    /// The newest status list of each other issuer and number.
    pub(crate) statuses: RwLock<BTreeMap<(AuthorityCode, u8), SignedStatusList>>,
    /// The last signed list of each number of this authority.
    pub(crate) signed_lists: Mutex<BTreeMap<u8, Arc<SignedList>>>,
    /// Whose signers of chips count.
    pub(crate) countries: Arc<CountrySigners>,
    pub(crate) pools: Pools,
    pub(crate) liveness: Option<Arc<Liveness>>,
    /// Most device keys that one person may bring in 24 hours.
    pub(crate) device_keys_a_day: u32,
    /// Whose attestations of device keys count.
    pub(crate) attestation: AttestationRules,
    /// How many places the status lists have.
    pub(crate) status_capacity: StatusCapacity,
    /// The weeks of which the log was told that their status lists fill up.
    pub(crate) status_alarm: Mutex<Vec<u8>>,
    pub(crate) enrolments: Enrolments,
    pub(crate) hand_overs: HandOvers,
    /// Whom the verdicts of the last minutes were about, for the officers who stand beside them.
    pub(crate) at_lanes: AtLanes,
    /// Its risk control.
    pub(crate) risk: RiskControl,
    /// What reads the frames of a live capture; `None`: the models.
    pub(crate) frames: Option<Arc<dyn FrameReader>>,
}

/// A status list of this authority as it was last signed, with the ended places that it was made from.
#[derive(Debug)]
pub(crate) struct SignedList {
    pub places: Vec<(i64, i16)>,
    pub entries: u32,
    pub at: Timestamp,
    pub bytes: Arc<[u8]>,
}

/// Why a signed message of another party was refused.
#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    /// The message or its signature.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The bytes are no message of its kind.
    #[error("malformed message: {0}")]
    Malformed(#[from] CborError),
    /// The key does not count for this role at this time.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The message is for somebody else, or for another time.
    #[error("the message is not for this authority")]
    NotForUs,
    /// What was sent along is not what the gate signed: something was exchanged on its way.
    #[error("the envelope holds something else than its request names")]
    Envelope,
    /// A gate's key was used for another place than the one for which it is listed: it may have been taken out of its lane.
    #[error("the gate's key is listed for another {outside}")]
    OutsideBinding {
        /// The gate whose key it is.
        gate: String,
        /// What lies outside.
        outside: Outside,
    },
}

/// A message whose gate is known.
pub(crate) struct FromGate<T> {
    pub message: T,
    /// Hash of its payload.
    pub hash: [u8; 32],
    /// The place for which the gate is listed.
    pub binding: GateBinding,
}

impl SenderError {
    /// The gate that an officer must look at, where its key was used outside of its place.
    #[must_use]
    pub fn gate_outside(&self) -> Option<&str> {
        match self {
            Self::OutsideBinding { gate, .. } => Some(gate),
            Self::Message(_) | Self::Malformed(_) | Self::Trust(_) | Self::NotForUs | Self::Envelope => None,
        }
    }
}

impl Service {
    /// What a record calls a document: the first 8 bytes of its keyed hash, in hexadecimal.
    #[must_use]
    pub fn document_reference(&self, number: &DocumentNumber) -> String {
        let tag = self.store.vault().number_tag(number).to_vec();
        hex::encode(tag.get(..8).unwrap_or_default())
    }

    /// A service over its database.
    #[must_use]
    #[expect(clippy::too_many_arguments, reason = "a service is made of all of these")]
    pub fn new(
        me: AuthorityCode,
        store: Store,
        rules: Rules,
        enrolment: EnrolmentRules,
        faces: Arc<Faces>,
        keys: Keys,
        trust: TrustStore,
        approvals: Approvals,
        risk: RiskControl,
    ) -> Self {
        Self {
            me,
            store,
            rules,
            faces,
            part_keys: RwLock::new(Arc::new(keys.part)),
            signing: RwLock::new(Arc::new(keys.signing)),
            trust: RwLock::new(trust),
            approvals: RwLock::new(approvals),
            statuses: RwLock::default(),
            signed_lists: Mutex::default(),
            countries: Arc::default(),
            pools: Pools::new(),
            liveness: None,
            device_keys_a_day: DEVICE_KEYS_A_DAY,
            attestation: AttestationRules::default(),
            status_capacity: StatusCapacity::default(),
            status_alarm: Mutex::default(),
            enrolments: Enrolments::new(enrolment),
            hand_overs: HandOvers::default(),
            at_lanes: AtLanes::default(),
            risk,
            frames: None,
        }
    }

    /// Looks at selfies with the liveness network too. Its score is written into the log as a weak hint and refuses
    /// nobody: one picture cannot tell.
    #[must_use]
    pub fn with_liveness(mut self, liveness: Liveness) -> Self {
        self.liveness = Some(Arc::new(liveness));
        self
    }

    /// Believes chips of documents that these countries signed; without this, none.
    #[must_use]
    pub fn with_country_signers(mut self, countries: CountrySigners) -> Self {
        self.countries = Arc::new(countries);
        self
    }

    /// Takes one picture from a file at an enrolment, in place of a live capture: for trials alone. Answers and log say so.
    #[must_use]
    pub const fn with_simulated_cameras(mut self, simulated: bool) -> Self {
        self.enrolments.settings.simulated = simulated;
        self
    }

    /// Enrols by other figures than those that ship with the program.
    #[must_use]
    pub fn with_enrolment_rules(mut self, rules: EnrolmentRules) -> Self {
        self.enrolments.settings.rules = rules;
        self
    }

    /// Reads the frames of live captures by something else than the models.
    #[must_use]
    pub fn with_frame_reader(mut self, frames: Arc<dyn FrameReader>) -> Self {
        self.frames = Some(frames);
        self
    }

    /// Lets one person bring so many device keys in 24 hours.
    #[must_use]
    pub fn with_device_keys_a_day(mut self, keys: u32) -> Self {
        self.device_keys_a_day = keys;
        self
    }

    /// Compares so many faces at once for lanes, and decodes and describes so many pictures for everybody else, and lets
    /// so many more of each wait; a request beyond that is refused as busy. Without this, as many as there are
    /// processors for lanes, and half as many for the rest.
    #[must_use]
    pub fn with_concurrency(mut self, concurrency: usize, waiting: usize) -> Self {
        self.pools = Pools::with_concurrency(concurrency, waiting);
        self
    }

    /// Whose service this is.
    #[must_use]
    pub const fn code(&self) -> AuthorityCode {
        self.me
    }

    /// Its database, for commands that act beside the service.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Signs what became of a message with this hash.
    pub(crate) fn receipt(
        &self,
        message: [u8; 32],
        result: ReceiptResult,
        now: Timestamp,
    ) -> Result<Vec<u8>, MessageError> {
        let receipt = Receipt { authority: self.me, message, result, at: now };
        self.signing().verdict.sign(Kind::Receipt, &receipt.encode())
    }

    /// Opens a gate's message of `kind` with the key that the trust list has for its name, which `gate` reads out of it.
    ///
    /// # Errors
    /// It is no message of a listed gate.
    pub(crate) fn open_from_gate<T>(
        &self,
        kind: Kind,
        bytes: &[u8],
        read: fn(&[u8]) -> Result<T, CborError>,
        gate: fn(&T) -> &str,
        now: Timestamp,
    ) -> Result<FromGate<T>, SenderError> {
        let trust = self.trust();
        let kid = message::kid(bytes)?;
        let (key, binding) = trust.gate(self.me, kid, now)?;
        let payload = message::open(kind, bytes, key)?;
        let message = read(payload)?;
        if gate(&message).as_bytes() != gate_of_kid(kid).0 {
            return Err(SenderError::NotForUs);
        }
        Ok(FromGate { message, hash: message::payload_hash(payload), binding: binding.clone() })
    }

    /// Signs with these keys from now on; what is being signed at the moment keeps its key.
    pub fn use_signing_keys(&self, keys: SigningKeys) {
        *self.signing.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        // A list under the key before may be one that nobody takes any more.
        self.signed_lists.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The keys that it signs with at the moment.
    #[must_use]
    pub fn signing(&self) -> Arc<SigningKeys> {
        Arc::clone(&self.signing.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Opens with these keys from now on what was sealed to this authority.
    pub fn use_part_keys(&self, keys: PartKeys) {
        *self.part_keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// The keys that open what was sealed to this authority.
    #[must_use]
    pub fn part_keys(&self) -> Arc<PartKeys> {
        Arc::clone(&self.part_keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The trust lists in use.
    pub fn trust(&self) -> RwLockReadGuard<'_, TrustStore> {
        self.trust.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The approvals in use.
    pub(crate) fn approvals(&self) -> RwLockReadGuard<'_, Approvals> {
        self.approvals.read().unwrap_or_else(PoisonError::into_inner)
    }
}
