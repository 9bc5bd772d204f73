//! Numbers to call in disguise, and other numbers that look like them.

use super::{check, shown};
use crate::{Form, Rule};

#[test]
fn numbers_in_disguise_are_stopped() {
    for text in [
        "Call 8oo 555 l234",
        "Call 8OO-555-I234 now",
        "Call 800*555*1234",
        "800*555*1234",
        "Call 800_555_1234",
        "Call 800,555,1234",
        "Call 800~555~1234",
        "Call 8\u{20e3}0\u{20e3}0\u{20e3} 5\u{20e3}5\u{20e3}5\u{20e3} 1\u{20e3}2\u{20e3}3\u{20e3}4\u{20e3}",
        "Call 8\u{fe0f}\u{20e3}0\u{fe0f}\u{20e3}0\u{fe0f}\u{20e3}5\u{fe0f}\u{20e3}5\u{fe0f}\u{20e3}5\u{fe0f}\u{20e3}1234",
        "1-800-FLOWERS",
        "Dial 1 800 FLOWERS today",
        "0800 LAMPSHOP",
        "Our support line is 442079460958",
        "442079460958: please ring that number",
        "442079460958. For help, please ring that number.",
        "442079460958. Llame a ese número.",
        "442079460958. Ligue para esse número.",
        "442079460958. Rufen Sie diese Nummer an.",
        "442079460958. Appelez ce numéro.",
        "442079460958。この番号に電話してください。",
        "442079460958. اتصل بهذا الرقم",
    ] {
        let found: Vec<Rule> = check(Form::MailText, text).iter().map(|f| f.rule).collect();
        assert!(found.contains(&Rule::ForeignNumber), "{text}: {found:?}");
    }
}

#[test]
fn other_numbers_are_left_alone() {
    for honest in [
        "Total: 1,234,567 points, 800,555,123 of them old",
        "Call us on +1 202 555 0123, or 202*555*0123.",
        "Sizes 38,40,42 and 100,200,3000 pieces",
        "Order 800_555_1234, tracking number 442079460958",
        "Your tracking number is 442079460958. Please ring that number up at the desk.",
        "Between 10:00 and 12:30, on 2026-03-10, 10.03.2026 or 03/10/2026",
        "Call us about 5 lamps, 10 sills or 8 oils.",
        "It costs 800",
        "Phone 1",
        "Lamp 800 WATT, model 1-800-A",
        "We call at 10:00. Price: $1,234.50, 1.234,50 €",
        "Parcel 1Z999AA10123456784 comes on Monday",
        "Amount 442079460958 JPY",
        "Set 3*4*5, 2*3 m, 800*600*1200 mm",
    ] {
        let found = shown(Form::MailText, honest);
        assert!(found.is_empty(), "{honest}: {found:?}");
    }
}

#[test]
fn values_that_only_look_like_numbers_or_links_are_left_alone() {
    for text in [
        "Contact lenses 8.6 14.2 -3.25 30 pack",
        "Contact cleaner 400ml 12345678",
        "Text book 7th edition 9780134685991",
        "Call for papers 978-0-13-468599-1",
        "Turn the dial to 1500 rpm.",
        "Telefonbuch 1987 Nr. 123456",
        "ASP.NET Core 8 Handbook",
        "You can pay with PayPal or by card at checkout on 12/03/2026.",
        "Donau\u{ad}dampf\u{ad}schiff, 30 cm",
    ] {
        let found = shown(Form::MailText, text);
        assert!(found.is_empty(), "{text}: {found:?}");
    }
    for text in [
        "Contact us: 0800 555 1234",
        "Call 9780134685990",
        "Dial 08712402050",
        "See asp.net now",
        "Pay by PayPal to x@evil.example",
        "https://mari\u{ad}gold.example/x",
    ] {
        assert!(!shown(Form::MailText, text).is_empty(), "{text}");
    }
}
