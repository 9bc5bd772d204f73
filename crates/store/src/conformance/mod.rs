//! What every backend must do, as plain functions over an empty store. A bug found in one
//! backend becomes a case here first.

mod attention;
mod audit;
mod claims;
mod consents;
mod contacts;
mod database;
mod desk;
mod digests;
mod failed;
mod keys;
mod ledger;
mod mailbox;
mod nodes;
mod path;
mod receipts;
mod sequences;
mod staff;
mod stories;
mod suppressions;
mod transfer;
mod withdrawn;
mod world;

/// Runs each case against an empty store of each backend.
macro_rules! on_both {
    ($module:ident: $($case:ident),+ $(,)?) => {
        mod $module {
            on_sqlite!(sqlite, sqlite_sweeping, $module: $($case),+);
            on_postgres!(postgres, postgres_apart, $module: $($case),+);
        }
    };
}

/// Runs each case against an empty store in a folder, opened in each of some ways.
macro_rules! on_sqlite {
    ($way:ident, $next:ident, $module:ident: $($case:ident),+ $(,)?) => {
        on_sqlite!($way, $module: $($case),+);
        on_sqlite!($next, $module: $($case),+);
    };
    ($way:ident, $module:ident: $($case:ident),+ $(,)?) => {
        mod $way {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let world = crate::conformance::world::World::$way();
                    crate::conformance::$module::$case(&world).await;
                }
            )+
        }
    };
}

/// Runs each case against an empty store in PostgreSQL, opened in each of some ways.
macro_rules! on_postgres {
    ($way:ident, $next:ident, $module:ident: $($case:ident),+ $(,)?) => {
        on_postgres!($way, $module: $($case),+);
        on_postgres!($next, $module: $($case),+);
    };
    ($way:ident, $module:ident: $($case:ident),+ $(,)?) => {
        mod $way {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    if let Some(world) = crate::conformance::world::World::$way().await {
                        crate::conformance::$module::$case(&world).await;
                        world.store().close().await;
                    }
                }
            )+
        }
    };
}

/// A whole path on tables that are spread over machines.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_distributed_store_works_as_one() {
    let Some(url) = database::citus() else {
        return;
    };
    nodes::a_store_is_distributed(url).await;
}

