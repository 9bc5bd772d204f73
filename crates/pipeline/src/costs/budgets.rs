//! Budgets: how much may be spent on a purpose in a day or a month.
//!
//! Sums are kept in memory and read again from the store every few seconds, for other
//! nodes spend too. What is being committed counts from the moment it is decided, so one
//! node oversteps by at most one message; several by what they accept between two looks.
//! Test traffic has sums of its own: it costs no real money and takes none.

mod holds;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::tz::TimeZone;
use model::{Channel, ContactPoint, Currency, Instant, Mode, PurposeClass, ledger_day};
use store::{AcceptedEvent, AcceptedResult, Spent};

use super::Costs;
pub(crate) use holds::Holds;

/// Over which time a budget lasts. Days and months begin at midnight UTC, as in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// A day.
    Day,
    /// A calendar month.
    Month,
}

impl Per {
    /// The word in configuration and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// The first day of the time that a day is in.
    fn begins(self, day: i32) -> i32 {
        match self {
            Self::Day => day,
            Self::Month => {
                const MICROS: i64 = 86_400_000_000;
                let at = jiff::Timestamp::from_microsecond(i64::from(day) * MICROS);
                let of_month = at.map_or(1, |at| at.to_zoned(TimeZone::UTC).day());
                day - i32::from(of_month) + 1
            }
        }
    }
}

/// So much may be spent on some purposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its name, in logs and answers.
    pub name: String,
    /// Over which time.
    pub per: Per,
    /// In micros.
    pub micros: i64,
    /// The money; what is spent in another does not count.
    pub currency: Currency,
    /// What it is for. Never security or legal.
    pub purposes: Vec<PurposeClass>,
    /// On this channel.
    pub channel: Channel,
    /// Only to this country, as rate cards call it.
    pub country: Option<String>,
}

/// Why a budget cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("[[budgets]] `{budget}`: {reason}")]
pub struct BudgetFault {
    /// Its name, or its place where it has none.
    pub budget: String,
    /// What is wrong and what to do.
    pub reason: String,
}

/// Where a budget stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetState {
    /// The budget.
    pub budget: Budget,
    /// Spent in the present day or month, in micros.
    pub spent: i64,
    /// Four fifths are spent.
    pub nearly: bool,
    /// All is spent: its purposes stop.
    pub over: bool,
}

impl Budget {
    fn is_of(&self, purpose: PurposeClass, channel: Channel) -> bool {
        self.channel == channel && self.purposes.contains(&purpose) && !is_owed(purpose)
    }

    fn is_for(&self, country: Option<&str>) -> bool {
        self.country
            .as_deref()
            .is_none_or(|own| country == Some(own))
    }
}

/// What must be said whatever it costs.
fn is_owed(purpose: PurposeClass) -> bool {
    matches!(purpose, PurposeClass::Security | PurposeClass::Legal)
}

/// What is spent of a budget by one kind of traffic.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// First day of the time it is of.
    begins: i32,
    /// As the store told, and what was committed here since.
    known: i64,
    /// Decided, and not committed yet.
    held: i64,
    /// All that was ever committed here.
    added: i64,
    warned: bool,
}

impl Sums {
    fn spent(&self) -> i64 {
        self.known.saturating_add(self.held)
    }

    /// A new day or month begins with nothing spent.
    fn turn(&mut self, begins: i32) {
        if self.begins < begins {
            *self = Self {
                begins,
                ..Self::default()
            };
        }
    }
}

/// All budgets, with what is spent of them.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    all: Vec<Budget>,
    /// Of each: live and team traffic, then test.
    sums: Mutex<Vec<[Sums; 2]>>,
}

fn kind(mode: Mode) -> usize {
    match mode {
        Mode::Live | Mode::Team => 0,
        Mode::Test => 1,
    }
}

/// Money that is held for an event while it is committed.
#[derive(Clone, Copy, Debug)]
struct Hold {
    budget: usize,
    kind: usize,
    begins: i32,
    micros: i64,
}

