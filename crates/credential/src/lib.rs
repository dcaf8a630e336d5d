//! (room credential)
