//! (room code)