mod cases {
    on_both!(path:
        an_event_is_accepted_once,
        an_event_twice_in_a_batch_is_accepted_once,
        many_callers_at_once_each_get_their_own_answer,
        a_zero_character_stops_nothing,
        a_bad_batch_takes_nothing_else_with_it,
        the_same_id_from_another_source_is_another_event,
        outdated_facts_are_stale_and_write_nothing,
        a_secret_is_destroyed_when_the_delivery_settles,
        a_failed_event_is_listed_and_replayed_once,
        a_stop_suppresses_every_owner_of_the_number,
        the_case_of_a_mail_address_hides_it_from_no_stop,
        a_reopened_store_has_everything,
    );
    on_both!(claims:
        a_delivery_is_claimed_once,
        urgent_lanes_are_claimed_first,
        a_retry_is_due_again_when_it_says,
        what_is_held_is_no_try_and_its_message_says_why,
        what_a_crash_left_claimed_is_in_doubt_and_due_later,
        a_delivery_claimed_by_its_commit_is_not_due,
        a_renewed_claim_is_not_in_doubt,
        what_was_due_is_due_when_the_clock_is_set_back,
    );
    on_both!(consents:
        a_stop_withdraws_and_a_start_gives,
        a_start_takes_back_no_suppression_of_others,
        a_profile_does_not_undo_a_stop,
        a_change_waits_for_nobody_and_loses_nothing,
        a_withdrawal_reaches_what_is_queued,
    );
    on_both!(digests:
        what_waits_is_kept_with_its_message,
        what_is_due_is_claimed_once_and_again_when_its_lease_ran_out,
        a_summary_takes_what_waited_in_the_same_commit,
        of_two_that_settle_one_does,
        what_comes_late_waits_for_a_summary_of_its_own,
        a_crash_before_the_summary_loses_nothing,
        outdated_facts_settle_nothing,
        messages_are_read_as_they_stand,
    );
    on_both!(attention:
        what_would_be_too_much_is_decided_again,
        what_did_not_leave_gives_its_place_back,
        what_is_tried_again_counts_from_then,
        what_counts_no_more_leaves,
        of_many_at_once_no_more_are_accepted_than_there_is_room,
    );
    on_both!(suppressions:
        entries_are_listed_newest_first_and_filtered,
        an_entry_ends_when_it_says,
        undoing_one_leaves_the_others,
        a_carriers_word_of_a_stop_is_kept_with_the_outcome,
    );
    on_both!(contacts:
        what_is_known_belongs_to_one_customer_and_one_address,
        a_change_is_told_once_and_a_first_address_never,
        proof_heals_an_address_and_nobodys_word,
    );
    on_both!(stories:
        a_story_has_what_was_told_of_an_order,
    );
    on_both!(receipts:
        a_receipt_settles_and_a_late_failure_does_not_unsettle,
        a_receipt_before_the_response_is_parked_and_applied,
        a_receipt_and_its_response_in_one_moment_find_each_other,
        a_late_outcome_settles_a_delivery_in_doubt,
        a_receipt_that_repeats_our_reference_settles_a_delivery_in_doubt,
        a_receipt_while_a_doubtful_delivery_is_claimed_again_is_not_overtaken,
        a_receipt_that_names_a_delivery_needs_no_id,
    );
    on_both!(mailbox:
        pages_are_newest_first_and_complete,
        filters_combine,
        search_ignores_case_and_accents,
        search_finds_the_same_in_a_large_mailbox,
        counts_follow_reading_and_deleting,
        changes_since_misses_nothing,
        flags_of_others_are_left_alone,
        purging_keeps_the_stub,
        a_device_beside_a_writer_misses_nothing,
    );
    on_both!(keys:
        api_keys_are_kept_and_taken_back,
        a_token_is_used_once,
        a_session_ends,
        customers_are_listed_in_order_and_put_once,
    );
    on_both!(ledger:
        a_quote_is_reserved_charged_and_reconciled,
        what_does_not_leave_is_released,
        a_late_receipt_charges_what_was_released,
        a_doubt_keeps_its_reservation,
        a_price_in_other_money_is_booked_in_that,
        what_is_not_accepted_reserves_nothing,
        without_quotes_nothing_is_booked,
        costs_are_told_apart_as_asked,
        a_reopened_store_goes_on_booking,
    );
    on_both!(sequences:
        any_sequence_keeps_both_sides_equal,
    );
    on_both!(staff:
        an_account_is_kept_with_all_that_follows_from_it,
        a_change_of_what_changed_meanwhile_is_refused,
        two_accounts_never_share_a_login,
        the_last_operator_stays,
        sessions_end_one_by_one_and_together,
        a_link_works_for_one_account_until_it_ends,
        tries_are_counted_forgiven_and_forgotten,
    );
    on_both!(audit:
        lines_of_the_audit_are_listed_and_never_changed,
    );
    on_both!(desk:
        editions_follow_each_other_without_gaps,
        an_edition_takes_its_drafts_and_its_audit_with_it,
        of_many_publishers_one_is_next,
        a_draft_is_kept_by_whoever_read_it_last,
        an_exception_takes_two_people,
        an_exception_is_settled_once,
        one_exception_is_open_for_the_same_words,
    );
    on_both!(withdrawn:
        a_message_taken_back_stands_in_no_mailbox,
        one_deleted_before_is_taken_back_all_the_same,
        what_a_carrier_took_of_it_was_told,
        what_waits_of_it_is_cancelled,
        a_message_taken_back_releases_what_it_reserved,
        its_event_failed_and_a_replay_makes_another,
        of_many_that_take_it_back_one_does,
    );
    on_both!(failed:
        a_replay_is_written_down_with_what_it_did,
        failed_events_are_filtered_and_counted,
    );
    mod nodes {
        on_postgres!(postgres, nodes:
            claims_of_two_nodes_never_overlap,
            a_dead_nodes_claims_are_in_doubt_and_a_living_ones_are_not,
            a_node_that_lost_its_number_writes_nothing_until_it_has_another,
            the_same_event_from_two_nodes_is_accepted_once,
            a_reader_beside_two_writing_nodes_misses_nothing,
            another_nodes_commit_is_heard,
            the_store_outlives_a_crash_of_its_server,
            four_at_once_migrate_one_database,
            a_newer_schema_is_refused,
            urls_are_read_with_care,
            without_citus_nothing_is_distributed,
        );
    }
    mod nodes_and_digests {
        on_postgres!(postgres, digests:
            two_nodes_at_once_make_each_summary_once,
        );
    }
    mod nodes_and_attention {
        on_postgres!(postgres, attention:
            two_nodes_never_take_more_than_there_is,
        );
    }
    mod nodes_and_money {
        on_postgres!(postgres, ledger:
            two_nodes_keep_one_ledger,
        );
    }
}
