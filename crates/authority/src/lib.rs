//! (room authority)
