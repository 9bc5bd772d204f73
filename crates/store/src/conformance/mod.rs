//! What every backend must do, as plain functions over an empty store. A bug found in one
//! backend becomes a case here first.

mod mailbox;
mod path;
mod world;

/// Runs each case against an empty embedded store.
macro_rules! on_sqlite {
    ($module:ident: $($case:ident),+ $(,)?) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let world = crate::conformance::world::World::sqlite();
                    crate::conformance::$module::$case(&world).await;
                }
            )+
        }
    };
}

mod sqlite {
    on_sqlite!(path:
        an_event_is_accepted_once,
        the_same_id_from_another_source_is_another_event,
        outdated_facts_are_stale_and_write_nothing,
        a_delivery_is_claimed_once,
        urgent_lanes_are_claimed_first,
        a_retry_is_due_again_when_it_says,
        what_a_crash_left_claimed_is_in_doubt_and_due_later,
        a_delivery_claimed_by_its_commit_is_not_due,
        a_renewed_claim_is_not_in_doubt,
        what_was_due_is_due_when_the_clock_is_set_back,
        a_receipt_settles_and_a_late_failure_does_not_unsettle,
        a_receipt_before_the_response_is_parked_and_applied,
        a_late_outcome_settles_a_delivery_in_doubt,
        a_receipt_that_repeats_our_reference_settles_a_delivery_in_doubt,
        a_receipt_while_a_doubtful_delivery_is_claimed_again_is_not_overtaken,
        a_secret_is_destroyed_when_the_delivery_settles,
        a_failed_event_is_listed_and_replayed_once,
        a_stop_suppresses_every_owner_of_the_number,
        the_case_of_a_mail_address_hides_it_from_no_stop,
        a_reopened_store_has_everything,
    );
    on_sqlite!(mailbox:
        pages_are_newest_first_and_complete,
        filters_combine,
        search_ignores_case_and_accents,
        search_finds_the_same_in_a_large_mailbox,
        counts_follow_reading_and_deleting,
        changes_since_misses_nothing,
        flags_of_others_are_left_alone,
        purging_keeps_the_stub,
    );
}
