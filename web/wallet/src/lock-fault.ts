/** Why the phone's own lock opened nothing. */

/** `refused`: stopped, or nobody answered. `unable`: it gives no secret. `lost`: it opens nothing that is kept here. */
export class LockFault extends Error {
  constructor(readonly code: 'refused' | 'unable' | 'lost') { super(code) }
}
