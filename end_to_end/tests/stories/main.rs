//! Stories: one behaviour a file, told to the real `tidings` over real sockets.
//!
//! Each starts a server of its own on free ports, in a folder that goes when it ends, so
//! they run side by side. What needs a file or a program that is missing says so and is
//! skipped; with `TIDINGS_TEST_REQUIRE=all` it fails.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may fail the test; clippy exempts only the test functions"
)]

mod a_batch_with_bad_events;
mod a_carrier_never_answers;
mod a_carrier_throttles_everything;
mod a_code_is_seen_only_on_the_phone;
mod a_customer_chooses;
mod a_customer_has_had_enough;
mod a_customer_says_no_on_the_page;
mod a_customer_texts_stop;
mod a_hundred_thousand_bad_requests;
mod a_marketer_changes_the_words;
mod a_message_is_missing;
mod a_request_is_refused;
mod a_stop_comes_from_others;
mod a_summary_waits;
mod an_event_that_fails_is_replayed;
mod an_order_reaches_the_customer;
mod check_names_what_to_mend;
mod connections_are_held_open;
mod events_come_over_nats;
mod events_flood_in;
mod mail_comes_back;
mod mails_meet_a_bad_server;
mod mails_pass_through_postfix;
mod nats_goes_away;
mod nats_server;
mod newer_news_wins;
mod nodes_share_what_they_must;
mod nothing_is_lost_on_many_nodes;
mod nothing_is_lost_when_killed;
mod only_registered_senders_write;
mod real_orders_are_replayed;
mod staff_use_the_console;
mod test_traffic_stays_in_the_sandbox;
mod texts_cost_money;
mod texts_meet_a_bad_carrier;
mod the_catalogue_changes;
mod the_clock_jumps;
mod the_database_goes_away;
mod the_demo_opens_or_says_why_not;
mod the_disk_fills_up;
mod the_disk_is_slow;
mod the_preferences_are_open_to_everybody;
mod two_devices_stay_in_step;
mod what_looks_like_a_scam_does_not_leave;
mod world;
