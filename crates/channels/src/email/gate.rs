//! Who may use a connection next: the more urgent lane first, and in turn within a lane.
//! The last place is kept for security and urgent mail, so that a code never waits for
//! a bulk mail that a slow server is chewing on.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::Lane;
use tokio::sync::{Notify, oneshot};

/// A fixed number of places.
#[derive(Clone)]
pub(super) struct Gate(Arc<Shared>);

struct Shared {
    places: usize,
    state: Mutex<State>,
    freed: Notify,
}

struct State {
    free: usize,
    closed: bool,
    waiting: [VecDeque<oneshot::Sender<Place>>; Lane::ALL.len()],
}

/// A place; free again when dropped.
pub(super) struct Place {
    gate: Gate,
    taken: bool,
}

impl Gate {
    pub(super) fn new(places: usize) -> Self {
        Self(Arc::new(Shared {
            places,
            state: Mutex::new(State {
                free: places,
                closed: false,
                waiting: Default::default(),
            }),
            freed: Notify::new(),
        }))
    }

    /// Waits for a place; `None` when the gate is closed.
    pub(super) async fn enter(&self, lane: Lane) -> Option<Place> {
        let turn = {
            let mut state = self.state();
            if state.closed {
                return None;
            }
            if state.free > self.kept_from(lane) {
                state.free -= 1;
                return Some(self.place());
            }
            let (sender, turn) = oneshot::channel();
            state.waiting[usize::from(lane.number())].push_back(sender);
            turn
        };
        turn.await.ok()
    }

    /// Lets nobody in any more, not even those who wait.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.waiting = Default::default();
    }

    /// Waits until every place is free.
    pub(super) async fn empty(&self) {
        loop {
            let freed = self.0.freed.notified();
            if self.state().free == self.0.places {
                return;
            }
            freed.await;
        }
    }

    /// How many places must stay free for others when this lane enters.
    fn kept_from(&self, lane: Lane) -> usize {
        let ordinary = lane > Lane::Urgent;
        usize::from(ordinary && self.0.places > 1)
    }

    fn place(&self) -> Place {
        Place {
            gate: self.clone(),
            taken: true,
        }
    }

    /// Passes a freed place on, or keeps it free.
    fn pass_on(&self) {
        loop {
            let next = {
                let mut state = self.state();
                match self.next_in_turn(&mut state) {
                    Some(next) => next,
                    None => {
                        state.free += 1;
                        // A permit is stored, so an `empty` between its look and its wait
                        // does not miss this.
                        self.0.freed.notify_one();
                        return;
                    }
                }
            };
            match next.send(self.place()) {
                Ok(()) => return,
                // Whoever waited has gone; the place is still in hand.
                Err(mut place) => place.taken = false,
            }
        }
    }

    fn next_in_turn(&self, state: &mut State) -> Option<oneshot::Sender<Place>> {
        let free = state.free + 1;
        Lane::ALL
            .iter()
            .filter(|lane| free > self.kept_from(**lane))
            .find_map(|lane| state.waiting[usize::from(lane.number())].pop_front())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.taken {
            self.gate.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn now<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn urgent_goes_first_and_keeps_the_last_place() {
        let gate = Gate::new(2);
        let mut bulk = pin!(gate.enter(Lane::Bulk));
        let Poll::Ready(Some(first)) = now(bulk.as_mut()) else {
            panic!("a place is free");
        };
        let mut more_bulk = pin!(gate.enter(Lane::Bulk));
        assert!(now(more_bulk.as_mut()).is_pending(), "the last is kept");
        let mut code = pin!(gate.enter(Lane::Security));
        let Poll::Ready(Some(_second)) = now(code.as_mut()) else {
            panic!("it is kept for this");
        };
        let mut normal = pin!(gate.enter(Lane::Normal));
        let mut urgent = pin!(gate.enter(Lane::Urgent));
        assert!(now(normal.as_mut()).is_pending());
        assert!(now(urgent.as_mut()).is_pending());
        drop(first);
        assert!(now(more_bulk.as_mut()).is_pending());
        assert!(now(normal.as_mut()).is_pending());
        assert!(now(urgent.as_mut()).is_ready());
    }

    #[test]
    fn a_place_outlives_those_who_stop_waiting() {
        let gate = Gate::new(1);
        let mut first = pin!(gate.enter(Lane::Bulk));
        let Poll::Ready(Some(place)) = now(first.as_mut()) else {
            panic!("free");
        };
        {
            let mut gone = pin!(gate.enter(Lane::Bulk));
            assert!(now(gone.as_mut()).is_pending());
        }
        let mut given_but_gone = Box::pin(gate.enter(Lane::Bulk));
        assert!(now(given_but_gone.as_mut()).is_pending());
        drop(place);
        drop(given_but_gone);
        let mut last = pin!(gate.enter(Lane::Bulk));
        assert!(now(last.as_mut()).is_ready());
        let mut empty = pin!(gate.empty());
        assert!(now(empty.as_mut()).is_ready());
    }

    #[test]
    fn a_closed_gate_sends_everybody_away() {
        let gate = Gate::new(1);
        let mut inside = pin!(gate.enter(Lane::Bulk));
        let Poll::Ready(place) = now(inside.as_mut()) else {
            panic!("free");
        };
        let mut waiting = pin!(gate.enter(Lane::Security));
        assert!(now(waiting.as_mut()).is_pending());
        gate.close();
        assert!(matches!(now(waiting.as_mut()), Poll::Ready(None)));
        let mut empty = pin!(gate.empty());
        assert!(now(empty.as_mut()).is_pending());
        drop(place);
        assert!(now(empty.as_mut()).is_ready());
    }
}
