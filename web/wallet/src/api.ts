/** Made by tools/api.mjs from an authority's /openapi.json; a test holds it to that. */

export type Problem = {
  readonly code: ProblemCode
  readonly detail: string
  readonly field?: string | null
  readonly status: number
  readonly title: string
  readonly type: string
  readonly work?: Work | null
}

export type NewAppeal = {
  readonly language: string
  readonly reference: string
  readonly words: string
}

export type AppealAnswer = {
  readonly answer?: string
  readonly due_at: string
  readonly made_at: string
  readonly outcome: string
  readonly reference: string
}

export type AttestationNonce = {
  readonly nonce: string
}

export type CarersAnswer = {
  readonly carers: readonly (CarerAnswer)[]
}

export type Enrolment = {
  readonly birth?: string | null
  readonly document?: DocumentRef | null
  readonly identity?: {
  readonly number: string
  readonly request: RequestIdText
} | null
  readonly invitation?: string | null
  readonly mrz?: readonly (string)[] | null
  readonly name?: string | null
  readonly work?: {
  readonly answer: number
  readonly salt: string
} | null
}

export type BegunAnswer = {
  readonly capture: string
  readonly expires: string
  readonly id: string
  readonly prompt: string
}

export type Frames = {
  readonly frames: readonly (Frame)[]
}

export type PromptAnswer = {
  readonly prompt: string
}

export type EnrolledAnswer = {
  readonly authority: string
  readonly home: boolean
  readonly secret: string
  readonly waits_until?: string | null
}

export type HandOverOffer = {
  readonly code: string
  readonly parcel?: Base64 | null
}

export type HandOverOfferAnswer = {
  readonly expires: string
}

export type HandOverCode = {
  readonly code: string
}

export type HandOverAnswer = {
  readonly home: string
  readonly parcel?: string | null
  readonly secret: string
}

export type IdentityRequestAnswer = {
  readonly expires: string
  readonly id: string
  readonly link: string
}

export type IdentityStateAnswer = {
  readonly refused?: string | null
  readonly state: string
}

export type CrossingQuestion = {
  readonly from: string
  readonly on?: string | null
  readonly port?: string | null
  readonly to: string
}

export type CrossingAnswer = {
  readonly at: string
  readonly code?: string | null
  readonly day?: string | null
  readonly endorsement?: string | null
  readonly entries_left?: number | null
  readonly lane?: string | null
  readonly lane_code?: string | null
  readonly last_day?: string | null
  readonly measures: readonly (string)[]
  readonly permit?: string | null
  readonly port: string
  readonly side?: string | null
  readonly spends: boolean
  readonly verdict?: string | null
}

export type PartsWanted = {
  readonly attestation?: {
  readonly android_key?: readonly (readonly (Base64)[])[] | null
  readonly apple_app_attest?: Base64 | null
  readonly nonces: readonly (Base64)[]
} | null
  readonly devices: readonly (Device)[]
  readonly expires?: string | null
  readonly issuer: string
  readonly key_class: "hardware" | "software"
}

export type PartsAnswer = {
  readonly expires: string
  readonly key_class: string
  readonly key_class_reason?: string | null
  readonly parts: readonly (string)[]
}

export type PassAnswer = {
  readonly carer?: CarerAnswer | null
  readonly documents: readonly (PassDocument)[]
  readonly home: string
  readonly second_enrolment?: SecondEnrolment | null
  readonly tokens_left: number
}

export type PassagesAnswer = {
  readonly passages: readonly (PassageAnswer)[]
}

export type SecondAnswer = {
  readonly agree: boolean
}

export type TokensWanted = {
  readonly attestation?: {
  readonly android_key?: readonly (readonly (Base64)[])[] | null
  readonly apple_app_attest?: Base64 | null
  readonly nonces: readonly (Base64)[]
} | null
  readonly devices: readonly (Device)[]
  readonly key_class: "hardware" | "software"
}

export type TokensAnswer = {
  readonly expires: string
  readonly key_class: string
  readonly key_class_reason?: string | null
  readonly tokens: readonly (TokenAnswer)[]
}

export type VenueCredentialsWanted = {
  readonly attestation?: {
  readonly android_key?: readonly (readonly (Base64)[])[] | null
  readonly apple_app_attest?: Base64 | null
  readonly nonces: readonly (Base64)[]
} | null
  readonly devices: readonly (Device)[]
  readonly document?: string | null
  readonly key_class: "hardware" | "software"
  readonly kind: string
}

export type VenueCredentialsAnswer = {
  readonly credentials: readonly (string)[]
  readonly expires: string
  readonly key_class: string
  readonly key_class_reason?: string | null
}

