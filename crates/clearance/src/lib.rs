//! (room clearance)
