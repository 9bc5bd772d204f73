//! The rules, as stable words for traces, failed events and the console.

use serde::{Deserialize, Serialize};

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident, $word:literal, $advice:literal;)+) => {
        /// What keeps a text from leaving.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Rule {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its word, which never changes.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What to do about it: a sentence for whoever writes templates or sends events.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)+ }
            }
        }
    };
}

rules! {
    /// A link to an address that is not on the list.
    ForeignLink, "foreign_link", "links lead to brand.domain or guard.link_domains only";
    /// An address, or the name of somebody else, that looks like ours and is not.
    LookAlike, "look_alike", "this only looks like ours; write our own domain, and let nobody else go by our name";
    /// A host whose letters come from several scripts.
    MixedScript, "mixed_script", "this address mixes the letters of several scripts; write our own domain";
    /// A link that hides where it leads.
    Shortener, "shortener", "shortened links hide where they lead; write the whole address on our own domain";
    /// A link to a number instead of a name.
    IpAddress, "ip_address", "links lead to our own domain, never to an IP address";
    /// A link whose host is hidden behind a user name.
    Credentials, "credentials", "an address with `@` before the host hides where it leads; leave the part before `@` out";
    /// A link spelt so that filters miss it.
    DisguisedLink, "disguised_link", "write the address plainly: https:// and our own domain";
    /// More links in a text than we promise.
    ManyLinks, "many_links", "a text has at most one link";
    /// A number to call or text that is not ours.
    ForeignNumber, "foreign_number", "people call or text numbers in guard.phone_numbers only; a customer's own number is shown masked";
    /// A mail address to write to that is not ours.
    ForeignAddress, "foreign_address", "people write to addresses on our own domains only";
    /// A request for a password, a code, a card or bank number.
    AsksSecret, "asks_secret", "we never ask for passwords, codes, card, bank or social security numbers; ask people to open their account instead";
    /// A request for personal data.
    AsksData, "asks_data", "we never ask for personal data in a message; ask people to open their account instead";
    /// A request to pay elsewhere.
    AsksPayment, "asks_payment", "people pay in the marketplace only";
    /// A request to pay with gift cards.
    AsksGiftCard, "asks_gift_card", "nobody pays us with gift cards";
    /// A request to install something.
    AsksApp, "asks_app", "we never ask people to install anything from a message";
    /// A request to go on elsewhere.
    AsksMessenger, "asks_messenger", "conversations stay in the marketplace";
    /// A prize, a windfall.
    Bait, "bait", "messages that tell people they have won are what scams look like; say it in other words";
    /// More pressure than the budget allows.
    Hurry, "hurry", "fewer words that press for time; give a date instead";
    /// Pressure and a link in one short form.
    HurryLink, "hurry_link", "pressing for time next to a link is what scams do; leave out one of them";
    /// A variable that nothing has filled.
    Gap, "gap", "a variable was not filled in";
    /// A text with an attachment.
    Attachment, "attachment", "texts have no attachments";
    /// Characters nobody sees.
    Hidden, "hidden", "remove the invisible characters";
}

impl Rule {
    /// The key under which translations of [`Self::advice`] stand.
    pub fn advice_key(self) -> String {
        format!("guard.{}", self.as_str())
    }

    pub(crate) const fn bit(self) -> u32 {
        1 << (self as u32)
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Rule {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().copied().find(|rule| rule.as_str() == word);
        found.ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|rule| rule.as_str()).collect();
            format!("`{word}` is no rule; there are {}", known.join(", "))
        })
    }
}