impl Budgets {
    pub(super) fn new(all: Vec<Budget>) -> Result<Self, Vec<BudgetFault>> {
        let mut faults = Vec::new();
        for (place, budget) in all.iter().enumerate() {
            let mut fault = |reason: &str| {
                let name = match budget.name.is_empty() {
                    true => format!("number {}", place + 1),
                    false => budget.name.clone(),
                };
                faults.push(BudgetFault {
                    budget: name,
                    reason: reason.to_owned(),
                });
            };
            let name = &budget.name;
            if !(1..=60).contains(&name.len()) || name.chars().any(char::is_control) {
                fault("`name` has 1 to 60 bytes and no control characters");
            }
            if all[..place].iter().any(|other| other.name == *name) {
                fault("another budget has this name; give each its own");
            }
            if budget.purposes.iter().any(|purpose| is_owed(*purpose)) {
                fault(
                    "codes, alerts and what the law requires are sent whatever they cost: \
                     take `security` and `legal` out of `purposes`",
                );
            }
            if budget.purposes.is_empty() {
                fault("`purposes` names nothing; write for example `purposes = [\"marketing\"]`");
            }
            if budget.micros <= 0 {
                fault("`amount` is more than nothing, like `amount = \"250.00\"`");
            }
            let country = budget.country.as_deref();
            let letters =
                |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
            if !country.is_none_or(letters) {
                fault("`country` has two capital letters, as in the rate cards");
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            sums: Mutex::new(vec![[Sums::default(); 2]; all.len()]),
            all,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<[Sums; 2]>> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All budgets as they stand, for live or for test traffic.
    pub(crate) fn states(&self, mode: Mode, now: Instant) -> Vec<BudgetState> {
        let mut sums = self.lock();
        let day = ledger_day(now);
        let states = self.all.iter().zip(sums.iter_mut());
        states
            .map(|(budget, sums)| {
                let sums = &mut sums[kind(mode)];
                sums.turn(budget.per.begins(day));
                let spent = sums.spent();
                BudgetState {
                    spent,
                    nearly: is_nearly(spent, budget.micros),
                    over: spent >= budget.micros,
                    budget: budget.clone(),
                }
            })
            .collect()
    }

    /// Changes the sums of a hold, and warns once when little is left.
    fn change(&self, hold: Hold, change: impl FnOnce(&mut Sums)) {
        let mut sums = self.lock();
        let sums = &mut sums[hold.budget][hold.kind];
        sums.turn(hold.begins);
        // What is held from before midnight is of a day that is over.
        if sums.begins == hold.begins {
            change(sums);
            self.warn(hold.budget, hold.kind, sums);
        }
    }

    fn warn(&self, place: usize, kind: usize, sums: &mut Sums) {
        let budget = &self.all[place];
        if !sums.warned && is_nearly(sums.spent(), budget.micros) {
            sums.warned = true;
            tracing::warn!(
                budget = budget.name,
                traffic = if kind == 1 { "test" } else { "live" },
                "four fifths of a budget are spent; at its end its purposes stop"
            );
        }
    }

    /// What was committed here so far, to be told from what the store counts.
    fn added(&self) -> i64 {
        let sums = self.lock();
        let all = sums.iter().flatten().map(|sums| sums.added);
        all.fold(0, i64::saturating_add)
    }

    /// The first day that any budget looks back to.
    fn since(&self, now: Instant) -> i32 {
        let day = ledger_day(now);
        let first = self.all.iter().map(|budget| budget.per.begins(day));
        first.min().unwrap_or(day)
    }

    /// Takes what the store counts in place of what was known.
    fn learn(&self, spent: &[Spent], now: Instant) {
        let day = ledger_day(now);
        let mut sums = self.lock();
        for (place, (budget, sums)) in self.all.iter().zip(sums.iter_mut()).enumerate() {
            let begins = budget.per.begins(day);
            for (of, sums) in sums.iter_mut().enumerate() {
                let counts = |spent: &&Spent| {
                    spent.day >= begins
                        && kind(spent.mode) == of
                        && spent.currency == budget.currency
                        && budget.is_of(spent.purpose, spent.channel)
                        && budget.is_for(Some(&spent.country))
                };
                let amounts = spent.iter().filter(counts).map(|spent| spent.micros);
                sums.turn(begins);
                sums.known = amounts.fold(0, i64::saturating_add);
                self.warn(place, of, sums);
            }
        }
    }
}

/// Whether four fifths are spent.
fn is_nearly(spent: i64, amount: i64) -> bool {
    i128::from(spent) * 5 >= i128::from(amount) * 4
}

impl Costs {
    /// The channels on which a budget for a purpose is spent, with its name.
    pub(crate) fn spent<'a>(
        &self,
        (mode, purpose): (Mode, PurposeClass),
        contacts: impl Iterator<Item = &'a ContactPoint>,
        now: Instant,
    ) -> Vec<(Channel, String)> {
        if self.budgets.is_empty() || is_owed(purpose) {
            return Vec::new();
        }
        let states = self.budgets.states(mode, now);
        let mut spent = Vec::new();
        for contact in contacts {
            let country = self.country(mode, contact, ledger_day(now));
            let over = states.iter().find(|state| {
                let budget = &state.budget;
                let own =
                    budget.is_of(purpose, contact.channel) && budget.is_for(country.as_deref());
                own && state.over
            });
            if let Some(state) = over {
                spent.push((contact.channel, state.budget.name.clone()));
            }
        }
        spent
    }

    /// What budgets an event takes from, and how much.
    fn holds(&self, accepted: &AcceptedEvent) -> Vec<Hold> {
        let AcceptedResult::Message { message, .. } = &accepted.result else {
            return Vec::new();
        };
        let day = ledger_day(accepted.accepted_at);
        let mut holds = Vec::new();
        for delivery in &message.deliveries {
            let Some(quote) = delivery.quote.as_ref().filter(|quote| quote.micros > 0) else {
                continue;
            };
            let channel = delivery.planned.contact.channel;
            for (place, budget) in self.budgets.all.iter().enumerate() {
                let own = budget.is_of(message.content.purpose, channel)
                    && budget.currency == quote.currency
                    && budget.is_for(Some(&quote.country));
                if own {
                    holds.push(Hold {
                        budget: place,
                        kind: kind(accepted.event.mode),
                        begins: budget.per.begins(day),
                        micros: quote.micros,
                    });
                }
            }
        }
        holds
    }
}

impl crate::Pipeline {
    /// Reads again what was spent, here and by other nodes.
    ///
    /// # Errors
    /// When the store cannot tell; the sums stay as they were.
    pub async fn refresh_budgets(&self) -> store::Result<()> {
        let budgets = &self.limits().costs.budgets;
        if budgets.is_empty() {
            return Ok(());
        }
        // What is committed here meanwhile may be in the answer or not: asked again then.
        // Under load that never ends; the last answer is taken, and the next look mends it.
        for _ in 0..3 {
            let (now, before) = (self.clock().now(), budgets.added());
            let spent = self.store().spent(budgets.since(now)).await?;
            let quiet = budgets.added() == before;
            budgets.learn(&spent, now);
            if quiet {
                break;
            }
        }
        Ok(())
    }

    /// Where every budget stands, for live or for test traffic.
    pub fn budgets(&self, mode: Mode) -> Vec<BudgetState> {
        self.limits().costs.budgets.states(mode, self.clock().now())
    }
}
