//! Staff: accounts, passwords, codes, signing in, and the lines written down of it all.
//!
//! Pages stand in `console`; here is what they and the command line do. Clock and
//! randomness come in as arguments. Nothing here is logged but ids.

mod accounts;
mod actor;
mod address;
mod enrol;
mod own;
mod password;
mod qr;
mod session;
mod sign_in;
mod throttle;
mod totp;

pub use accounts::{
    Invited, StaffError, add_staff, disable_staff, enable_staff, enrol_url, reset_staff,
    set_staff_roles, unlock_staff,
};
pub use actor::Actor;
pub use address::Peer;
pub(crate) use address::client_address;
pub(crate) use enrol::{EnrolFault, Given, enrol, invited, secret_of_link};
pub(crate) use own::{OwnFault, change_password, end_sessions, new_codes, secret_of_nonce};
pub(crate) use password::{Faulty, Hasher};
pub(crate) use qr::Qr;
pub(crate) use session::{Found, drop_cookie, find};
pub(crate) use sign_in::{SignInFault, give_code, give_password, sign_out};
pub(crate) use throttle::barred_accounts;
pub(crate) use totp::Secret;
