//! The command line says what it can do. (This test is also why `cargo test` builds the
//! program that the stories in `end_to_end` run.)

use std::process::Command;

fn tidings(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_tidings"))
        .args(arguments)
        .output()
        .expect("it starts");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn the_help_names_every_command_and_no_hidden_one() {
    let (code, help) = tidings(&["--help"]);
    assert_eq!(code, Some(0));
    for command in [
        "demo", "serve", "replay", "migrate", "move", "check", "api-key", "staff", "dkim-key",
        "bench",
    ] {
        assert!(help.contains(&format!("  {command} ")), "{command}: {help}");
    }
    let (_, bench) = tidings(&["bench", "--help"]);
    for command in ["pipeline", "codes", "mailbox"] {
        assert!(
            bench.contains(&format!("  {command} ")),
            "{command}: {bench}"
        );
    }
    assert!(!bench.contains("  sinks "), "{bench}");
}

#[test]
fn a_mistake_is_named_and_is_no_success() {
    let (code, said) = tidings(&["dmeo"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("dmeo") && said.contains("demo"), "{said}");
    let (code, said) = tidings(&["replay", "events.jsonl"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("--data"), "{said}");
}
