//! The real router over a real store: requests in, statuses and bodies out.

mod access;
mod costs;
mod customers;
mod entry;
mod events;
mod live;
mod messages;
mod openapi;
mod pages;
mod path;
mod problems;
mod sessions;
mod world;
