//! Links and addresses as people hide them, and as honest sentences have them.

use super::check;
use crate::{Form, Rule};

fn rules(text: &str) -> Vec<Rule> {
    check(Form::MailText, text).iter().map(|f| f.rule).collect()
}

#[test]
fn a_long_name_is_judged_by_its_end() {
    let long = "a.".repeat(1000);
    assert_eq!(rules(&format!("{long}evil.com")), [Rule::ForeignLink]);
    assert_eq!(rules(&format!("{long}evil.com/x")), [Rule::ForeignLink]);
    assert!(rules(&format!("evil.com.{long}a")).is_empty());
}
