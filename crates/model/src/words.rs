//! Small closed vocabularies: category, purpose class, lane.

/// A word that is not in its vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a {kind}; the words are: {known}")]
pub struct UnknownWord {
    /// What was given.
    pub given: String,
    /// The vocabulary it was looked up in.
    pub kind: &'static str,
    /// The words there are, comma-separated.
    pub known: String,
}

macro_rules! define_words {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $($(#[$vdoc:meta])* $variant:ident = $number:literal, $word:literal;)+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant = $number,)+
        }

        impl $name {
            /// Every word, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word as it stands in JSON, URLs and the store.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The number the store keeps; never reused.
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// From the store's number.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;
            fn from_str(text: &str) -> Result<Self, $crate::UnknownWord> {
                Self::ALL.iter().copied().find(|w| w.as_str() == text).ok_or_else(|| $crate::UnknownWord {
                    given: text.to_owned(),
                    kind: $kind,
                    known: Self::ALL.iter().map(|w| w.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}
pub(crate) use define_words;

define_words!(
    /// A tab of the Message Center.
    Category, "category",
    /// Orders and deliveries.
    Orders = 1, "orders";
    /// Conversations with sellers.
    Sellers = 2, "sellers";
    /// Conversations with support.
    Support = 3, "support";
    /// Offers and news.
    Promotions = 4, "promotions";
    /// Important notices.
    Notices = 5, "notices";
    /// The account and its security.
    Account = 6, "account";
    /// Membership and subscriptions.
    Membership = 7, "membership";
);

define_words!(
    /// The ground for writing; decides which rules may stop a message.
    PurposeClass, "purpose class",
    /// Codes and alerts that protect the account.
    Security = 1, "security";
    /// What the law requires us to say.
    Legal = 2, "legal";
    /// What the customer's own order, payment or request causes.
    Transactional = 3, "transactional";
    /// About using the service.
    Service = 4, "service";
    /// What sells.
    Marketing = 5, "marketing";
);

define_words!(
    /// Which queue a delivery waits in; a lower lane goes first, in every stage.
    Lane, "lane",
    /// Sign-in codes and alerts: has room of its own in every queue.
    Security = 0, "security";
    /// Useful only now: out for delivery, a failed attempt.
    Urgent = 1, "urgent";
    /// Ordinary messages.
    Normal = 2, "normal";
    /// Campaigns and everything that can wait.
    Bulk = 3, "bulk";
);
