//! The real router over a real store: requests in, statuses and bodies out.

mod access;
mod alphabets;
mod consents;
mod console;
mod contacts;
mod costs;
mod customers;
mod entry;
mod events;
mod live;
mod messages;
mod openapi;
mod pages;
mod preferences;
mod problems;
mod senders;
mod sessions;
mod suppressions;
mod world;
