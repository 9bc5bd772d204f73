//! The ledger under any sequence of what can happen to deliveries.

use model::{Account, Channel, DeliveryState, Quote, ReceiptStatus, Span};

use super::ledger::{accounts, price, quote, quoted, stands};
use super::transfer::filled::receipt;
use super::world::World;
use crate::{ClaimedDelivery, Next};

/// A number that follows from another, for sequences that can be had again.
fn next(seed: &mut u64) -> usize {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 33).unwrap()
}

/// An outcome once more, or a receipt that only our reference names.
async fn come_late(world: &World, claimed: &ClaimedDelivery, outcome: bool) {
    if outcome {
        let end = Next::Settle(DeliveryState::GivenUp);
        return world.record(claimed, None, end).await;
    }
    let mut late = receipt(
        world,
        &format!("late-{}", claimed.id),
        ReceiptStatus::Delivered,
    );
    let reference = model::Delivery::reference(claimed.id);
    late.hint = Some((claimed.contact.clone(), reference));
    world.store().record_receipts(vec![late]).await.unwrap();
}

pub(super) async fn any_sequence_keeps_both_sides_equal(world: &World) {
    let mut seed = 20_261_122;
    let facts = world.customer("c-1", "+12535550129").await;
    let store = world.store();
    let mut hands: Vec<ClaimedDelivery> = Vec::new();
    let mut named: Vec<String> = Vec::new();
    let mut told: Vec<ClaimedDelivery> = Vec::new();
    for step in 0..400_u32 {
        world.clock.advance(Span::minutes(3));
        let soon = world.clock.now() + Span::minutes(5);
        match next(&mut seed) % 9 {
            0..=2 => {
                let micros = next(&mut seed) as i64 % 20_000;
                let of = Quote {
                    seller: format!("s-{}", step % 3),
                    ..quote(micros)
                };
                world
                    .commit(quoted(world, &facts, &format!("o-{step}"), of))
                    .await;
            }
            3 => hands.extend(world.claim(Channel::Sms, 3).await),
            4 | 5 if !hands.is_empty() => {
                let claimed = hands.swap_remove(next(&mut seed) % hands.len());
                let end = match next(&mut seed) % 8 {
                    0 => Next::Retry(soon),
                    1 => Next::Doubt(soon),
                    2 => Next::Settle(DeliveryState::Rejected),
                    3 => Next::Settle(DeliveryState::Expired),
                    4 => Next::Settle(DeliveryState::GivenUp),
                    _ => Next::Settle(DeliveryState::Accepted),
                };
                let id = format!("x-{step}");
                let accepted = end == Next::Settle(DeliveryState::Accepted);
                world.record(&claimed, accepted.then_some(&*id), end).await;
                named.extend(accepted.then_some(id));
                told.push(claimed);
            }
            6 if !named.is_empty() => {
                let id = &named[next(&mut seed) % named.len()];
                let status = [ReceiptStatus::Delivered, ReceiptStatus::Failed][next(&mut seed) % 2];
                store
                    .record_receipts(vec![receipt(world, id, status)])
                    .await
                    .unwrap();
            }
            7 if !named.is_empty() => {
                let id = &named[next(&mut seed) % named.len()];
                let money = ["USD", "USD", "EUR"][next(&mut seed) % 3];
                let record = price(id, next(&mut seed) as i64 % 30_000, money);
                store
                    .record_prices(vec![record.clone(), record])
                    .await
                    .unwrap();
            }
            8 if !told.is_empty() => {
                let claimed = &told[next(&mut seed) % told.len()];
                come_late(world, claimed, next(&mut seed).is_multiple_of(2)).await;
            }
            _ if step % 40 == 7 => {
                world.outlive_leases().await;
                let now = world.clock.now();
                let again = |_, now| now + Span::minutes(1);
                store.doubt_claims(true, now, again).await.unwrap();
            }
            _ => {}
        }
        if step % 20 == 0 {
            accounts(world).await;
        }
    }
    let all = accounts(world).await;
    for account in [Account::Charged, Account::Released, Account::Reconciled] {
        assert!(
            stands(&all, account).1 > 0,
            "{account} was never met: {all:?}"
        );
    }
}
