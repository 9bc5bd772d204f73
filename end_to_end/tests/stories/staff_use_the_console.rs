//! Staff enrol, sign in with a code, try a failed event again, and all of it is written
//! down; who guesses has to wait, and nobody sees what their roles do not show.
//!
//! The codes are computed by Python's standard library, not by us.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::world::{
    Browser, Http, customer, event, make_key, missing, order, python, run, serve, write_config,
};

const PASSWORD: &str = "seven green lanterns";

/// RFC 6238, as its appendix has it, in the words of another language.
const TOTP: &str = "import base64, hmac, struct, sys
key = base64.b32decode(sys.argv[1].replace(' ', ''))
tag = hmac.new(key, struct.pack('>Q', int(sys.argv[2]) // 30), 'sha1').digest()
at = tag[19] & 15
print('%06d' % ((struct.unpack('>I', tag[at:at + 4])[0] & 0x7fffffff) % 1000000))";

#[expect(clippy::disallowed_methods, reason = "a phone has a clock of its own")]
fn code(key: &str, steps_ahead: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let at = now.as_secs() + 30 * steps_ahead;
    let made = Command::new(python())
        .args(["-c", TOTP, key, &at.to_string()])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("{before}: {text}"));
    rest.split(after).next().unwrap()
}

/// Adds an account on the command line; gives the path of its link.
pub(crate) async fn invite(config: &str, name: &str, email: &str, role: &str) -> String {
    let added = run(&[
        "staff", "add", "--config", config, "--name", name, "--email", email, "--role", role,
        "--json",
    ])
    .await;
    assert!(added.status.success(), "{added:?}");
    let added: Value = serde_json::from_str(&added.stdout).unwrap();
    let url = added["url"].as_str().unwrap();
    format!("/console{}", url.split_once("/console").unwrap().1)
}

/// Opens a link in a browser and does what it asks for; gives the key on the phone.
pub(crate) async fn enrol(browser: &mut Browser, link: &str) -> String {
    let page = browser.open(link).await;
    assert_eq!(page.status, 200, "{page:?}");
    let key = between(&page.body, "type this key: <span class=\"mono\">", "<").to_owned();
    let token = link.split_once("token=").unwrap().1;
    let code = code(&key, 0);
    let fields = [
        ("token", token),
        ("password", PASSWORD),
        ("again", PASSWORD),
        ("code", &code),
    ];
    let done = browser.send("/console/enrol", &fields).await;
    assert!(done.body.contains("Keep these codes"), "{done:?}");
    key
}

#[tokio::test]
async fn an_operator_mends_what_failed_and_it_is_written_down() {
    if Command::new(python()).arg("--version").output().is_err() {
        missing("codes of staff (Python is not installed)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = write_config(folder.path(), "");
    let config = path.to_str().unwrap();
    let noor = invite(config, "Noor Haddad", "noor@marigold.example", "operator").await;
    let sol = invite(config, "Sol Andrade", "sol@marigold.example", "marketer").await;
    let key = make_key(&path, "test").await;
    let (program, address) = serve(&path).await;
    let http = Http::new(&address, &key);
    let odd = event("e-1", "order.confirmed", "ines", order("MG-1"));
    let answer = http.post("/v1/events", &odd).await.json();
    assert_eq!(
        answer["failed"][0]["reason"], "unknown_recipient",
        "{answer}"
    );

    // Nobody comes in without signing in; an API key opens the API only.
    let mut browser = Browser::new(&address);
    let closed = browser.open("/console/failed").await;
    assert_eq!(
        closed.header("location"),
        Some("/console/sign-in?next=%2Fconsole%2Ffailed")
    );
    assert_eq!(http.get("/console/failed").await.status, 303);

    let phone = enrol(&mut browser, &noor).await;
    browser.send("/console/sign-out", &[]).await;
    assert_eq!(browser.open("/console").await.status, 303);
    let login = [("email", "noor@marigold.example"), ("password", PASSWORD)];
    let first = browser.send("/console/sign-in", &login).await;
    assert_eq!(first.status, 303, "{first:?}");
    // The code of the enrolment is spent; the next one is right already.
    let spent = browser
        .send("/console/sign-in/code", &[("code", &code(&phone, 0))])
        .await;
    assert_eq!(spent.status, 401, "{spent:?}");
    let given = browser
        .send("/console/sign-in/code", &[("code", &code(&phone, 1))])
        .await;
    assert_eq!(given.header("location"), Some("/console"), "{given:?}");

    let list = browser.open("/console/failed").await.body;
    assert!(list.contains("No such customer is known"), "{list}");
    let digits = between(&list, "/console/failed/evt_", "\"");
    let one = format!("/console/failed/evt_{digits}");
    let still = browser.send(&format!("{one}/again"), &[]).await;
    assert_eq!(
        still.header("location"),
        Some(format!("{one}?done=failing").as_str())
    );
    let put = http.put("/v1/customers/ines", &customer("ines", 31)).await;
    assert!(put.status < 300, "{put:?}");
    let made = browser.send(&format!("{one}/again"), &[]).await;
    assert_eq!(
        made.header("location"),
        Some(format!("{one}?done=made").as_str())
    );
    let messages = http.get("/v1/customers/ines/messages").await.json();
    assert_eq!(messages["messages"].as_array().unwrap().len(), 1);

    let audit = browser
        .open("/console/audit?action=failed_event.retried")
        .await
        .body;
    assert_eq!(
        audit
            .matches("<strong>Failed event tried again</strong>")
            .count(),
        2
    );
    assert!(audit.contains("Noor Haddad, console · made: msg_"));
    assert!(audit.contains("still: unknown_recipient"));

    // A marketer comes in, and does not see who works here.
    let mut other = Browser::new(&address);
    enrol(&mut other, &sol).await;
    let home = other.open("/console").await;
    assert!(home.status == 200 && !home.body.contains("/console/staff"));
    for path in ["/console/staff", "/console/failed", "/console/audit"] {
        assert_eq!(other.open(path).await.status, 403, "{path}");
    }
    guessing_has_to_wait(&address).await;
    let staff = browser.open("/console/staff").await.body;
    assert!(staff.contains("Too many tries, waits until"));
    assert!(program.interrupt().await.status.success());
}

/// Wrong codes after a right password count like wrong passwords.
async fn guessing_has_to_wait(address: &str) {
    let mut guesser = Browser::new(address);
    let login = [("email", "sol@marigold.example"), ("password", PASSWORD)];
    assert_eq!(guesser.send("/console/sign-in", &login).await.status, 303);
    for n in 0..5 {
        let wrong = guesser
            .send("/console/sign-in/code", &[("code", "000000")])
            .await;
        assert_eq!(wrong.status, 401);
        assert!(wrong.body.contains("That is not right"), "{n}: {wrong:?}");
    }
    for (path, fields) in [
        ("/console/sign-in/code", vec![("code", "000000")]),
        ("/console/sign-in", login.to_vec()),
    ] {
        let held = guesser.send(path, &fields).await;
        assert!(
            held.body.contains("That was tried too often"),
            "{path}: {held:?}"
        );
    }
}

#[tokio::test]
async fn the_command_line_lists_disables_and_resets() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_config(folder.path(), "");
    let config = path.to_str().unwrap();
    let first = invite(config, "Noor Haddad", "Noor@marigold.example", "operator").await;
    let on = async |what: &str, more: &[&str]| {
        let arguments = [&["staff", what, "--config", config, "--json"], more].concat();
        let done = run(&arguments).await;
        assert!(done.status.success(), "{done:?}");
        serde_json::from_str::<Value>(&done.stdout).unwrap()
    };
    let who = ["--email", "noor@marigold.example"];
    let listed = on("list", &[]).await;
    assert_eq!(listed["staff"][0]["email"], "noor@marigold.example");
    assert_eq!(listed["staff"][0]["state"], "invited");
    assert_eq!(listed["staff"][0]["roles"], json!(["operator"]));
    let reset = on("reset", &who).await;
    assert!(!reset["url"].as_str().unwrap().ends_with(&first));
    assert_eq!(on("disable", &who).await["disabled"], true);
    assert_eq!(on("list", &[]).await["staff"][0]["state"], "disabled");
    for (arguments, said) in [
        (vec!["disable", "--email", "x@y.example"], "nobody signs in"),
        (
            vec![
                "add",
                "--name",
                "N",
                "--email",
                "noor@marigold.example",
                "--role",
                "trust",
            ],
            "another account signs in",
        ),
        (
            vec!["add", "--name", "N", "--email", "odd", "--role", "trust"],
            "not an e-mail",
        ),
    ] {
        let all = [
            &["staff", arguments[0], "--config", config],
            &arguments[1..],
        ]
        .concat();
        let refused = run(&all).await;
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert!(refused.stderr.contains(said), "{refused:?}");
    }
}
