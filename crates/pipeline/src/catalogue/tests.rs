//! What the shipped catalogue must be, and what a broken one is told.
use super::*;

#[test]
fn the_shipped_catalogue_loads() {
    if let Err(faults) = Catalogue::load(None) {
        panic!("{faults}");
    }
}
