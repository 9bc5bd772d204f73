//! Contact points: what is known of an address of a customer, and changes of addresses that
//! the old address is to be told of. Whether an address is suppressed stands with the
//! suppressions, and nowhere else.

use model::{
    ChangeId, Channel, ContactPoint, ContactState, Customer, Health, Instant, Mode, RecipientId,
};

use crate::{Backend, Result, Store};

/// Reasons of suppressions that are an address's health and nobody's word: proof that it
/// works takes them back.
pub(crate) fn health_reasons() -> Vec<&'static str> {
    Health::ALL
        .iter()
        .filter_map(|health| health.reason())
        .collect()
}

/// What is known of one address of one customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRow {
    /// Whose.
    pub recipient: RecipientId,
    /// The address, by its keyed digest.
    pub digest: i64,
    /// Grows with every change; 0 where nothing is kept yet.
    pub version: i64,
    /// What is known.
    pub state: ContactState,
}

/// A customer's address was replaced or removed, and the old one is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactChange {
    /// Its id.
    pub id: ChangeId,
    /// Whose.
    pub recipient: RecipientId,
    /// The old address.
    pub contact: ContactPoint,
    /// In which mode it was changed.
    pub mode: Mode,
    /// When.
    pub changed_at: Instant,
}

/// The addresses of a profile that another one has no more, by `digest`.
pub(crate) fn lost<'a>(
    before: &'a Customer,
    after: &Customer,
    digest: impl Fn(&ContactPoint) -> i64,
) -> Vec<(i64, &'a ContactPoint)> {
    let of = |channel| after.contact(channel).map(&digest);
    Channel::ALL
        .iter()
        .filter_map(|channel| {
            let old = before.contact(*channel)?;
            let known = digest(old);
            (of(*channel) != Some(known)).then_some((known, old))
        })
        .collect()
}

impl Store {
    /// [`Store::put_customers`], and notes of each address that is replaced or removed that it
    /// is to be told, in the same commit.
    ///
    /// # Errors
    /// [`crate::Error`]; nothing was written.
    pub async fn put_customers_telling(
        &self,
        customers: Vec<Customer>,
        now: Instant,
        mode: Mode,
    ) -> Result<Vec<RecipientId>> {
        on!(self, backend => backend.put_profiles_of(customers, now, Some(mode)).await)
    }

    /// What is known of a customer's addresses; nothing of those of which nothing is kept.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn contact_points(&self, recipient: RecipientId) -> Result<Vec<ContactRow>> {
        on!(self, backend => backend.contact_points(recipient).await)
    }

    /// What is known of an address, one row for each customer who has it now.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn contact_points_at(&self, contact: ContactPoint) -> Result<Vec<ContactRow>> {
        on!(self, backend => backend.contact_points_at(contact).await)
    }

    /// Keeps what is known of an address, if nobody else did since the row was read. `false`
    /// when somebody did: read and decide again.
    ///
    /// # Errors
    /// [`crate::Error`]; nothing was written.
    pub async fn keep_contact_point(&self, row: ContactRow) -> Result<bool> {
        on!(self, backend => backend.keep_contact_point(row).await)
    }

    /// The customers who have an address.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn owners_of(&self, contact: ContactPoint) -> Result<Vec<RecipientId>> {
        on!(self, backend => backend.owners_of(contact).await)
    }

    /// Takes back the suppression of an address that was its health, and decides again what
    /// was decided about its owners. Whether there was one.
    ///
    /// # Errors
    /// [`crate::Error`]; nothing was written.
    pub async fn heal(&self, contact: ContactPoint) -> Result<bool> {
        on!(self, backend => backend.heal(contact).await)
    }

    /// Changes whose old address is still to be told, oldest first.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn due_contact_changes(&self, limit: usize) -> Result<Vec<ContactChange>> {
        on!(self, backend => backend.due_contact_changes(limit).await)
    }

    /// Some old addresses have been told.
    ///
    /// # Errors
    /// [`crate::Error`]; then none counts as told.
    pub async fn contact_changes_told(&self, changes: Vec<ChangeId>) -> Result<()> {
        on!(self, backend => backend.contact_changes_told(changes).await)
    }
}
