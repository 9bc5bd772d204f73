//! What is carried over, table by table: each row of the target as an expression over the
//! source. What an expression cannot say in SQL is a function of `source`.
//!
//! A row that others refer to stands in an earlier table.

/// The type of a column there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Small,
    Int,
    Big,
    Text,
    Bytes,
}

/// A column there, and what it is here.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) from: &'static str,
}

/// A table there.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The rows here.
    pub(super) from: &'static str,
    /// Which of them.
    pub(super) only: &'static str,
    /// What names a row here, in the order they are read.
    pub(super) order: &'static [&'static str],
    /// So many of the first columns name a row there.
    pub(super) key: usize,
    pub(super) columns: &'static [Column],
    /// Columns that are the same on every row.
    pub(super) fixed: &'static [(&'static str, &'static str)],
}

/// Columns: `name: Kind` where both sides call it the same, `name: Kind = "expression"`
/// elsewhere.
macro_rules! columns {
    (@from $name:literal) => { $name };
    (@from $name:literal $from:literal) => { $from };
    ($($name:literal: $kind:ident $(= $from:literal)?),+ $(,)?) => {
        &[$(Column { name: $name, kind: Kind::$kind, from: columns!(@from $name $($from)?) }),+]
    };
}

/// A table whose rows are those of a table here.
macro_rules! table {
    ($name:literal from $from:literal by $($order:literal),+; key $key:literal; $columns:expr) => {
        table!($name from $from only "true" by $($order),+; key $key; $columns)
    };
    ($name:literal from $from:literal only $only:literal by $($order:literal),+; key $key:literal; $columns:expr) => {
        Table {
            name: $name,
            from: $from,
            only: $only,
            order: &[$($order),+],
            key: $key,
            columns: $columns,
            fixed: &[],
        }
    };
}

