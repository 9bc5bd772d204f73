//! Reading Message Centers of customers far apart, from two readers at once, while messages
//! are written at an even rate.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use model::RecipientId;
use serde_json::{Value, json};
use store::{MailboxFilter, Store};
use tokio::time::Instant;

use super::super::events::{self, Group};
use super::super::figures::Times;
use super::super::ground::Note;
use super::build;
use super::templates::{self, Target, Templates};
use crate::clock;

pub const READERS: u64 = 2;
/// Customers that are read and written to: enough that few are met twice.
const MET: u64 = 200_000;
/// Messages of a page.
const PAGE: usize = 50;
/// Changes asked for at once, as pages do.
const CHANGES: usize = 200;
/// Commits a second while messages are written.
const COMMITS: u64 = 20;

/// Reads for so long; gives the figures.
pub async fn measure(store: &Store, note: &Note, seconds: u64, rate: u64) -> Result<Value> {
    let ground = Arc::new(Ground::new(store, note).await?);
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let writing = tokio::spawn(write(ground.clone(), rate, until));
    let readers: Vec<_> = (0..READERS)
        .map(|reader| tokio::spawn(ground.clone().read(Dice(reader), until)))
        .collect();
    let mut all = Figures::default();
    for reader in readers {
        all.add(reader.await??);
    }
    let (written, commits) = writing.await??;
    let took = begun.elapsed().as_secs_f64();
    Ok(json!({
        "page_ms": all.page.millis(),
        "unread_ms": all.unread.millis(),
        "changes_ms": all.changes.millis(),
        "search_ms": all.search.millis(),
        "of_large_mailboxes": {
            "page_ms": all.large_page.millis(),
            "unread_ms": all.large_unread.millis(),
            "changes_ms": all.large_changes.millis(),
        },
        "found_by_search": all.found,
        "written": written,
        "written_per_s": (written as f64 / took).round(),
        "commit_ms": commits.millis(),
    }))
}

struct Ground {
    store: Store,
    targets: Vec<Target>,
    large: Vec<RecipientId>,
    templates: Templates,
    /// A revision that a device which was here a moment ago knows.
    recent: i64,
    /// Messages between two of one long mailbox.
    every: u64,
}

impl Ground {
    async fn new(store: &Store, note: &Note) -> Result<Self> {
        let mut targets = Vec::new();
        let step = (note.customers / MET).max(1) | 1;
        let numbers: Vec<u64> = (0..note.customers).step_by(step as usize).collect();
        for part in numbers.chunks(1_000) {
            let names: Vec<_> = part
                .iter()
                .map(|n| events::customer_id(Group::Bulk, *n))
                .collect();
            let found = store.facts(names.clone()).await?;
            for ((number, id), facts) in part.iter().zip(names).zip(found) {
                let facts = facts.context("a customer of the store is not there")?;
                targets.push(Target {
                    id,
                    recipient: facts.recipient,
                    facts_version: facts.version,
                    contact: events::contact(Group::Bulk, *number),
                    number: *number,
                });
            }
        }
        let names = (0..note.large).map(|n| events::customer_id(Group::Large, n));
        let facts = store.facts(names.collect()).await?;
        let large: Vec<_> = facts.into_iter().flatten().map(|f| f.recipient).collect();
        let mut recent = 0;
        for recipient in &large {
            recent = recent.max(store.unread_counts(*recipient).await?.revision);
        }
        Ok(Self {
            store: store.clone(),
            targets,
            large,
            templates: Templates::make().await?,
            recent,
            every: note.messages / note.large_messages.max(1),
        })
    }

    async fn read(self: Arc<Self>, mut dice: Dice, until: Instant) -> Result<Figures> {
        let store = &self.store;
        let mut figures = Figures::default();
        let nothing = MailboxFilter::default;
        let search = || MailboxFilter {
            query: Some(templates::RARE.to_lowercase()),
            ..MailboxFilter::default()
        };
        let mut any = || self.targets[dice.below(self.targets.len())].recipient;
        let mut turn = 0;
        while Instant::now() < until {
            let whose = any();
            let begun = Instant::now();
            store.mailbox_page(whose, nothing(), None, PAGE).await?;
            figures.page.push(micros(begun));

            let whose = any();
            let begun = Instant::now();
            store.unread_counts(whose).await?;
            figures.unread.push(micros(begun));

            let whose = any();
            let begun = Instant::now();
            store.changes_since(whose, self.recent, CHANGES).await?;
            figures.changes.push(micros(begun));

            // Each long mailbox in turn.
            turn += 1;
            let whose = self.large[turn % self.large.len()];
            let begun = Instant::now();
            let page = store.mailbox_page(whose, search(), None, PAGE).await?;
            figures.search.push(micros(begun));
            figures.found += page.messages.len() as u64;

            let whose = self.large[(turn * 7 + 3) % self.large.len()];
            let begun = Instant::now();
            store.mailbox_page(whose, nothing(), None, PAGE).await?;
            figures.large_page.push(micros(begun));
            let begun = Instant::now();
            let counts = store.unread_counts(whose).await?;
            figures.large_unread.push(micros(begun));
            // Some twenty messages ago.
            let known = counts.revision - i64::try_from(self.every * 20)?;
            let begun = Instant::now();
            store.changes_since(whose, known.max(0), CHANGES).await?;
            figures.large_changes.push(micros(begun));
        }
        Ok(figures)
    }
}

/// Writes messages at an even rate, each settled at once. Gives how many, and the times of
/// the commits with all that settles them.
async fn write(ground: Arc<Ground>, rate: u64, until: Instant) -> Result<(u64, Times)> {
    let mut dice = Dice(u64::MAX / 3);
    let (mut written, mut times) = (0, Times::default());
    let each = (rate / COMMITS).max(1);
    let mut ticks =
        tokio::time::interval(Duration::from_secs_f64(each as f64 / rate.max(1) as f64));
    while rate > 0 && Instant::now() < until {
        ticks.tick().await;
        let now = clock::now();
        let events = (0..each).map(|n| {
            let target = &ground.targets[dice.below(ground.targets.len())];
            let placed = (written + n, now);
            ground.templates.write(&ground.store, target, placed, false)
        });
        let events = events.collect();
        let begun = Instant::now();
        build::deliver(&ground.store, events).await?;
        times.push(micros(begun));
        written += each;
    }
    Ok((written, times))
}

fn micros(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)
}

#[derive(Default)]
struct Figures {
    page: Times,
    unread: Times,
    changes: Times,
    search: Times,
    large_page: Times,
    large_unread: Times,
    large_changes: Times,
    found: u64,
}

impl Figures {
    fn add(&mut self, other: Self) {
        self.page.extend(other.page);
        self.unread.extend(other.unread);
        self.changes.extend(other.changes);
        self.search.extend(other.search);
        self.large_page.extend(other.large_page);
        self.large_unread.extend(other.large_unread);
        self.large_changes.extend(other.large_changes);
        self.found += other.found;
    }
}

/// Numbers without a pattern, the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_meet_everybody() {
        let mut dice = Dice(1);
        let mut met = [false; 20];
        (0..400).for_each(|_| met[dice.below(20)] = true);
        assert!(met.iter().all(|met| *met));
    }
}
