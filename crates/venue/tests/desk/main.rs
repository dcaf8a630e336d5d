//! A hotel's desk over real databases and a register to try it against.

mod book;
mod helpers;
mod hotel;
mod hotel_system;
mod postgres;
mod queue;