pub(super) const TABLES: &[Table] = &[
    table!("names" from "names" by "id"; key 1; columns!["id": Int, "name": Text]),
    table!("recipients" from "recipients" by "id"; key 2; columns![
        "partition": Small = "one_partition(id, partition << 14)", "id": Big, "customer": Text,
        "profile": Text, "created_at": Big]),
    // Revisions are given over the whole store here and by mailbox there: a mailbox goes
    // on from its own newest one, which is what a device was told.
    table!("heads" from "recipients AS r" by "r.id"; key 2; columns![
        "partition": Small = "r.id >> 14 & 255", "recipient": Big = "r.id",
        "version": Big = "r.version",
        "revision": Big = "coalesce((SELECT max(b.revision) FROM mailbox AS b WHERE b.recipient = r.id), 0)"]),
    table!("contact_owners" from "contact_owners" by "digest", "recipient"; key 3; columns![
        "partition": Small = "digest & 255", "digest": Big, "recipient": Big]),
    table!("consent_lines" from "consent_lines" by "recipient", "number"; key 3; columns![
        "partition": Small = "recipient >> 14 & 255", "recipient": Big, "number": Big, "text": Text, "seal": Text]),
    table!("suppressions" from "suppressions" by "digest", "slot"; key 3; columns![
        "partition": Small = "digest & 255", "digest": Big, "slot": Text, "id": Big, "channel": Small,
        "reason": Text, "at": Big, "until": Big, "masked": Text, "note": Text, "made_by": Text]),
    table!("contact_points" from "contact_points" by "recipient", "digest"; key 3; columns![
        "partition": Small = "recipient >> 14 & 255", "recipient": Big, "digest": Big, "version": Big, "state": Text]),
    table!("contact_changes" from "contact_changes" by "id"; key 2; columns![
        "partition": Small = "id >> 14 & 255", "id": Big, "recipient": Big, "channel": Small, "address": Text,
        "mode": Small, "changed_at": Big]),
    table!("events" from "events" by "id"; key 2; columns![
        "partition": Small = "id >> 14 & 255", "id": Big, "source": Int, "event_id": Text, "type": Int,
        "time": Big, "accepted_at": Big, "mode": Small]),
    table!("event_keys" from "events AS e CROSS JOIN names AS n ON n.id = e.source" by "e.id"; key 3; columns![
        "partition": Small = "e.id >> 14 & 255",
        "high": Big = "event_high(e.id, n.name, e.event_id)",
        "low": Big = "event_low(e.id, n.name, e.event_id)", "event": Big = "e.id"]),
    table!("failed_events" from "failed_events" by "event"; key 2; columns![
        "partition": Small = "event >> 14 & 255", "event": Big, "subject": Text, "reason": Small,
        "detail": Text, "envelope": Text, "replayed_at": Big]),
    table!("messages" from "messages" by "id"; key 2; columns![
        "partition": Small = "one_partition(id, recipient)", "id": Big, "recipient": Big, "event": Big,
        "at": Big, "mode": Small, "type": Int, "category": Small, "purpose": Small, "lane": Small,
        "locale": Int, "template_version": Int, "sender": Text, "title": Text, "summary": Text,
        "text": Text, "order_number": Text, "data": Text, "trace": Text]),
    table!("mailbox" from "mailbox" by "recipient", "message"; key 3; columns![
        "partition": Small = "one_partition(message, recipient)", "recipient": Big, "message": Big,
        "category": Small, "order_hash": Big, "revision": Big, "read_at": Big, "deleted_at": Big,
        "withdrawn_at": Big]),
    table!("deliveries" from "deliveries" by "id"; key 2; columns![
        "partition": Small = "one_partition(id, message)", "id": Big, "message": Big, "channel": Small,
        "address": Text, "state": Small, "lane": Small, "facts_version": Big, "due_at": Big,
        "expires_at": Big, "attempts": Int, "changed_at": Big, "secret": Text, "line": Int, "quote": Big]),
    table!("attention" from "attention" by "recipient", "delivery"; key 3; columns![
        "partition": Small = "recipient >> 14 & 255", "recipient": Big, "delivery": Big, "purpose": Small,
        "test": Small]),
    table!("cost_lines" from "cost_lines" by "id"; key 1; columns![
        "id": Int, "day": Int, "mode": Small, "channel": Small, "category": Small, "purpose": Small,
        "currency": Text, "carrier": Text, "country": Text, "campaign": Text, "seller": Text]),
    table!("ledger" from "ledger" by "line", "account", "slot"; key 3; columns![
        "line": Int, "account": Small, "slot": Small, "amount": Big, "count": Big]),
    table!("prices" from "prices" by "delivery"; key 2; columns![
        "partition": Small = "delivery >> 14 & 255", "delivery": Big, "line": Int, "amount": Big]),
    table!("in_doubt" from "deliveries" only "state = 3" by "id"; key 4; columns![
        "partition": Small = "address_digest(channel, address) & 255",
        "address": Big = "address_digest(channel, address)", "reference": Int = "reference(id)",
        "delivery": Big = "id"]),
    table!("due" from "due" by "channel", "lane", "due_at", "delivery"; key 5; columns![
        "partition": Small = "delivery >> 14 & 255", "channel": Small, "lane": Small, "due_at": Big,
        "delivery": Big]),
    // Nobody has a claim there yet.
    table!("collected" from "collected" by "due_at", "recipient", "channel", "message"; key 5; columns![
        "partition": Small = "recipient >> 14 & 255", "due_at": Big, "recipient": Big, "channel": Small,
        "message": Big]),
    // Claims of a node that never was, and run out: the first node puts them in doubt, by
    // the same rules as after a restart here.
    Table {
        fixed: &[
            ("node", "0::smallint"),
            ("epoch", "0::bigint"),
            ("until", "'-infinity'::timestamptz"),
        ],
        ..table!("claims" from "leases" by "delivery"; key 2; columns![
            "partition": Small = "delivery >> 14 & 255", "delivery": Big, "claimed_at": Big])
    },
    table!("attempts" from "attempts" by "delivery", "number"; key 3; columns![
        "partition": Small = "delivery >> 14 & 255", "delivery": Big, "number": Int, "carrier": Int,
        "started_at": Big, "ended_at": Big, "outcome": Small, "code": Text, "reason": Text,
        "carrier_id": Text, "digest": Text]),
    table!("carrier_ids" from "carrier_ids" by "hash", "delivery"; key 3; columns![
        "partition": Small = "hash & 255", "hash": Big, "delivery": Big]),
    table!("receipts" from "receipts" by "delivery", "number"; key 3; columns![
        "partition": Small = "delivery >> 14 & 255", "delivery": Big, "number": Int, "status": Small,
        "code": Text, "carrier_time": Big, "received_at": Big]),
    table!("parked_receipts" from "parked_receipts" by "id"; key 3; columns![
        "partition": Small = "hash & 255", "hash": Big, "id": Big, "carrier": Text, "carrier_id": Text,
        "status": Small, "code": Text, "carrier_time": Big, "received_at": Big]),
    table!("parked_hints" from "parked_receipts" only "address IS NOT NULL AND reference IS NOT NULL" by "id";
        key 5; columns![
        "partition": Small = "address & 255", "address": Big, "reference": Int, "hash": Big,
        "parked": Big = "id", "received_at": Big]),
    table!("inbound_texts" from "inbound_texts" by "id"; key 2; columns![
        "partition": Small = "id >> 14 & 255", "id": Big, "carrier": Text, "sender": Text,
        "destination": Text, "text": Text, "received_at": Big, "suppressed": Text, "answer": Small]),
    table!("api_keys" from "api_keys" by "id"; key 1; columns![
        "id": Big, "name": Text, "mode": Small, "hash": Bytes, "created_at": Big, "revoked_at": Big]),
    table!("used_tokens" from "used_tokens" by "nonce"; key 2; columns![
        "partition": Small = "first_byte(nonce)", "nonce": Bytes, "expires_at": Big]),
    table!("sessions" from "sessions" by "hash"; key 2; columns![
        "partition": Small = "first_byte(hash)", "hash": Bytes, "recipient": Big, "expires_at": Big]),
    table!("staff" from "staff" by "id"; key 1; columns![
        "id": Big, "name": Text, "login": Text, "roles": Small, "password": Text, "totp": Text,
        "totp_step": Big, "recovery": Bytes, "created_at": Big, "enrolled_at": Big, "disabled_at": Big,
        "version": Big]),
    table!("staff_sessions" from "staff_sessions" by "hash"; key 1; columns![
        "hash": Bytes, "staff": Big, "began_at": Big, "seen_at": Big, "expires_at": Big, "half": Small,
        "device": Text]),
    table!("staff_links" from "staff_links" by "hash"; key 1; columns![
        "hash": Bytes, "staff": Big, "expires_at": Big]),
    table!("sign_in_tries" from "sign_in_tries" by "key"; key 1; columns![
        "key": Bytes, "failures": Int, "last_at": Big]),
    table!("audit" from "audit" by "id"; key 1; columns![
        "id": Big, "at": Big, "who": Big, "origin": Small, "action": Text, "subject": Text, "details": Text]),
    table!("desk" from "desk" by "one"; key 1; columns!["one": Small, "revision": Big]),
    table!("editions" from "editions" by "number"; key 1; columns![
        "number": Big, "message_type": Text, "template_version": Big, "changes": Text, "note": Text,
        "who": Big, "at": Big]),
    table!("drafts" from "drafts" by "rowid"; key 2; columns![
        "message_type": Text, "locale": Text, "texts": Text, "based_on": Big, "who": Big, "at": Big,
        "version": Big]),
    table!("guard_exceptions" from "guard_exceptions" by "number"; key 1; columns![
        "number": Big, "rule": Text, "message_type": Text, "template_version": Big, "reason": Text,
        "asked_by": Big, "asked_at": Big, "state": Small, "settled_by": Big, "settled_at": Big]),
];