export type ProblemCode = "not_found" | "method_not_allowed" | "unsupported_media_type" | "body_too_large" | "body_interrupted" | "body_too_slow" | "malformed_json" | "wrong_field" | "number_invalid" | "unauthorized" | "role_missing" | "passkey_needed" | "code_refused" | "passkey_refused" | "passkey_copied" | "passkey_taken" | "challenge_expired" | "account_locked" | "unknown_account" | "account_refused" | "last_supervisor" | "accounts_unusable" | "no_pass" | "pass_suspended" | "carer_needed" | "carer_away" | "carer_of_age" | "carer_date_over" | "carer_withdrawn" | "carer_ended" | "carer_refused" | "unknown_carer" | "unknown_person" | "work_required" | "work_invalid" | "nothing_held" | "invitation_invalid" | "identity_not_taken" | "identity_request_unknown" | "identity_waits" | "identity_number" | "enrolment_not_under_way" | "unknown_request" | "enrolment_busy" | "frames_refused" | "liveness_failed" | "face_masked" | "face_shaded" | "face_covered" | "enrolment_waits" | "nothing_pending" | "hand_over_unknown" | "invalid_dpop_proof" | "use_dpop_nonce" | "too_many_requests" | "mrz_unreadable" | "mrz_mismatch" | "picture_unreadable" | "face_unusable" | "batch_size" | "device_key_invalid" | "possession_invalid" | "too_many_keys" | "status_places_taken" | "device_key_taken" | "nothing_issued" | "paper_refused" | "not_approved" | "no_permit" | "record_invalid" | "number_taken" | "unknown_reference" | "nobody_at_lane" | "portrait_not_approved" | "nothing_waits" | "already_counted" | "no_reservation" | "message_malformed" | "signature_invalid" | "key_not_trusted" | "sealed_unreadable" | "not_for_us" | "envelope_mismatch" | "gate_outside_binding" | "not_the_sender" | "weekly_key_missing" | "busy" | "database_failed" | "row_damaged" | "approval_refused" | "template_unknown" | "part_failed" | "token_failed" | "status_failed" | "crypto_failed" | "face_models_failed" | "internal"

export type Work = {
  readonly bits: number
  readonly salt: string
}

export type CarerAnswer = {
  readonly from: string
  readonly ground: string
  readonly id: string
  readonly last: string
  readonly over?: string | null
  readonly role: string
}

export type DocumentRef = {
  readonly kind: string
  readonly number: string
}

export type RequestIdText = string

export type Frame = {
  readonly at_ms: number
  readonly picture: Base64
}

export type Base64 = string

export type Device = {
  readonly key: Base64
  readonly proof: Base64
}

export type PassDocument = {
  readonly endorsements: readonly (PassEndorsement)[]
  readonly expires?: string | null
  readonly kind: string
  readonly last4: string
  readonly status: string
}

export type SecondEnrolment = {
  readonly at: string
  readonly until: string
}

export type PassageAnswer = {
  readonly at: string
  readonly direction: string
  readonly noticed: boolean
  readonly port: string
  readonly side?: string | null
}

export type TokenAnswer = {
  readonly own: string
  readonly sealed: Readonly<Record<string, string>>
  readonly token: string
}

export type PassEndorsement = {
  readonly destination: string
  readonly entries?: number | null
  readonly form: string
  readonly from: string
  readonly left?: number | null
  readonly to: string
}

export interface Operations {
  appeal: { method: 'POST'; path: '/v1/appeals'; secret: false; body: NewAppeal; answer: AppealAnswer }
  appeal_state: { method: 'GET'; path: '/v1/appeals/{reference}'; secret: false; body: undefined; answer: AppealAnswer }
  attestation_nonce: { method: 'GET'; path: '/v1/attestation-nonce'; secret: true; body: undefined; answer: AttestationNonce }
  own_carers: { method: 'GET'; path: '/v1/carers'; secret: true; body: undefined; answer: CarersAnswer }
  withdraw_carer: { method: 'DELETE'; path: '/v1/carers/{id}'; secret: true; body: undefined; answer: undefined }
  enrol: { method: 'POST'; path: '/v1/enrolments'; secret: false; body: Enrolment; answer: BegunAnswer }
  frames: { method: 'POST'; path: '/v1/enrolments/{id}/frames'; secret: false; body: Frames; answer: PromptAnswer | EnrolledAnswer }
  withdraw_hand_over: { method: 'DELETE'; path: '/v1/hand-over'; secret: true; body: undefined; answer: undefined }
  offer_hand_over: { method: 'POST'; path: '/v1/hand-over'; secret: true; body: HandOverOffer; answer: HandOverOfferAnswer }
  take_hand_over: { method: 'POST'; path: '/v1/hand-over/take'; secret: false; body: HandOverCode; answer: HandOverAnswer }
  ask_identity: { method: 'POST'; path: '/v1/identity-requests'; secret: false; body: undefined; answer: IdentityRequestAnswer }
  identity_state: { method: 'GET'; path: '/v1/identity-requests/{id}'; secret: false; body: undefined; answer: IdentityStateAnswer }
  may_cross: { method: 'POST'; path: '/v1/may-cross'; secret: true; body: CrossingQuestion; answer: CrossingAnswer }
  parts: { method: 'POST'; path: '/v1/parts'; secret: true; body: PartsWanted; answer: PartsAnswer }
  end_pass: { method: 'DELETE'; path: '/v1/pass'; secret: true; body: undefined; answer: undefined }
  own_pass: { method: 'GET'; path: '/v1/pass'; secret: true; body: undefined; answer: PassAnswer }
  mark_look_alike: { method: 'POST'; path: '/v1/pass/look-alike'; secret: true; body: undefined; answer: undefined }
  passages: { method: 'GET'; path: '/v1/passages'; secret: true; body: undefined; answer: PassagesAnswer }
  answer_second_enrolment: { method: 'POST'; path: '/v1/second-enrolment'; secret: true; body: SecondAnswer; answer: undefined }
  tokens: { method: 'POST'; path: '/v1/tokens'; secret: true; body: TokensWanted; answer: TokensAnswer }
  venue_credentials: { method: 'POST'; path: '/v1/venue-credentials'; secret: true; body: VenueCredentialsWanted; answer: VenueCredentialsAnswer }
}
