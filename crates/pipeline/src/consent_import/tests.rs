use model::{Channel, ConsentPurpose, ContactPoint, Customer, How, Instant, Said, Sealed, Wish};
use store::{Store, Wished, prove};

use super::*;

const HEAD: &str =
    "customer,channel,address,purpose,act,at,wording,wording_version,language,how,source\r\n";
const PHONE: &str = "+12535550129";

fn now() -> Instant {
    Instant::parse("2026-11-22T12:00:00Z").unwrap()
}

fn customer(id: &str, phone: &str) -> Customer {
    Customer {
        id: id.into(),
        name: Sealed::new("Ana"),
        locale: "en".into(),
        time_zone: "UTC".into(),
        country: "US".into(),
        region: String::new(),
        quiet_hours: None,
        phone: ContactPoint::phone(phone).ok(),
        email: None,
        consents: vec![],
        preferences: vec![],
        chosen: model::Chosen::default(),
    }
}

async fn store(folder: &tempfile::TempDir) -> Store {
    let store = Store::open_sqlite(folder.path(), now()).unwrap();
    let customers = vec![customer("c-1", PHONE), customer("c-2", "+12535550130")];
    store.put_customers(customers, now()).await.unwrap();
    store
}

async fn import(store: &Store, text: &str) -> Report {
    let mut import = ConsentImport::default();
    for piece in text.as_bytes().chunks(7) {
        import.push(store, piece, now()).await.unwrap();
    }
    import.end(store, now()).await.unwrap();
    import.report().clone()
}

fn counts(report: &Report) -> (u64, u64, u64) {
    (report.taken, report.unchanged, report.refused_total)
}

async fn allowed(store: &Store, id: &str, purpose: ConsentPurpose) -> bool {
    let facts = store.facts(vec![id.into()]).await.unwrap().remove(0);
    let customer = facts.unwrap().customer;
    customer.consent(Channel::Sms, purpose, now()).is_some()
}

#[tokio::test]
async fn a_file_is_taken_once_with_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let file = format!(
        "\u{feff}{HEAD}c-1,sms,{PHONE},marketing,gave,2026-01-02T10:00:00Z,\"Yes, text me\",3,en,page,checkout\r\n\
         c-1,sms,,transactional,gave,2026-01-02T10:00:00Z,,,,,\r\n\
         c-2,sms,,transactional,gave,2026-01-02T10:00:00Z,,,,,\r\n\
         c-2,sms,,transactional,withdrew,2026-02-02T10:00:00Z,,,,,\r\n"
    );
    assert_eq!(counts(&import(&store, &file).await), (4, 0, 0));
    assert!(allowed(&store, "c-1", ConsentPurpose::Marketing).await);
    assert!(!allowed(&store, "c-2", ConsentPurpose::Transactional).await);
    let facts = store
        .facts(vec!["c-1".into()])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    let ledger = store.consent_ledger(facts.recipient).await.unwrap();
    let said = &prove(&ledger).unwrap()[0].line.said;
    assert_eq!(
        (said.how, said.wording.as_str()),
        (How::Page, "Yes, text me 3")
    );
    assert_eq!(said.at.to_string(), "2026-01-02T10:00:00Z");
    let again = import(&store, &file).await;
    assert_eq!(counts(&again), (0, 4, 0), "{again:?}");
    let same = store.consent_ledger(facts.recipient).await.unwrap();
    assert_eq!(same, ledger, "nothing is added");
    // A profile that does not name them takes nothing of it back.
    let put = vec![customer("c-1", PHONE)];
    store.put_customers(put, now()).await.unwrap();
    assert!(allowed(&store, "c-1", ConsentPurpose::Marketing).await);
}

#[tokio::test]
async fn what_is_wrong_is_named_with_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let file = format!(
        "{HEAD}c-9,sms,,transactional,gave,2026-01-02T10:00:00Z,,,,,\n\
         c-1,fax,,transactional,gave,2026-01-02T10:00:00Z,,,,,\n\
         c-1,sms,,transactional,gave,2027-01-02T10:00:00Z,,,,,\n\
         c-1,sms,,marketing,gave,2026-01-02T10:00:00Z,,,,,\n\
         c-1,sms,+12535550199,marketing,gave,2026-01-02T10:00:00Z,,,,,\n\
         c-1,email,,marketing,gave,2026-01-02T10:00:00Z,,,,,\n\
         c-1,sms,,transactional,maybe,2026-01-02T10:00:00Z,,,,,\n\
         c-1,sms\n\
         c-1,sms,,transactional,gave,yesterday,,,,,\n\
         c-1,sms,,transactional,gave,2026-01-02T10:00:00Z,,,,,\n"
    );
    let report = import(&store, &file).await;
    assert_eq!(counts(&report), (1, 0, 9));
    let found: Vec<(u64, &str)> = report
        .refused
        .iter()
        .map(|refused| (refused.line, refused.column.as_str()))
        .collect();
    let expected = [
        (2, "customer"),
        (3, "channel"),
        (4, "at"),
        (5, "address"),
        (6, "address"),
        (7, "channel"),
        (8, "act"),
        (9, ""),
        (10, "at"),
    ];
    assert_eq!(found, expected);
    let csv = report.to_csv();
    assert!(csv.starts_with("line,column,reason\r\n2,customer,\"there is no such customer\"\r\n"));
    let mut headless = ConsentImport::default();
    let bad = headless.push(&store, b"name,channel\n", now()).await;
    assert!(matches!(bad, Err(ImportError::Header(why)) if why.contains("`name`")));
    let mut empty = ConsentImport::default();
    assert!(matches!(
        empty.end(&store, now()).await,
        Err(ImportError::Header(_))
    ));
}

#[tokio::test]
async fn an_older_yes_overrides_no_newer_no_and_no_stop() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let no = format!("{HEAD}c-1,sms,,transactional,withdrew,2026-06-01T00:00:00Z,,,,,\n");
    assert_eq!(counts(&import(&store, &no).await), (1, 0, 0));
    let yes = |id: &str, month: u32| {
        format!("{HEAD}{id},sms,,transactional,gave,2026-{month:02}-01T00:00:00Z,,,,,\n")
    };
    let older = import(&store, &yes("c-1", 5)).await;
    assert_eq!(older.refused[0].column, "at");
    assert!(!allowed(&store, "c-1", ConsentPurpose::Transactional).await);
    assert_eq!(counts(&import(&store, &yes("c-1", 7)).await), (1, 0, 0));
    assert!(allowed(&store, "c-1", ConsentPurpose::Transactional).await);
    // An older "no" does not undo the newer "yes" either.
    let again = import(&store, &no).await;
    assert_eq!((again.taken, again.refused_total), (0, 0));
    assert!(allowed(&store, "c-1", ConsentPurpose::Transactional).await);
    let stop = Wished {
        wish: Wish::StopAll,
        said: Said {
            at: Instant::parse("2026-03-01T00:00:00Z").unwrap(),
            how: How::Keyword,
            source: "text".into(),
            wording: String::new(),
            locale: String::new(),
            by: String::new(),
        },
    };
    let phone = ContactPoint::phone("+12535550130").unwrap();
    store.wish(phone, stop).await.unwrap();
    let stopped = import(&store, &yes("c-2", 8)).await;
    assert_eq!(stopped.refused[0].column, "act", "{stopped:?}");
    assert!(!allowed(&store, "c-2", ConsentPurpose::Transactional).await);
}