impl Table {
    /// Reads rows here, in order; where to begin is bound first, then how many.
    pub(super) fn read(&self, begun: bool) -> String {
        let order = self.order.join(", ");
        let columns: Vec<&str> = self.columns.iter().map(|column| column.from).collect();
        let places: Vec<String> = (1..=self.order.len()).map(|n| format!("?{n}")).collect();
        let after = match begun {
            true => format!(" AND ({order}) > ({})", places.join(", ")),
            false => String::new(),
        };
        let columns = columns.join(", ");
        format!(
            "SELECT {order}, {columns} FROM {} WHERE ({}){after} ORDER BY {order}",
            self.from, self.only
        )
    }

    /// Counts the rows here.
    pub(super) fn count_here(&self) -> String {
        format!("SELECT count(*) FROM {} WHERE {}", self.from, self.only)
    }

    /// Counts the rows there.
    pub(super) fn count_there(&self) -> String {
        format!("SELECT count(*) FROM \"{}\"", self.name)
    }

    /// Writes rows there, one array a column.
    pub(super) fn write(&self) -> String {
        let given = self.columns.iter().map(|column| column.name);
        let fixed = self.fixed.iter().map(|(name, _)| *name);
        let names: Vec<String> = given
            .chain(fixed)
            .map(|name| format!("\"{name}\""))
            .collect();
        let given = (0..self.columns.len()).map(|n| format!("w.c{n}"));
        let fixed = self.fixed.iter().map(|(_, value)| (*value).to_owned());
        let values: Vec<String> = given.chain(fixed).collect();
        // Numbers that the database would give itself are kept.
        format!(
            "INSERT INTO \"{}\" ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM unnest({}) AS w({})",
            self.name,
            names.join(", "),
            values.join(", "),
            self.arrays(),
            self.aliases(),
        )
    }

    /// Which rows (from 1) of some arrays stand there with the same value in every column.
    pub(super) fn compare(&self) -> String {
        let mut same = Vec::new();
        for (n, column) in self.columns.iter().enumerate() {
            let equal = if n < self.key {
                "="
            } else {
                "IS NOT DISTINCT FROM"
            };
            same.push(format!("t.\"{}\" {equal} w.c{n}", column.name));
        }
        let fixed = self.fixed.iter();
        same.extend(fixed.map(|(name, value)| format!("t.\"{name}\" = {value}")));
        format!(
            "SELECT w.place FROM unnest({}) WITH ORDINALITY AS w({}, place) JOIN \"{}\" AS t ON {}",
            self.arrays(),
            self.aliases(),
            self.name,
            same.join(" AND "),
        )
    }

    fn arrays(&self) -> String {
        let kinds = self.columns.iter().map(|column| match column.kind {
            Kind::Small => "smallint",
            Kind::Int => "integer",
            Kind::Big => "bigint",
            Kind::Text => "text",
            Kind::Bytes => "bytea",
        });
        let arrays: Vec<String> = (1..)
            .zip(kinds)
            .map(|(n, kind)| format!("${n}::{kind}[]"))
            .collect();
        arrays.join(", ")
    }

    fn aliases(&self) -> String {
        let names: Vec<String> = (0..self.columns.len()).map(|n| format!("c{n}")).collect();
        names.join(", ")
    }
}
