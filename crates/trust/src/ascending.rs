//! Ascending: sets that have one form in bytes.

use std::collections::BTreeSet;

use credential::cbor::CborError;

/// Adds the next of several that ascend, none twice: so a set has one form.
pub(crate) fn ascending<T: Ord>(set: &mut BTreeSet<T>, next: T) -> Result<(), CborError> {
    if set.last().is_some_and(|last| *last >= next) {
        return Err(CborError::Keys);
    }
    set.insert(next);
    Ok(())
}
