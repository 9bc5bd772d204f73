//! Suppressions and customers at the console: who may, what is shown, what is written down.

use axum::http::StatusCode;
use model::{Channel, ConsentPurpose, Role};

use super::{World, audit, between, form, page, person};

const PHONE: &str = "+12535550129";

#[tokio::test]
async fn support_adds_and_undoes_and_the_auditor_only_reads() {
    let world = World::new().await;
    let support = person(&world, "s@marigold.example", &[Role::Support]).await;
    let auditor = person(&world, "a@marigold.example", &[Role::Auditor]).await;
    let fields = [
        ("address", "+1 253 555 0129"),
        ("reason", "asked by letter"),
        ("note", "folder 7"),
        ("until", ""),
    ];
    let path = "/console/suppressions";
    let refused = world.call(form(path, &auditor.cookie, &fields)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let added = world.call(form(path, &support.cookie, &fields)).await;
    assert_eq!(added.header("location"), "/console/suppressions?done=added");
    let list = world.call(page(path, &auditor.cookie)).await;
    assert!(list.body.contains("asked by letter") && !list.body.contains("id=\"add\""));
    assert!(!list.body.contains("2535550129") && !list.body.contains("253 555 0129\""));
    let find = "/console/suppressions/find";
    let found = world
        .call(form(find, &auditor.cookie, &[("address", PHONE)]))
        .await;
    assert!(found.body.contains("asked by letter"));
    let none = world
        .call(form(find, &auditor.cookie, &[("address", "+12535550100")]))
        .await;
    assert!(none.body.contains("This address is not on the list"));
    let odd = world
        .call(form(find, &auditor.cookie, &[("address", "555")]))
        .await;
    assert_eq!(odd.status, StatusCode::UNPROCESSABLE_ENTITY);
    let id = between(&list.body, "/console/suppressions/sup_", "\"");
    let one = format!("/console/suppressions/sup_{id}");
    let shown = world.call(page(&one, &support.cookie)).await;
    assert!(shown.body.contains("folder 7") && shown.body.contains("/undo"));
    let undo = format!("{one}/undo");
    let why = world
        .call(form(&undo, &support.cookie, &[("note", "")]))
        .await;
    assert_eq!(why.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = world
        .call(form(&undo, &support.cookie, &[("note", "is back")]))
        .await;
    assert_eq!(done.header("location"), "/console/suppressions?done=undone");
    let lines = audit(&world).await;
    assert_eq!(lines[0].action, "suppression.undone");
    assert_eq!(
        (lines[0].who, &lines[0].details["note"]),
        (Some(support.id), &"is back".into())
    );
    assert_eq!(lines[1].action, "suppression.added");
    assert_eq!(lines[1].subject, lines[0].subject);
    for wrong in [
        ("reason", "keyword_stop"),
        ("reason", " "),
        ("until", "2020-01-01"),
        ("address", "x"),
    ] {
        let mut fields = fields;
        for field in &mut fields {
            if field.0 == wrong.0 {
                *field = wrong;
            }
        }
        let refused = world.call(form(path, &support.cookie, &fields)).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong:?}"
        );
    }
}

#[tokio::test]
async fn an_agent_stops_for_a_customer_and_allows_nothing() {
    let world = World::new().await;
    world.customer("c-42").await;
    let support = person(&world, "s@marigold.example", &[Role::Support]).await;
    let auditor = person(&world, "a@marigold.example", &[Role::Auditor]).await;
    let find = "/console/customers/find";
    for who in ["c-42", PHONE] {
        let found = world
            .call(form(find, &auditor.cookie, &[("who", who)]))
            .await;
        assert_eq!(found.header("location"), "/console/customers/c-42");
    }
    let nobody = world
        .call(form(find, &auditor.cookie, &[("who", "c-9")]))
        .await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    let path = "/console/customers/c-42";
    let shown = world.call(page(path, &auditor.cookie)).await;
    assert!(!shown.body.contains("2535550129") && !shown.body.contains("/stop\""));
    let stop = format!("{path}/stop");
    let refused = world
        .call(form(&stop, &auditor.cookie, &[("what", "email")]))
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let odd = world
        .call(form(&stop, &support.cookie, &[("what", "start")]))
        .await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
    let done = world
        .call(form(&stop, &support.cookie, &[("what", "email")]))
        .await;
    assert_eq!(
        done.header("location"),
        "/console/customers/c-42?done=email"
    );
    let facts = world
        .app
        .store()
        .facts(vec!["c-42".into()])
        .await
        .unwrap()
        .remove(0);
    let facts = facts.unwrap();
    let (now, customer) = (world.clock.now(), &facts.customer);
    let purpose = ConsentPurpose::Transactional;
    assert!(customer.withdrawn(Channel::Email, purpose, now).is_some());
    let ledger = world
        .app
        .store()
        .consent_ledger(facts.recipient)
        .await
        .unwrap();
    let said = store::prove(&ledger).unwrap().pop().unwrap().line.said;
    assert_eq!(
        (said.how, said.by),
        (model::How::Agent, support.id.to_string())
    );
    let lines = audit(&world).await;
    assert_eq!(
        (lines[0].action.as_str(), lines[0].who),
        ("customer.stopped", Some(support.id))
    );
    assert_eq!(lines[0].details["what"], "email");
    let after = world.call(page(path, &support.cookie)).await;
    assert!(after.body.contains("through an agent"), "{}", after.body);
    let again = world
        .call(form(&stop, &support.cookie, &[("what", "email")]))
        .await;
    assert_eq!(
        again.header("location"),
        "/console/customers/c-42?done=nothing"
    );
}
