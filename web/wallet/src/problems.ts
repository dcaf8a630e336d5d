/** Problems: from an error to the sentence that says what to do. */
import { Refusal } from './client.js'
import type { Word } from './words.js'
import type { NumberFault } from '../../core/numbers.js'

const SENTENCES: Readonly<Record<string, Word>> = {
  network: 'problemNetwork',
  unknown_person: 'problemPerson', number_invalid: 'problemPerson', wrong_field: 'problemPerson', mrz_mismatch: 'problemPerson', mrz_unreadable: 'problemPerson',
  camera: 'problemCamera', nothing_held: 'problemHeld', invitation_invalid: 'invitationWrong',
  face_masked: 'problemMask', face_shaded: 'problemShades', face_covered: 'problemCovered',
  liveness_failed: 'problemLive', frames_refused: 'problemLive', enrolment_not_under_way: 'problemLive',
  enrolment_waits: 'problemWaits',
  identity_not_taken: 'identityNotTaken', identity_request_unknown: 'identityOver', identity_waits: 'identityWaits', identity_number: 'identityNumberOver',
  hand_over_unknown: 'handOverUnknown',
  picture_unreadable: 'problemPicture', face_unusable: 'problemPicture',
  work_required: 'problemBusy', work_invalid: 'problemBusy', too_many_requests: 'problemBusy', enrolment_busy: 'problemBusy', too_many_keys: 'problemBusy', busy: 'problemBusy', weekly_key_missing: 'problemBusy',
  status_places_taken: 'problemFull',
  possession_invalid: 'problemClock',
  no_pass: 'problemPass', unauthorized: 'problemPass', invalid_dpop_proof: 'problemPass', nothing_pending: 'secondGone',
  pass_suspended: 'problemSuspended',
  carer_needed: 'problemCarerNeeded', carer_away: 'problemCarerAway',
  carer_of_age: 'carerOfAge', carer_date_over: 'carerDateOver', carer_withdrawn: 'carerWithdrawn', carer_ended: 'carerEnded', unknown_carer: 'carerEnded',
  unknown_reference: 'problemReference',
  no_permit: 'problemPermit', nothing_issued: 'problemPermit',
}

export function problemWord(error: unknown): Word {
  if (error instanceof Refusal) return SENTENCES[error.code] ?? 'problemOther'
  const name = error instanceof Error ? `${error.name} ${error.message}` : ''
  return /quota|storage|exceed/i.test(name) ? 'problemStorage' : 'problemOther'
}

const FAULTS: Readonly<Record<NumberFault['fault'], Word>> = {
  length: 'faultLength', character: 'faultCharacter', check_digit: 'faultCheck', date: 'faultDate', area: 'faultArea',
  is_residence_permit: 'faultPermit', old_booklet: 'faultBooklet',
}

export const faultWord = ({ fault }: NumberFault): Word => FAULTS[fault]
