//! Profiles, good and bad.

use super::*;

fn pointers(body: Value) -> Vec<String> {
    let faults = read(Some("c-1"), body).unwrap_err();
    faults.into_iter().map(|fault| fault.pointer).collect()
}

#[test]
fn a_profile_survives_reading_and_writing() {
    let body = json!({
        "id": "c-42", "name": "Inês Machado", "locale": "pt-BR",
        "time_zone": "America/Sao_Paulo", "country": "BR", "region": "BR-SP",
        "quiet_hours": {"from": "22:00", "to": "07:00"}, "phone": "+12535550129",
        "email": "ines@customers.example",
        "consents": [{"channel": "sms", "purpose": "transactional",
            "given_at": "2026-01-31T09:30:00Z", "source": "checkout"}],
        "preferences": [{"category": "orders", "channel": "email", "on": false}]
    });
    let customer = read(Some("c-42"), body.clone()).unwrap();
    assert_eq!(serde_json::to_value(Profile::from(customer)).unwrap(), body);
}

#[test]
fn defaults_nulls_and_places_are_taken() {
    let body = json!({"name": "Ana", "phone": null, "email": "", "city": "X", "state": "Y"});
    let customer = read(Some("c-1"), body).unwrap();
    assert_eq!(
        (customer.locale.as_str(), customer.time_zone.as_str()),
        ("en", "UTC")
    );
    assert!(customer.phone.is_none() && customer.email.is_none());
}

#[test]
fn every_fault_is_named_with_its_place() {
    let body = json!({
        "id": "c-2", "name": 7, "timezone": "UTC", "phone": "555", "email": "nobody",
        "locale": "??", "consents": [
            {"channel": "fax", "purpose": "marketing", "given_at": "yesterday"},
            {"channel": "sms", "given_at": "2026-01-31T09:30:00Z", "when": 1},
            "yes"
        ],
        "preferences": {"orders": true}
    });
    assert_eq!(
        pointers(body),
        [
            "/timezone",
            "/id",
            "/name",
            "/phone",
            "/email",
            "/consents/0/channel",
            "/consents/0/given_at",
            "/consents/1/when",
            "/consents/1/purpose",
            "/consents/2",
            "/preferences",
            "/locale"
        ]
    );
    assert_eq!(pointers(json!([])), [""]);
    assert_eq!(pointers(json!({"a/b~c": 1})), ["/a~1b~0c"]);
}

#[test]
fn quiet_hours_are_two_times_of_day() {
    for (hours, at) in [
        (json!("night"), "/quiet_hours"),
        (json!({"from": "22:00"}), "/quiet_hours/to"),
        (json!({"from": 22, "to": "07:00"}), "/quiet_hours/from"),
        (json!({"from": "25:00", "to": "07:00"}), "/quiet_hours"),
        (json!({"from": "07:00", "to": "07:00"}), "/quiet_hours"),
        (
            json!({"from": "22:00", "to": "07:00", "zone": "UTC"}),
            "/quiet_hours/zone",
        ),
    ] {
        assert_eq!(pointers(json!({"quiet_hours": hours})), [at], "{hours}");
    }
    let none = read(Some("c-1"), json!({"quiet_hours": null})).unwrap();
    assert_eq!(none.quiet_hours, None);
    assert_eq!(
        pointers(json!({"country": "BR", "region": "US-FL"})),
        ["/region"]
    );
}

#[test]
fn a_near_miss_is_named_and_nobodys_data_is_repeated() {
    let faults = read(
        None,
        json!({"id": "c-1", "timeZone": "UTC", "phone": "0171 9876"}),
    )
    .unwrap_err();
    assert_eq!(
        faults[0].to_string(),
        "/timeZone: there is no such field; did you mean `time_zone`?"
    );
    assert!(!faults[1].to_string().contains("9876"));
}

#[test]
fn a_flood_of_faults_is_cut() {
    let many: Map<String, Value> = (0..10_000)
        .map(|n| (format!("f{n}"), Value::Null))
        .collect();
    let faults = read(Some("c-1"), Value::Object(many)).unwrap_err();
    assert!(faults.len() <= FAULTS_AT_MOST + 2);
}
