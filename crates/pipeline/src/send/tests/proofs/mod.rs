//! What holds of every hand-over, whatever happened before it.
//!
//! Random histories run through the real send stage over a real store; [`rules`] says in its
//! own words what may leave, and asks nothing of the product.

mod case;
mod hours;
mod rules;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use case::{Step, history};
use world::World;

/// How many histories each property is tried with.
const CASES: u32 = 10_000;
/// So many share a store: then a new one is made, and the clock goes back to the beginning.
const SHARED: usize = 500;

/// Runs a history, alone or among those that share a store.
async fn told(world: &mut World, steps: &[Step]) -> Result<(), String> {
    world.begin().await;
    for step in steps {
        world.take(step).await?;
    }
    world.finish().await
}

#[test]
fn nothing_leaves_against_a_stop_a_choice_or_missing_consent() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let world = std::cell::RefCell::new(runtime.block_on(World::new()));
    let counts = std::cell::RefCell::new([0_usize; 3]);
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let ran = TestRunner::new(config).run(&history(), |steps| {
        let mut world = world.borrow_mut();
        if world.told >= SHARED {
            count(&mut counts.borrow_mut(), &world);
            *world = runtime.block_on(World::new());
        }
        let ran = runtime.block_on(told(&mut world, &steps));
        if ran.is_err() {
            // What shrinking tries next finds nothing of this.
            *world = runtime.block_on(World::new());
        }
        ran.map_err(TestCaseError::fail)
    });
    if let Err(error) = ran {
        panic!("{error}");
    }
    count(&mut counts.borrow_mut(), &world.borrow());
    let [left, cancelled, recalled] = counts.into_inner();
    println!("{left} left, {cancelled} were stopped at the hand-over, {recalled} inside a carrier");
    // A proof about nothing would be none.
    let enough = CASES as usize / 10;
    assert!(left > enough && cancelled > enough && recalled > enough / 50);
}

fn count(counts: &mut [usize; 3], world: &World) {
    counts[0] += world.left;
    counts[1] += world.stopped;
    counts[2] += world.recalled;
}

/// One of some.
fn any_of<T: Clone + std::fmt::Debug + 'static>(all: Vec<T>) -> impl Strategy<Value = T> {
    (0..all.len()).prop_map(move |at| all[at].clone())
}
