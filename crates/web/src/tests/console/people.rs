//! Accounts of staff, as operators look after them, and the audit of it.

use axum::http::StatusCode;
use model::{Role, StaffId};

use super::{World, actions, audit, between, form, give_password, page, person};

async fn staff(world: &World, id: StaffId) -> store::StaffAccount {
    world.app.store().staff_account(id).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_operator_adds_somebody_and_hands_the_link_over() {
    let world = World::new().await;
    let noor = person(&world, "noor@marigold.example", &[Role::Operator]).await;
    let send = |fields: &[(&str, &str)]| form("/console/staff", &noor.cookie, fields);
    for (fields, said) in [
        (
            vec![("name", ""), ("email", "s@m.example"), ("support", "on")],
            "A name has",
        ),
        (
            vec![("name", "Sol"), ("email", "odd"), ("support", "on")],
            "not an e-mail address",
        ),
        (
            vec![("name", "Sol"), ("email", "s@m.example")],
            "Tick at least one role",
        ),
        (
            vec![
                ("name", "Sol"),
                ("email", "NOOR@marigold.example"),
                ("support", "on"),
            ],
            "signs in with this address already",
        ),
    ] {
        let refused = world.call(send(&fields)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
        assert!(refused.body.contains(said), "{said}");
    }
    let good = [
        ("name", "Sol <b>"),
        ("email", "sol@marigold.example"),
        ("support", "on"),
        ("trust", "on"),
    ];
    let added = world.call(send(&good)).await;
    assert_eq!(added.status, StatusCode::OK);
    assert!(
        added.body.contains("Sol &#60;b&#62; is added"),
        "{}",
        added.body
    );
    let url = between(&added.body, "secret mono\">", "<");
    let path = url.strip_prefix("http://127.0.0.1:8080").unwrap();
    assert_eq!(world.call(page(path, "")).await.status, StatusCode::OK);
    let list = world.call(page("/console/staff", &noor.cookie)).await;
    assert!(list.body.contains("Has not enrolled yet") && list.body.contains("Support, Trust"));
    assert!(!list.body.contains("token="), "the link is shown once");
    let line = audit(&world).await.remove(0);
    assert_eq!(
        (line.action.as_str(), line.who),
        ("staff.added", Some(noor.id))
    );
    assert_eq!(
        line.details,
        serde_json::json!({"roles": ["support", "trust"]})
    );
    let shown = world.call(page("/console/audit", &noor.cookie)).await;
    assert!(shown.body.contains("Account added") && shown.body.contains("roles: support, trust"));
}

#[tokio::test]
async fn an_operator_changes_roles_disables_and_resets() {
    let world = World::new().await;
    let noor = person(&world, "noor@marigold.example", &[Role::Operator]).await;
    let sol = person(&world, "sol@marigold.example", &[Role::Support]).await;
    let send = |what: &str, fields: &[(&str, &str)]| {
        form(
            &format!("/console/staff/{}/{what}", sol.id),
            &noor.cookie,
            fields,
        )
    };
    let done = world.call(send("roles", &[("auditor", "on")])).await;
    assert_eq!(
        done.header("location"),
        format!("/console/staff/{}?done=roles", sol.id)
    );
    let now = world.call(page("/console/failed", &sol.cookie)).await;
    assert_eq!(now.status, StatusCode::OK);
    let audited = world.call(page("/console/audit", &sol.cookie)).await;
    assert_eq!(
        audited.status,
        StatusCode::OK,
        "it counts from the next request on"
    );

    world.call(send("disable", &[])).await;
    assert!(staff(&world, sol.id).await.disabled_at.is_some());
    let out = world.call(page("/console", &sol.cookie)).await;
    assert_eq!(out.status, StatusCode::SEE_OTHER, "signed out at once");
    world.call(send("enable", &[])).await;
    assert!(staff(&world, sol.id).await.can_sign_in());

    for _ in 0..6 {
        give_password(&world, "sol@marigold.example", "seven red lanterns").await;
    }
    let one = format!("/console/staff/{}", sol.id);
    let shown = world.call(page(&one, &noor.cookie)).await;
    assert!(shown.body.contains("Too many tries, waits until"));
    world.call(send("unlock", &[])).await;
    let shown = world.call(page(&one, &noor.cookie)).await;
    assert!(!shown.body.contains("Too many tries, waits until"));

    let reset = world.call(send("reset", &[])).await;
    assert!(reset.body.contains("A new link for Noor Haddad"));
    assert!(!staff(&world, sol.id).await.can_sign_in());
    let done = actions(&world).await;
    let newest = ["staff.reset", "staff.unlocked"];
    assert_eq!(done[..2], newest);
    for action in ["staff.roles", "staff.disabled", "staff.enabled"] {
        assert!(done.iter().any(|done| done == action), "{action}");
    }
}

#[tokio::test]
async fn the_last_operator_cannot_be_lost() {
    let world = World::new().await;
    let noor = person(&world, "noor@marigold.example", &[Role::Operator]).await;
    person(&world, "sol@marigold.example", &[Role::Support]).await;
    for (what, fields) in [
        ("disable", vec![]),
        ("reset", vec![]),
        ("roles", vec![("support", "on")]),
    ] {
        let path = format!("/console/staff/{}/{what}", noor.id);
        let refused = world.call(form(&path, &noor.cookie, &fields)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{what}");
        assert!(refused.body.contains("last operator"), "{what}");
    }
    assert!(staff(&world, noor.id).await.can_sign_in());
    person(&world, "kit@marigold.example", &[Role::Operator]).await;
    let path = format!("/console/staff/{}/disable", noor.id);
    let done = world.call(form(&path, &noor.cookie, &[])).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_audit_is_filtered_by_person_action_and_day() {
    let world = World::new().await;
    let noor = person(&world, "noor@marigold.example", &[Role::Operator]).await;
    let sol = person(&world, "sol@marigold.example", &[Role::Auditor]).await;
    let list = async |query: &str| {
        let path = format!("/console/audit?{query}");
        let answer = world.call(page(&path, &sol.cookie)).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}");
        let lines = answer.body.split("<ul class=\"lines card\">").nth(1);
        lines.unwrap_or_default().matches("<li>").count()
    };
    assert_eq!(list("").await, 4);
    assert_eq!(list(&format!("who={}", noor.id)).await, 1);
    assert_eq!(list("action=staff.added").await, 2);
    assert_eq!(list("action=staff.added&day=2026-02-01").await, 2);
    assert_eq!(list("day=2026-01-31").await, 0);
    assert_eq!(
        list("who=odd&action=odd&day=odd&before=odd").await,
        4,
        "odd words filter nothing"
    );
}
