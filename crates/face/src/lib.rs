//! (room face)
