//! Every route of the console, by what it asks for and what it does then.

use std::collections::BTreeSet;

use axum::Router;
use axum::http::{Method, StatusCode};
use model::{Permission, Role};

use super::{Call, World, demo, form, page, person};
use crate::console::gate::Access;
use crate::console::routes;

/// A request to a route, with something in the place of its parameters.
fn call(method: &Method, path: &str, cookie: &str) -> Call {
    let id = if path.contains("staff") {
        "stf_0000000000000"
    } else {
        "evt_0000000000000"
    };
    let path = path.replace("{id}", id);
    let path = path.replace("{type}", "order.confirmed");
    let path = path.replace("{number}", "1");
    if *method == Method::GET {
        page(&path, cookie)
    } else {
        form(&path, cookie, &[])
    }
}

#[tokio::test]
async fn each_route_is_closed_to_strangers_unless_it_is_the_door() {
    let world = World::new().await;
    let routes = routes(&world.app);
    assert!(routes.named().len() > 25);
    for (method, path, access) in routes.named() {
        let door = [
            "/console/sign-in",
            "/console/sign-in/code",
            "/console/enrol",
        ];
        assert_eq!(*access == Access::Everybody, door.contains(path), "{path}");
        let answer = world.call(call(method, path, "")).await;
        let to = answer.header("location");
        if *access == Access::Everybody {
            assert!(answer.status != StatusCode::NOT_FOUND, "{path}");
        } else {
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{method} {path}");
            assert!(to.starts_with("/console/sign-in"), "{method} {path}: {to}");
        }
    }
}

#[tokio::test]
async fn each_route_lets_in_the_roles_that_may_and_no_others() {
    let world = World::new().await;
    for (n, role) in Role::ALL.iter().enumerate() {
        let someone = person(&world, &format!("p{n}@marigold.example"), &[*role]).await;
        for (method, path, access) in routes(&world.app).named() {
            // Those end the session, or are open to all.
            let may = match access {
                Access::With(permission) => role.may(*permission),
                Access::Staff if *path == "/console/sign-out" => continue,
                Access::Staff => true,
                Access::Everybody => continue,
            };
            let answer = world.call(call(method, path, &someone.cookie)).await;
            let refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(refused, !may, "{role}: {method} {path} {}", answer.status);
            if refused {
                assert!(answer.body.contains("Not with your roles"), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn what_changes_something_never_asks_only_for_reading() {
    let world = World::new().await;
    let mut used = BTreeSet::new();
    for (method, path, access) in routes(&world.app).named() {
        if let Access::With(permission) = access {
            // What is looked for must not stand in an address.
            let looks = *method == Method::GET || path.ends_with("/find");
            assert!(looks || !permission.only_reads(), "{path}");
            used.insert(*permission);
        }
    }
    assert!(used.contains(&Permission::ManageStaff) && used.contains(&Permission::ReadAudit));
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let world = World::new().await;
    let someone = person(&world, "a@marigold.example", &[Role::Operator]).await;
    let foreign = Call::post("/console/staff")
        .header("sec-fetch-site", "cross-site")
        .header("origin", "https://evil.example")
        .header("cookie", &someone.cookie);
    assert_eq!(world.call(foreign).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_demo_is_open_and_says_so_and_nothing_else_is() {
    let world = World::with(demo(), Router::new()).await;
    for path in [
        "/console",
        "/console/failed",
        "/console/staff",
        "/console/audit",
    ] {
        let answer = world.call(page(path, "")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.body.contains("nobody has to sign in"), "{path}");
    }
    let own = world.call(page("/console/account", "")).await;
    assert_eq!(own.status, StatusCode::NOT_FOUND);
    let closed = World::new().await;
    let answer = closed
        .call(page("/console/failed?reason=bad_data", ""))
        .await;
    assert_eq!(
        answer.header("location"),
        "/console/sign-in?next=%2Fconsole%2Ffailed%3Freason%3Dbad_data"
    );
}

#[tokio::test]
async fn what_is_not_there_looks_like_the_console() {
    let world = World::new().await;
    let someone = person(&world, "a@marigold.example", &[Role::Operator]).await;
    for path in ["/console/failed/evt_0000000000000", "/console/staff/odd"] {
        let answer = world.call(page(path, &someone.cookie)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.body.contains("To the overview"), "{path}");
    }
}
