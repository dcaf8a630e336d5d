//! (room trust)
